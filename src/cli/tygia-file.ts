import { AppError } from '../domain/app-error.ts';
import { MAX_ALIAS_LENGTH, type NewQuote } from '../domain/quote.ts';
import { readTygiaDatabase, type TygiaDatabase } from '../rates/tygia-database.ts';
import type { QuoteConsumer } from './quote-file-reader.ts';
import type { ImportSeries } from './quote-series.ts';

/** The file is read into memory. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Quotes that are sent between two checks of back-pressure. */
const QUOTES_PER_PAUSE = 500;

/** The number of rows, and of skipped rows by reason. */
export interface TygiaRows {
  readonly rows: number;
  readonly skipped: ReadonlyMap<string, number>;
}

/**
 * Reads the quotes of a database of tygia.com responses. Rows are numbered in file order.
 * @param options.coins whether to include coins
 * @throws AppError INVALID_REQUEST for other files
 */
export async function readTygiaFile(
  bytes: AsyncIterable<Uint8Array>,
  consumer: QuoteConsumer,
  now: number,
  options: { readonly coins: boolean },
): Promise<TygiaRows> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw new AppError('TOO_LARGE', 'The file is larger than 256 MiB. Split it.');
    chunks.push(chunk);
  }
  const { rows, quotes, refused, skipped } = parseTygiaDatabase(Buffer.concat(chunks).toString(), now, options);
  if (rows === 0) {
    throw new AppError(
      'INVALID_REQUEST',
      'The file contains no tygia.com rows (objects with company, type, buy and sell).',
    );
  }
  consumer.begin(false);
  for (const { row, reason } of refused) consumer.addRejected(row, reason);
  const known = new Map<string, ImportSeries>();
  for (const [i, { row, quote, checkedAt }] of quotes.entries()) {
    const { at, buy, sell, id } = quote;
    const checked = checkedAt === at ? null : checkedAt;
    consumer.addQuote(
      row,
      sharedSeries(quote, known),
      id === undefined ? [at, buy, sell, checked] : [at, buy, sell, checked, id],
    );
    if (i % QUOTES_PER_PAUSE === QUOTES_PER_PAUSE - 1) await consumer.waitUntilReady();
  }
  return { rows, skipped };
}

function parseTygiaDatabase(...args: Parameters<typeof readTygiaDatabase>): TygiaDatabase {
  try {
    return readTygiaDatabase(...args);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new AppError('INVALID_REQUEST', `The file is not valid JSON: ${cause.message}.`, { cause });
  }
}

/** Quotes with the same series and aliases share one object. */
function sharedSeries(quote: NewQuote, known: Map<string, ImportSeries>): ImportSeries {
  const { instrument, market, provider, company, brand, currency, unit, aliases = [] } = quote;
  const key = JSON.stringify([instrument, company, brand, aliases]);
  const own = known.get(key) ?? {
    ...{ instrument, market, provider, company, brand, currency, unit },
    aliases: aliases.filter(({ length }) => length <= MAX_ALIAS_LENGTH),
  };
  known.set(key, own);
  return own;
}
