import { MAX_LINE_CHARACTERS, type NumberedLines } from './line-splitter.ts';
import type { RecordBlock, RecordCells } from './quote-records.ts';

export const DELIMITERS = [',', ';', '\t', '|'] as const;

/** Lines of a record with a quoted multi-line value. */
const MAX_RECORD_LINES = 100;

const TOO_LONG_REASON = 'it is longer than 64 KiB';
const MISPLACED_QUOTE_REASON =
  'its quotes do not match: a quoted value begins and ends with ", and a quote inside is written ""';

/** The delimiter candidate that occurs most often in the header line, outside of quotes. */
export function detectDelimiter(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  let best: string = DELIMITERS[0];
  for (const mark of DELIMITERS) if (bare.split(mark).length > bare.split(best).length) best = mark;
  return best;
}

/**
 * Parses lines into records. A quoted value may span several lines if the record then has the expected number of columns.
 * Otherwise only the line with the open quote is rejected; under RFC 4180, it would swallow the rest of the file.
 */
export class CsvRecordParser {
  readonly #delimiter: string;
  /** Expected columns of a multi-line record; undefined: any number. */
  readonly #columnCount: number | undefined;
  /** Lines of a record that may continue in the next block. */
  #pendingLines: string[] = [];

  constructor(delimiter: string, width?: number) {
    this.#delimiter = delimiter;
    this.#columnCount = width;
  }

  push({ first, lines, tooLong }: NumberedLines): RecordBlock {
    return this.#parse(first - this.#pendingLines.length, [...this.#pendingLines.splice(0), ...lines], tooLong, false);
  }

  /** Parses the last lines and the pending ones. */
  finish({ first, lines, tooLong }: NumberedLines): RecordBlock {
    return this.#parse(first - this.#pendingLines.length, [...this.#pendingLines.splice(0), ...lines], tooLong, true);
  }

  #parse(first: number, lines: string[], tooLong: ReadonlySet<number>, isLast: boolean): RecordBlock {
    const records = tooLong.size > 0 ? undefined : parseWholeLines(lines, this.#delimiter);
    if (records) return { lines: records.map((_, i) => first + i), records };
    const found = { lines: [] as number[], records: [] as RecordCells[] };
    for (let i = 0; i < lines.length; ) {
      let taken = 1;
      let cells: RecordCells;
      if (tooLong.has(first + i)) cells = TOO_LONG_REASON;
      else {
        const end = findRecordEnd(lines, i, first, tooLong);
        if (end === undefined && !isLast) {
          this.#pendingLines = lines.slice(i);
          break;
        }
        cells = parseCsvRecord(lines[i]!, this.#delimiter);
        if (end !== undefined && end > i) {
          const long = parseCsvRecord(lines.slice(i, end + 1).join('\n'), this.#delimiter);
          if (typeof long !== 'string' && (this.#columnCount === undefined || long.length === this.#columnCount)) {
            cells = long;
            taken = end - i + 1;
          }
        }
      }
      found.lines.push(first + i);
      found.records.push(cells);
      i += taken;
    }
    return found;
  }
}

/** Fast path: one record per line; undefined if a line is not a complete record. */
function parseWholeLines(lines: readonly string[], delimiter: string): RecordCells[] | undefined {
  const records: RecordCells[] = [];
  for (const line of lines) {
    const cells = line.includes('"') ? parseQuotedCells(line, delimiter) : line.split(delimiter);
    if (typeof cells === 'string') return undefined;
    records.push(cells);
  }
  return records;
}

/**
 * Index of the line that closes all quotes of the record at `from`; `from` itself if none does within the limits; undefined
 * if more lines are needed.
 */
function findRecordEnd(
  lines: readonly string[],
  from: number,
  first: number,
  tooLong: ReadonlySet<number>,
): number | undefined {
  let isOpen = false;
  let size = 0;
  for (let i = from; i < from + MAX_RECORD_LINES; i++) {
    if (i === lines.length) return undefined;
    const line = lines[i]!;
    size += line.length;
    if (tooLong.has(first + i) || (i > from && size > MAX_LINE_CHARACTERS)) return from;
    if (countQuotes(line) % 2 === 1) isOpen = !isOpen;
    if (!isOpen) return i;
  }
  return from;
}

function countQuotes(line: string): number {
  let count = 0;
  for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) count++;
  return count;
}

/** The cells of a record, or why it is invalid. */
export function parseCsvRecord(record: string, delimiter: string): RecordCells {
  return record.includes('"') ? parseQuotedCells(record, delimiter) : record.split(delimiter);
}

/** RFC 4180: a quote opens a value only at its beginning, and a doubled quote inside is a literal one. */
function parseQuotedCells(record: string, delimiter: string): RecordCells {
  const cells: string[] = [];
  for (let from = 0; ; ) {
    let end: number;
    if (record.charCodeAt(from) === 0x22) {
      let close = record.indexOf('"', from + 1);
      while (close >= 0 && record.charCodeAt(close + 1) === 0x22) close = record.indexOf('"', close + 2);
      if (close < 0) return 'a quote is not closed on the line';
      end = close + 1;
      if (end < record.length && !record.startsWith(delimiter, end)) return MISPLACED_QUOTE_REASON;
      cells.push(record.slice(from + 1, close).replaceAll('""', '"'));
    } else {
      const next = record.indexOf(delimiter, from);
      end = next < 0 ? record.length : next;
      const cell = record.slice(from, end);
      if (cell.includes('"')) return MISPLACED_QUOTE_REASON;
      cells.push(cell);
    }
    if (end === record.length) return cells;
    from = end + delimiter.length;
  }
}
