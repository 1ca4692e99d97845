import { Failure } from '../domain/failure.ts';
import { MAX_ALIAS_LENGTH, type QuoteDraft } from '../domain/quote.ts';
import { readTygiaDatabase, type TygiaDatabase } from '../rates/tygia-database.ts';
import type { QuoteLines } from './quote-file.ts';
import type { Series } from './quote-series.ts';

/** It is read as a whole. */
const FILE_BYTES = 256 * 1024 * 1024;

/** Quotes that are handed over before the next ones wait for the daemon. */
const AT_ONCE = 500;

/** How many rows there were, and how many of them were passed over, by reason. */
export interface TygiaRows {
  readonly rows: number;
  readonly skipped: ReadonlyMap<string, number>;
}

/**
 * Reads quotes out of a database of tygia.com's answers. Its rows are numbered as they stand in the file.
 * @param options.coins whether to take its coins as well
 * @throws Failure INVALID_REQUEST when it is no such file
 */
export async function readTygia(
  bytes: AsyncIterable<Uint8Array>,
  to: QuoteLines,
  now: number,
  options: { readonly coins: boolean },
): Promise<TygiaRows> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > FILE_BYTES) throw new Failure('TOO_LARGE', 'The file is larger than 256 MiB. Give it in parts.');
    chunks.push(chunk);
  }
  const { rows, quotes, refused, skipped } = read(Buffer.concat(chunks).toString(), now, options);
  if (rows === 0) {
    throw new Failure(
      'INVALID_REQUEST',
      'The file has no rows of tygia.com: objects with company, type, buy and sell.',
    );
  }
  to.begin(false);
  for (const { row, reason } of refused) to.bad(row, reason);
  const known = new Map<string, Series>();
  for (const [i, { row, quote, checkedAt }] of quotes.entries()) {
    const { at, buy, sell, id } = quote;
    const checked = checkedAt === at ? null : checkedAt;
    to.row(row, seriesOf(quote, known), id === undefined ? [at, buy, sell, checked] : [at, buy, sell, checked, id]);
    if (i % AT_ONCE === AT_ONCE - 1) await to.ready();
  }
  return { rows, skipped };
}

function read(...args: Parameters<typeof readTygiaDatabase>): TygiaDatabase {
  try {
    return readTygiaDatabase(...args);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new Failure('INVALID_REQUEST', `The file is no JSON: ${cause.message}.`, { cause });
  }
}

/** The series of a quote: one object for all that have the same one and the same aliases. */
function seriesOf(quote: QuoteDraft, known: Map<string, Series>): Series {
  const { instrument, market, provider, company, brand, currency, unit, aliases = [] } = quote;
  const key = JSON.stringify([instrument, company, brand, aliases]);
  const own = known.get(key) ?? {
    ...{ instrument, market, provider, company, brand, currency, unit },
    aliases: aliases.filter(({ length }) => length <= MAX_ALIAS_LENGTH),
  };
  known.set(key, own);
  return own;
}
