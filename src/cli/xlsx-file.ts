import { Failure } from '../domain/failure.ts';
import type { Ask } from './import-question.ts';
import type { Input } from './input.ts';
import { findHeader, type Header, type TableOptions } from './quote-header.ts';
import { type Cell, isBlankRecord, type QuoteTable, type RecordBlock, type SampleRow } from './quote-records.ts';
import { shown } from './quote-series.ts';
import { EXCEL_DAY_0_MS } from './quote-time.ts';
import { type XmlNode, xmlPieces, xmlReader } from './xml-pieces.ts';
import { ZipParts } from './zip-file.ts';

const MIB = 1024 ** 2;
const MAX_SHEET_BYTES = 1024 * MIB;
const MAX_TEXTS_BYTES = 128 * MIB;
const MAX_PART_BYTES = 8 * MIB;
const MAX_SHEETS = 100;
const MAX_COLUMNS = 1000;
const SAMPLE_ROWS = 1000;
/** Rows are parsed together until they have as many: to begin anew costs more than a row. */
const PARSED_CHARACTERS = 64 * 1024;
/** Days between 1899-12-30 and the first one of workbooks that count from 1904. */
const DAYS_TO_1904 = 1462;
const DAY_MS = 86_400_000;

const read = xmlReader(['sheet', 'Relationship', 'numFmt', 'xf', 'row', 'c', 'r']);

interface Sheet {
  readonly name: string;
  readonly part: string;
}

interface Workbook {
  readonly parts: ZipParts;
  readonly sheets: readonly Sheet[];
  readonly texts: readonly string[];
  /** Whether cells of a style are dates. */
  readonly dateStyles: readonly boolean[];
  readonly is1904: boolean;
}

/**
 * Opens the sheet of a workbook that has quotes. Cells that are dates become `yyyy-mm-dd HH:MM:SS`, times of day
 * `HH:MM:SS`; numbers stay numbers.
 * @param ask which sheet, where several may have quotes and none is named
 * @throws Failure INVALID_REQUEST, TOO_LARGE; USAGE when there is no such sheet
 */
