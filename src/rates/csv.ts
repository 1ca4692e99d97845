import { parse } from 'csv-parse/sync';
import { plain } from '../domain/fold.ts';
import { csvText } from './body.ts';
import { BodyError } from './provider.ts';

const MAX_COLUMNS = 1000;
const MAX_LINE_CHARACTERS = 64 * 1024;
const DELIMITERS = [',', ';', '\t', '|'] as const;

/** A row by the names of its columns, or why it is none. */
export type CsvRow = Readonly<Record<string, string>> | BodyError;

/**
 * The rows of a body that should be CSV, by the names in its first line; what separates columns is the mark that is
 * in that line most often. A row with fewer or more cells does not fit: which of them is which cannot be told.
 * @throws BodyError
 */
export function csvRows(body: string, maxRows: number): CsvRow[] {
  const text = csvText(body);
  const lines = text.split(/\r\n?|\n/);
  if (lines.some(({ length }) => length > MAX_LINE_CHARACTERS)) {
    throw new BodyError('body', `at most ${MAX_LINE_CHARACTERS} characters in a line`);
  }
  const [names = [], ...rows] = recordsOf(text, delimiterOf(lines[0]!), maxRows + 2);
  if (names.length > MAX_COLUMNS) throw new BodyError('body', `at most ${MAX_COLUMNS} columns`);
  if (rows.length > maxRows) throw new BodyError('body', `at most ${maxRows} rows`);
  const twice = names.find((name, column) => name !== '' && names.indexOf(name) !== column);
  if (twice !== undefined) {
    throw new BodyError('body', `another name for each column, not "${plain(twice.slice(0, 60))}" twice`);
  }
  return rows.map((cells, row) =>
    cells.length === names.length
      ? Object.fromEntries(names.map((name, column) => [name, cells[column]!]))
      : new BodyError(`row ${row + 1}`, `${names.length} cells, not ${cells.length}`),
  );
}

function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  let best: string = DELIMITERS[0];
  for (const mark of DELIMITERS) if (bare.split(mark).length > bare.split(best).length) best = mark;
  return best;
}

function recordsOf(text: string, delimiter: string, most: number): string[][] {
  try {
    return parse(text, {
      delimiter,
      to: most,
      max_record_size: MAX_LINE_CHARACTERS,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      relax_quotes: true,
    });
  } catch (thrown) {
    const { code } = thrown as { code?: unknown };
    throw new BodyError('body', `CSV, with quotes in pairs and rows of bounded length (${code ?? 'unknown error'})`);
  }
}
