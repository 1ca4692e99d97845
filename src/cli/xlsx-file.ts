import { AppError } from '../domain/app-error.ts';
import { DAY_MS } from '../domain/time.ts';
import type { ImportInput } from './import-input.ts';
import type { AskQuestions } from './import-question.ts';
import { findHeader, type Header, type TableOptions } from './quote-header.ts';
import { isBlankRecord, type QuoteTable, type RecordBlock, type RecordCell, type SampleRow } from './quote-records.ts';
import { excerpt } from './quote-series.ts';
import { EXCEL_EPOCH_MS } from './quote-time.ts';
import { createXmlParser, splitXmlElements, type XmlNode } from './xml-elements.ts';
import { ZipArchive } from './zip-archive.ts';

const MIB = 1024 ** 2;
const MAX_SHEET_BYTES = 1024 * MIB;
const MAX_SHARED_STRINGS_BYTES = 128 * MIB;
const MAX_PART_BYTES = 8 * MIB;
const MAX_SHEETS = 100;
const MAX_COLUMNS = 1000;
const SAMPLE_ROWS = 1000;
/** Rows are parsed in batches of this size, because starting the parser costs more than a row. */
const PARSE_BATCH_CHARACTERS = 64 * 1024;
/** Days from 1899-12-30 to the epoch of workbooks with the 1904 date system. */
const DAYS_TO_1904 = 1462;

const parseWorkbookXml = createXmlParser(['sheet', 'Relationship', 'numFmt', 'xf', 'row', 'c', 'r']);

interface Sheet {
  readonly name: string;
  readonly part: string;
}

interface Workbook {
  readonly parts: ZipArchive;
  readonly sheets: readonly Sheet[];
  readonly sharedStrings: readonly string[];
  /** Whether cells of a style are dates. */
  readonly dateStyles: readonly boolean[];
  readonly is1904: boolean;
}

/**
 * Opens the sheet with quotes. Date cells become `yyyy-mm-dd HH:MM:SS`, times of day `HH:MM:SS`; numbers stay numbers.
 * @param ask chooses the sheet if several may have quotes and none is specified
 * @throws AppError INVALID_REQUEST, TOO_LARGE; USAGE if there is no such sheet
 */
export async function openWorkbook(input: ImportInput, options: TableOptions, ask: AskQuestions): Promise<QuoteTable> {
  const book = await readWorkbook(await ZipArchive.open(input.fd));
  const { sheet: wanted } = options;
  if (book.sheets.length === 0) {
    throw new AppError('INVALID_REQUEST', 'The workbook has no worksheets.');
  }
  const named = book.sheets.filter(({ name }) => wanted === undefined || name === wanted);
  if (named.length === 0) {
    throw new AppError(
      'USAGE',
      `--sheet ${excerpt(wanted ?? '')}: there is no such sheet. The sheets are ${listSheets(book.sheets)}.`,
    );
  }
  const found: { sheet: Sheet; header: Header; sample: SampleRow[] }[] = [];
  for (const sheet of named) {
    const rows: SampleRow[] = [];
    for await (const { lines, records } of readSheetRows(book, sheet)) {
      for (const [i, cells] of records.entries()) {
        if (typeof cells !== 'string' && !isBlankRecord(cells)) rows.push({ line: lines[i]!, cells });
      }
      if (rows.length >= SAMPLE_ROWS) break;
    }
    const header = findHeader(rows, options.map, options.header);
    if (header) found.push({ sheet, header, sample: rows.filter(({ line }) => line > header.line) });
  }
  const [first] = found;
  if (!first) throw new AppError('INVALID_REQUEST', 'The workbook is empty.');
  // Prefer sheets whose columns have names for time and price: notes are sheets, too.
  const withNames = found.filter(({ header }) => header.isNamed);
  const candidates = withNames.length > 0 ? withNames : found;
  let chosen = 0;
  if (candidates.length > 1) {
    const choices = candidates.map(({ sheet, header }) => ({
      flag: `--sheet ${quoteSheetName(sheet.name)}`,
      meaning: `columns ${header.columns.slice(0, 8).map(excerpt).join(', ')}`,
      rows: [],
    }));
    const problem = 'Several sheets of the workbook may contain quotes. Which one should be imported?';
    chosen = (await ask([{ problem, choices }]))[0]!;
  }
  const { sheet, header, sample } = candidates[chosen]!;
  const width = header.columns.length;
  const fitted = (cells: readonly RecordCell[]): readonly RecordCell[] =>
    cells.length < width ? [...cells, ...Array<RecordCell>(width - cells.length).fill('')] : cells;
  return {
    columns: header.columns,
    hasHeader: header.hasHeader,
    recordNoun: 'row',
    sample: sample.map(({ line, cells }) => ({ line, cells: fitted(cells) })),
    async *records() {
      for await (const { lines, records } of readSheetRows(book, sheet)) {
        const from = lines.findIndex((line) => line > header.line);
        if (from < 0) continue;
        yield {
          lines: lines.slice(from),
          records: records
            .slice(from)
            .map((cells) => (typeof cells === 'string' || isBlankRecord(cells) ? cells : fitted(cells))),
        };
      }
    },
  };
}

