import { parse } from 'csv-parse/sync';
import { sanitizeText } from '../domain/text.ts';
import { ResponseFormatError } from './provider.ts';
import { prepareCsvBody } from './response-body.ts';

const MAX_COLUMNS = 1000;
const MAX_LINE_CHARACTERS = 64 * 1024;
const DELIMITERS = [',', ';', '\t', '|'] as const;

/** A row by column name, or why it cannot be parsed. */
export type CsvRow = Readonly<Record<string, string>> | ResponseFormatError;

/**
 * Parses CSV with a header line; the delimiter is the candidate that occurs most often in that line. A row with more or
 * fewer cells than the header is an error, because its columns cannot be identified.
 * @throws ResponseFormatError
 */
export function parseCsvRows(body: string, maxRows: number): CsvRow[] {
  const text = prepareCsvBody(body);
  const lines = text.split(/\r\n?|\n/);
  if (lines.some(({ length }) => length > MAX_LINE_CHARACTERS)) {
    throw new ResponseFormatError('body', `at most ${MAX_LINE_CHARACTERS} characters in a line`);
  }
  const [names = [], ...rows] = parseRecords(text, detectDelimiter(lines[0]!), maxRows + 2);
  if (names.length > MAX_COLUMNS) throw new ResponseFormatError('body', `at most ${MAX_COLUMNS} columns`);
  if (rows.length > maxRows) throw new ResponseFormatError('body', `at most ${maxRows} rows`);
  const twice = names.find((name, column) => name !== '' && names.indexOf(name) !== column);
  if (twice !== undefined) {
    throw new ResponseFormatError('body', `unique column names, not "${sanitizeText(twice.slice(0, 60))}" twice`);
  }
  return rows.map((cells, row) =>
    cells.length === names.length
      ? Object.fromEntries(names.map((name, column) => [name, cells[column]!]))
      : new ResponseFormatError(`row ${row + 1}`, `${names.length} cells, not ${cells.length}`),
  );
}

function detectDelimiter(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  let best: string = DELIMITERS[0];
  for (const mark of DELIMITERS) if (bare.split(mark).length > bare.split(best).length) best = mark;
  return best;
}

function parseRecords(text: string, delimiter: string, most: number): string[][] {
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
    throw new ResponseFormatError(
      'body',
      `CSV with paired quotes and rows of bounded length (${code ?? 'unknown error'})`,
    );
  }
}
