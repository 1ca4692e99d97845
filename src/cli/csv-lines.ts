import { parse } from 'csv-parse/sync';

export const DELIMITERS = [',', ';', '\t', '|'] as const;

/** What separates the columns of a header line: the mark that is in it most often, outside of quotes. */
export function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  let best: string = DELIMITERS[0];
  for (const mark of DELIMITERS) if (bare.split(mark).length > bare.split(best).length) best = mark;
  return best;
}

/** The cells of a line, or why it has none. */
export type Cells = string[] | string;

/**
 * The cells of each line. A line is a record: a quote that is not closed on its line costs that line alone, where
 * RFC 4180 would have it swallow the rest of the file.
 */
export function csvCells(lines: readonly string[], delimiter: string): Cells[] {
  if (!lines.some((line) => line.includes('"'))) return lines.map((line) => line.split(delimiter));
  try {
    const records = parseRecords(lines.join('\n'), delimiter);
    if (records.length === lines.length) return records;
  } catch {
    // One of the lines: it is found when each is read by itself.
  }
  return lines.map((line) => cellsOf(line, delimiter));
}

function cellsOf(line: string, delimiter: string): Cells {
  if (!line.includes('"')) return line.split(delimiter);
  try {
    return parseRecords(line, delimiter)[0] ?? [''];
  } catch (error) {
    return (error as { code?: string }).code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'a quote is opened on the line and not closed on it'
      : 'its quotes do not fit: a quoted value begins and ends with ", and one inside of it is written ""';
  }
}

function parseRecords(text: string, delimiter: string): string[][] {
  return parse(text, { delimiter, record_delimiter: '\n', relax_column_count: true });
}