async function readWorkbook(parts: ZipArchive): Promise<Workbook> {
  if (!parts.has('xl/workbook.xml')) {
    throw new AppError('INVALID_REQUEST', 'The file is a ZIP archive, but not an Excel workbook. Extract it first.');
  }
  const node = toNode(parseWorkbookXml(await parts.text('xl/workbook.xml', MAX_PART_BYTES)).workbook);
  const targets = new Map<string, string>();
  const relations = parts.has('xl/_rels/workbook.xml.rels')
    ? parseWorkbookXml(await parts.text('xl/_rels/workbook.xml.rels', MAX_PART_BYTES))
    : {};
  for (const each of toNodes(toNode(relations.Relationships).Relationship)) {
    const target = nodeText(each['@Target']);
    targets.set(nodeText(each['@Id']), target.startsWith('/') ? target.slice(1) : `xl/${target}`);
  }
  const sheets = toNodes(toNode(node.sheets).sheet)
    .slice(0, MAX_SHEETS)
    .map((each) => ({ name: nodeText(each['@name']), part: targets.get(nodeText(each['@id'])) ?? '' }))
    .filter(({ part }) => /worksheets\//.test(part) && parts.has(part));
  const is1904 = /^(1|true)$/.test(nodeText(toNode(node.workbookPr)['@date1904']));
  return {
    parts,
    sheets,
    sharedStrings: parts.has('xl/sharedStrings.xml') ? await readSharedStrings(parts) : [],
    dateStyles: parts.has('xl/styles.xml') ? await readDateStyles(parts) : [],
    is1904,
  };
}

async function readSharedStrings(parts: ZipArchive): Promise<string[]> {
  const texts: string[] = [];
  const bytes = parts.read('xl/sharedStrings.xml', MAX_SHARED_STRINGS_BYTES);
  for await (const piece of splitXmlElements(bytes, /<(?:\w+:)?si[\s>/]/, /<\/(?:\w+:)?si>/)) {
    // Self-closing empty elements are part of the text before the next non-empty one.
    const all = parseWorkbookXml(piece).si;
    for (const each of Array.isArray(all) ? all : [all]) texts.push(richText(each));
  }
  return texts;
}

/** The text of an element with `t`, or with several text runs. */
function richText(node: unknown): string {
  const { t, r } = toNode(node);
  if (t !== undefined) return nodeText(t);
  return toNodes(r)
    .map((run) => nodeText(run.t))
    .join('');
}

/** Built-in date and time formats, which workbooks do not define. */
function isBuiltInDate(id: number): boolean {
  return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

async function readDateStyles(parts: ZipArchive): Promise<boolean[]> {
  const sheet = toNode(parseWorkbookXml(await parts.text('xl/styles.xml', MAX_PART_BYTES)).styleSheet);
  const own = new Map<number, boolean>();
  for (const each of toNodes(toNode(sheet.numFmts).numFmt)) {
    // Quoted, bracketed and backslash-escaped text is literal; bracketed h:mm is a duration.
    const code = nodeText(each['@formatCode']).replace(/"[^"]*"|\[[^\]]*\]|\\./g, '');
    own.set(Number(each['@numFmtId']), /[dmyhs]/i.test(code) && !/general/i.test(code));
  }
  return toNodes(toNode(sheet.cellXfs).xf).map((each) => {
    const id = Number(each['@numFmtId']);
    return own.get(id) ?? isBuiltInDate(id);
  });
}

/** All rows of a sheet with Excel's row numbers. */
async function* readSheetRows(book: Workbook, sheet: Sheet): AsyncGenerator<RecordBlock> {
  const bytes = book.parts.read(sheet.part, MAX_SHEET_BYTES);
  let lines: number[] = [];
  let records: (readonly RecordCell[])[] = [];
  let last = 0;
  const add = (text: string, count: number): void => {
    const rows = toNodes(parseWorkbookXml(text).row);
    if (rows.length < count) {
      throw new AppError('INVALID_REQUEST', 'The workbook is corrupt: it has incomplete rows. Save it again.');
    }
    for (const row of rows) {
      const number = Number(row['@r'] ?? last + 1);
      last = Number.isSafeInteger(number) && number > last ? number : last + 1;
      lines.push(last);
      records.push(readRowCells(book, row));
    }
  };
  let held = '';
  let count = 0;
  for await (const piece of splitXmlElements(bytes, /<(?:\w+:)?row[\s>]/, /<\/(?:\w+:)?row>/)) {
    held += piece;
    count++;
    if (held.length < PARSE_BATCH_CHARACTERS) continue;
    add(held, count);
    [held, count] = ['', 0];
    yield { lines, records };
    [lines, records] = [[], []];
  }
  add(held, count);
  yield { lines, records };
}

function readRowCells(book: Workbook, row: XmlNode): RecordCell[] {
  const cells: RecordCell[] = [];
  for (const node of toNodes(row.c)) {
    const index = columnIndexOf(nodeText(node['@r'])) ?? cells.length;
    if (index >= MAX_COLUMNS) break;
    while (cells.length < index) cells.push('');
    cells[index] = readCell(book, node);
  }
  return cells;
}

/** `B3` is 1. */
function columnIndexOf(reference: string): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(reference)?.[0];
  if (letters === undefined) return undefined;
  let index = 0;
  for (const letter of letters) index = index * 26 + letter.charCodeAt(0) - 64;
  return index - 1;
}

function readCell({ sharedStrings, dateStyles, is1904 }: Workbook, node: XmlNode): RecordCell {
  const value = nodeText(node.v);
  switch (node['@t']) {
    case 's':
      return sharedStrings[Number(value)] ?? '';
    case 'inlineStr':
      return richText(node.is);
    case 'str':
    case 'd':
      return value;
    case 'b':
    case 'e':
      return '';
  }
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number)) return '';
  if (dateStyles[Number(node['@s'] ?? -1)] !== true) return number;
  return formatDateCell(number, is1904);
}

/** The date or time of day for an Excel day number. */
function formatDateCell(value: number, is1904: boolean): RecordCell {
  const ms = EXCEL_EPOCH_MS + Math.round((value + (is1904 ? DAYS_TO_1904 : 0)) * 86_400) * 1000;
  if (!(value >= 0 && Math.abs(ms) < 8e14)) return value;
  const [day, time] = new Date(ms).toISOString().slice(0, 19).split('T') as [string, string];
  if (value < 1) return time;
  return ms % DAY_MS === 0 ? day : `${day} ${time}`;
}

function toNode(value: unknown): XmlNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as XmlNode) : {};
}

function toNodes(value: unknown): XmlNode[] {
  return Array.isArray(value) ? value.map(toNode) : [];
}

/** The text of an attribute or an element, which may have attributes. */
function nodeText(value: unknown): string {
  if (typeof value === 'string') return value;
  const text = toNode(value)['#text'];
  return typeof text === 'string' ? text : '';
}

function listSheets(sheets: readonly Sheet[]): string {
  return sheets.map(({ name }) => quoteSheetName(name)).join(', ');
}

function quoteSheetName(name: string): string {
  return `"${excerpt(name)}"`;
}
