import { type Lines, MAX_LINE_CHARACTERS } from './line-cutter.ts';
import type { Cells, RecordBlock } from './quote-records.ts';

export const DELIMITERS = [',', ';', '\t', '|'] as const;

/** How many lines a record may have: a quoted note with line breaks in it. */
const MAX_RECORD_LINES = 100;

const TOO_LONG = 'it is longer than 64 KiB';
const MISPLACED_QUOTE =
  'its quotes do not fit: a quoted value begins and ends with ", and one inside of it is written ""';

/** What separates the columns of a header line: the mark that is in it most often, outside of quotes. */
export function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  let best: string = DELIMITERS[0];
  for (const mark of DELIMITERS) if (bare.split(mark).length > bare.split(best).length) best = mark;
  return best;
}

/**
 * Makes records of lines. A quoted value may go on for some lines, if its record then has the columns of the others;
 * else the quote costs the line alone that opens it, where RFC 4180 would have it swallow the rest of the file.
 */
export class CsvRecords {
  readonly #delimiter: string;
  /** Columns of a record of several lines; undefined: any number. */
  readonly #width: number | undefined;
  /** Lines of a record that may go on in the next block. */
  #held: string[] = [];

  constructor(delimiter: string, width?: number) {
    this.#delimiter = delimiter;
    this.#width = width;
  }

  push({ first, lines, tooLong }: Lines): RecordBlock {
    return this.#records(first - this.#held.length, [...this.#held.splice(0), ...lines], tooLong, false);
  }

  /** What is left. @param lines the last ones */
  end({ first, lines, tooLong }: Lines): RecordBlock {
    return this.#records(first - this.#held.length, [...this.#held.splice(0), ...lines], tooLong, true);
  }

  #records(first: number, lines: string[], tooLong: ReadonlySet<number>, isLast: boolean): RecordBlock {
    const records = tooLong.size > 0 ? undefined : wholeLines(lines, this.#delimiter);
    if (records) return { lines: records.map((_, i) => first + i), records };
    const found = { lines: [] as number[], records: [] as Cells[] };
    for (let i = 0; i < lines.length; ) {
      let taken = 1;
      let cells: Cells;
      if (tooLong.has(first + i)) cells = TOO_LONG;
      else {
        const end = endOfRecord(lines, i, first, tooLong);
        if (end === undefined && !isLast) {
          this.#held = lines.slice(i);
          break;
        }
        cells = cellsOf(lines[i]!, this.#delimiter);
        if (end !== undefined && end > i) {
          const long = cellsOf(lines.slice(i, end + 1).join('\n'), this.#delimiter);
          if (typeof long !== 'string' && (this.#width === undefined || long.length === this.#width)) {
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

/** The records of lines each of which is one; undefined where one is not. */
function wholeLines(lines: readonly string[], delimiter: string): Cells[] | undefined {
  const records: Cells[] = [];
  for (const line of lines) {
    const cells = line.includes('"') ? quotedCells(line, delimiter) : line.split(delimiter);
    if (typeof cells === 'string') return undefined;
    records.push(cells);
  }
  return records;
}

/**
 * The place of the line that closes every quote of the record that begins at `from`: `from` itself where none does within
 * the limits; undefined where the lines that are here do not tell.
 */
function endOfRecord(
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
    if (quotesOf(line) % 2 === 1) isOpen = !isOpen;
    if (!isOpen) return i;
  }
  return from;
}

function quotesOf(line: string): number {
  let count = 0;
  for (let at = line.indexOf('"'); at >= 0; at = line.indexOf('"', at + 1)) count++;
  return count;
}

/** The cells of a record, or why it has none. */
export function cellsOf(record: string, delimiter: string): Cells {
  return record.includes('"') ? quotedCells(record, delimiter) : record.split(delimiter);
}

/** RFC 4180: a quote opens a value at its beginning only, and a doubled one inside stands for itself. */
function quotedCells(record: string, delimiter: string): Cells {
  const cells: string[] = [];
  for (let from = 0; ; ) {
    let end: number;
    if (record.charCodeAt(from) === 0x22) {
      let close = record.indexOf('"', from + 1);
      while (close >= 0 && record.charCodeAt(close + 1) === 0x22) close = record.indexOf('"', close + 2);
      if (close < 0) return 'a quote is opened on the line and not closed on it';
      end = close + 1;
      if (end < record.length && !record.startsWith(delimiter, end)) return MISPLACED_QUOTE;
      cells.push(record.slice(from + 1, close).replaceAll('""', '"'));
    } else {
      const next = record.indexOf(delimiter, from);
      end = next < 0 ? record.length : next;
      const cell = record.slice(from, end);
      if (cell.includes('"')) return MISPLACED_QUOTE;
      cells.push(cell);
    }
    if (end === record.length) return cells;
    from = end + delimiter.length;
  }
}