export async function openWorkbook(input: Input, options: TableOptions, ask: Ask): Promise<QuoteTable> {
  const book = await readWorkbook(await ZipParts.open(input.fd));
  const { sheet: wanted } = options;
  if (book.sheets.length === 0) {
    throw new Failure('INVALID_REQUEST', 'The workbook has no sheet of cells: there is no quote in it.');
  }
  const named = book.sheets.filter(({ name }) => wanted === undefined || name === wanted);
  if (named.length === 0) {
    throw new Failure('USAGE', `--sheet ${shown(wanted ?? '')}: the workbook has ${listed(book.sheets)}.`);
  }
  const found: { sheet: Sheet; header: Header; sample: SampleRow[] }[] = [];
  for (const sheet of named) {
    const rows: SampleRow[] = [];
    for await (const { lines, records } of rowsOf(book, sheet)) {
      for (const [i, cells] of records.entries()) {
        if (typeof cells !== 'string' && !isBlankRecord(cells)) rows.push({ line: lines[i]!, cells });
      }
      if (rows.length >= SAMPLE_ROWS) break;
    }
    const header = findHeader(rows, options.map, options.header);
    if (header) found.push({ sheet, header, sample: rows.filter(({ line }) => line > header.line) });
  }
  const [first] = found;
  if (!first) throw new Failure('INVALID_REQUEST', 'The workbook is empty: there is no quote in it.');
  // Sheets of notes have cells, too: the ones with a time and a price by name come first.
  const withNames = found.filter(({ header }) => header.isNamed);
  const candidates = withNames.length > 0 ? withNames : found;
  let chosen = 0;
  if (candidates.length > 1) {
    const choices = candidates.map(({ sheet, header }) => ({
      flag: `--sheet ${quoted(sheet.name)}`,
      meaning: `columns ${header.columns.slice(0, 8).map(shown).join(', ')}`,
      rows: [],
    }));
    const problem = 'Several sheets of the workbook may have the quotes: which one is it?';
    chosen = (await ask([{ problem, choices }]))[0]!;
  }
  const { sheet, header, sample } = candidates[chosen]!;
  const width = header.columns.length;
  const fitted = (cells: readonly Cell[]): readonly Cell[] =>
    cells.length < width ? [...cells, ...Array<Cell>(width - cells.length).fill('')] : cells;
  return {
    columns: header.columns,
    hasHeader: header.hasHeader,
    counts: 'row',
    sample: sample.map(({ line, cells }) => ({ line, cells: fitted(cells) })),
    async *records() {
      for await (const { lines, records } of rowsOf(book, sheet)) {
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

async function readWorkbook(parts: ZipParts): Promise<Workbook> {
  if (!parts.has('xl/workbook.xml')) {
    throw new Failure('INVALID_REQUEST', 'The file is a ZIP archive and no Excel workbook: unpack it first.');
  }
  const node = nodeOf(read(await parts.text('xl/workbook.xml', MAX_PART_BYTES)).workbook);
  const targets = new Map<string, string>();
  const relations = parts.has('xl/_rels/workbook.xml.rels')
    ? read(await parts.text('xl/_rels/workbook.xml.rels', MAX_PART_BYTES))
    : {};
  for (const each of nodesOf(nodeOf(relations.Relationships).Relationship)) {
    const target = textOf(each['@Target']);
    targets.set(textOf(each['@Id']), target.startsWith('/') ? target.slice(1) : `xl/${target}`);
  }
  const sheets = nodesOf(nodeOf(node.sheets).sheet)
    .slice(0, MAX_SHEETS)
    .map((each) => ({ name: textOf(each['@name']), part: targets.get(textOf(each['@id'])) ?? '' }))
    .filter(({ part }) => /worksheets\//.test(part) && parts.has(part));
  const is1904 = /^(1|true)$/.test(textOf(nodeOf(node.workbookPr)['@date1904']));
  return {
    parts,
    sheets,
    texts: parts.has('xl/sharedStrings.xml') ? await readTexts(parts) : [],
    dateStyles: parts.has('xl/styles.xml') ? await readDateStyles(parts) : [],
    is1904,
  };
}

async function readTexts(parts: ZipParts): Promise<string[]> {
  const texts: string[] = [];
  const bytes = parts.read('xl/sharedStrings.xml', MAX_TEXTS_BYTES);
  for await (const piece of xmlPieces(bytes, /<(?:\w+:)?si[\s>/]/, /<\/(?:\w+:)?si>/)) {
    // Empty ones close themselves, and stand in front of the next that does not.
    const all = read(piece).si;
    for (const each of Array.isArray(all) ? all : [all]) texts.push(richText(each));
  }
  return texts;
}

/** The text of an element with `t`, or with several runs of it. */
function richText(node: unknown): string {
  const { t, r } = nodeOf(node);
  if (t !== undefined) return textOf(t);
  return nodesOf(r)
    .map((run) => textOf(run.t))
    .join('');
}

/** Formats that are dates or times without being spelt out in the workbook. */
function isBuiltInDate(id: number): boolean {
  return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

async function readDateStyles(parts: ZipParts): Promise<boolean[]> {
  const sheet = nodeOf(read(await parts.text('xl/styles.xml', MAX_PART_BYTES)).styleSheet);
  const own = new Map<number, boolean>();
  for (const each of nodesOf(nodeOf(sheet.numFmts).numFmt)) {
    // What is in quotes, in brackets or behind a backslash is shown as it is; h:mm in brackets is a duration.
    const code = textOf(each['@formatCode']).replace(/"[^"]*"|\[[^\]]*\]|\\./g, '');
    own.set(Number(each['@numFmtId']), /[dmyhs]/i.test(code) && !/general/i.test(code));
  }
  return nodesOf(nodeOf(sheet.cellXfs).xf).map((each) => {
    const id = Number(each['@numFmtId']);
    return own.get(id) ?? isBuiltInDate(id);
  });
}

/** All rows of a sheet, numbered as Excel does. */
async function* rowsOf(book: Workbook, sheet: Sheet): AsyncGenerator<RecordBlock> {
  const bytes = book.parts.read(sheet.part, MAX_SHEET_BYTES);
  let lines: number[] = [];
  let records: (readonly Cell[])[] = [];
  let last = 0;
  const add = (text: string, count: number): void => {
    const rows = nodesOf(read(text).row);
    if (rows.length < count) {
      throw new Failure('INVALID_REQUEST', 'Rows of the workbook are not whole: it is damaged. Save it again.');
    }
    for (const row of rows) {
      const number = Number(row['@r'] ?? last + 1);
      last = Number.isSafeInteger(number) && number > last ? number : last + 1;
      lines.push(last);
      records.push(cellsOf(book, row));
    }
  };
  let held = '';
  let count = 0;
  for await (const piece of xmlPieces(bytes, /<(?:\w+:)?row[\s>]/, /<\/(?:\w+:)?row>/)) {
    held += piece;
    count++;
    if (held.length < PARSED_CHARACTERS) continue;
    add(held, count);
    [held, count] = ['', 0];
    yield { lines, records };
    [lines, records] = [[], []];
  }
  add(held, count);
  yield { lines, records };
}

function cellsOf(book: Workbook, row: XmlNode): Cell[] {
  const cells: Cell[] = [];
  for (const node of nodesOf(row.c)) {
    const place = placeOf(textOf(node['@r'])) ?? cells.length;
    if (place >= MAX_COLUMNS) break;
    while (cells.length < place) cells.push('');
    cells[place] = cellOf(book, node);
  }
  return cells;
}

/** `B3` is 1. */
function placeOf(reference: string): number | undefined {
  const letters = /^[A-Z]{1,3}/.exec(reference)?.[0];
  if (letters === undefined) return undefined;
  let place = 0;
  for (const letter of letters) place = place * 26 + letter.charCodeAt(0) - 64;
  return place - 1;
}

function cellOf({ texts, dateStyles, is1904 }: Workbook, node: XmlNode): Cell {
  const value = textOf(node.v);
  switch (node['@t']) {
    case 's':
      return texts[Number(value)] ?? '';
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
  return dateText(number, is1904);
}

/** A day number as the date or the time of day that Excel shows. */
function dateText(value: number, is1904: boolean): Cell {
  const ms = EXCEL_DAY_0_MS + Math.round((value + (is1904 ? DAYS_TO_1904 : 0)) * 86_400) * 1000;
  if (!(value >= 0 && Math.abs(ms) < 8e14)) return value;
  const [day, time] = new Date(ms).toISOString().slice(0, 19).split('T') as [string, string];
  if (value < 1) return time;
  return ms % DAY_MS === 0 ? day : `${day} ${time}`;
}

function nodeOf(value: unknown): XmlNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as XmlNode) : {};
}

function nodesOf(value: unknown): XmlNode[] {
  return Array.isArray(value) ? value.map(nodeOf) : [];
}

/** The text of an element or an attribute, with or without attributes of its own. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const text = nodeOf(value)['#text'];
  return typeof text === 'string' ? text : '';
}

function listed(sheets: readonly Sheet[]): string {
  return sheets.map(({ name }) => quoted(name)).join(', ');
}

function quoted(name: string): string {
  return `"${shown(name)}"`;
}
