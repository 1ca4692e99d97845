import { Failure } from '../domain/failure.ts';
import { readTygiaDatabase } from '../rates/tygia-database.ts';
import type { QuoteLines } from './quote-file.ts';
import type { Series } from './quote-series.ts';

/** It is read as a whole. */
const FILE_BYTES = 256 * 1024 * 1024;

/**
 * Reads quotes out of a database of the gold seed. Its rows are numbered as they stand in the file.
 * @returns how many rows there were
 * @throws Failure INVALID_REQUEST when it is no such file
 */
export async function readTygia(bytes: AsyncIterable<Uint8Array>, to: QuoteLines, now: number): Promise<number> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > FILE_BYTES) throw new Failure('TOO_LARGE', 'The file is larger than 256 MiB. Give it in parts.');
    chunks.push(chunk);
  }
  const series = new Map<string, Series>();
  let rows = 0;
  to.begin(false);
  try {
    for (const day of readTygiaDatabase(Buffer.concat(chunks).toString(), now)) {
      for (const { row, reason } of day.refused) to.bad(row, reason);
      for (const { instrument, market, provider, company, brand, currency, unit, at, buy, sell, id } of day.quotes) {
        const key = [instrument, company, brand].join('\n');
        const own = series.get(key) ?? { instrument, market, provider, company, brand, currency, unit };
        series.set(key, own);
        to.row(rows + 1, own, id === undefined ? [at, buy, sell] : [at, buy, sell, null, id]);
      }
      rows += day.rows;
      await to.ready();
    }
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new Failure('INVALID_REQUEST', `The file is no JSON: ${cause.message}.`, { cause });
  }
  if (rows === 0) {
    throw new Failure(
      'INVALID_REQUEST',
      'The file has no rows of tygia.com: objects with company, type, buy and sell.',
    );
  }
  return rows;
}
