import { type DatedNewQuote, hasSamePrice, seriesId } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';
import { goldQuote, withAliases, worldGoldQuote } from './gold-quotes.ts';
import { ResponseFormatError } from './provider.ts';
import { convertToTaels, findBarPrice, readTygiaRow, type SkipReason, type TygiaRow } from './providers/tygia.ts';
import { BodyField } from './response-body.ts';
import { type CoinNames, collectCoinNames, isNotInUsd, readCoin } from './tygia-coins.ts';

/** A quote of a database and the number of its row, from 1. */
export interface TygiaQuote {
  readonly row: number;
  readonly quote: DatedNewQuote;
  /** When its list was created, if known: the price was valid until then. */
  readonly checkedAt: EpochMs;
}

/** The contents of a database: every row is in one of the three. */
export interface TygiaDatabase {
  readonly rows: number;
  readonly quotes: readonly TygiaQuote[];
  readonly refused: readonly { readonly row: number; readonly reason: string }[];
  /** Number of valid rows that were skipped, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
}

type JsonObject = Readonly<Record<string, unknown>>;

interface DatabaseRow {
  readonly number: number;
  readonly value: JsonObject;
  /** When the enclosing list was created, if it says so. */
  readonly listTime: unknown;
}

/** Responses are lists of objects of lists: there are no rows deeper than this. */
const MAX_DEPTH = 8;
/** Path prefix of a row in errors; the row number replaces it. */
const ROW_PATH = 'row';

const SKIP_REASONS: Readonly<Record<SkipReason, string>> = {
  coin: 'coin: excluded on request',
  oil: 'oil: not a supported market',
  silver: 'silver: not a supported market',
  'unknown kind': 'name not recognized as gold',
  'no price': 'no price (0.00)',
  'no time': 'time before 2000 or in the future',
};
const NOT_USD_REASON = 'coin: not in USD, judging by its gold tokens';
const DUPLICATE_REASON = 'duplicate of an earlier row';

/**
 * Reads a database of a legacy gold program: responses of tygia.com or their rows, nested in lists and objects in any way.
 * Rows are grouped by day, because the price of a bar determines the unit of the other rows of its day.
 * @param options.coins whether to include coins
 * @throws SyntaxError if it is not JSON
 */
export function readTygiaDatabase(text: string, now: EpochMs, { coins = true } = {}): TygiaDatabase {
  const days = new Map<string, DatabaseRow[]>();
  let number = 0;
  for (const { value, listTime } of findDatabaseRows(JSON.parse(text.replace(/^\ufeff/, '')), MAX_DEPTH)) {
    const day = rowDay(value);
    const row = { number: ++number, value, listTime };
    const rows = days.get(day);
    if (rows) rows.push(row);
    else days.set(day, [row]);
  }
  const reader = new DatabaseReader(now, coins ? collectCoinNames(rowValues(days.values())) : undefined);
  for (const rows of days.values()) reader.read(rows);
  return { rows: number, ...reader.finish() };
}

class DatabaseReader {
  readonly #now: EpochMs;
  /** Undefined if coins are excluded. */
  readonly #coinNames: CoinNames | undefined;
  readonly #quotes = new Map<string, TygiaQuote>();
  readonly #refused: { row: number; reason: string }[] = [];
  readonly #skipped = new Map<string, number>();

  constructor(now: EpochMs, names: CoinNames | undefined) {
    this.#now = now;
    this.#coinNames = names;
  }

  read(rows: readonly DatabaseRow[]): void {
    const gold = new Map<TygiaRow, number>();
    const coins = new Map<DatedNewQuote, number>();
    for (const { number, value } of rows) {
      this.#rejectFormatErrors(number, () => {
        const field = new BodyField(value, ROW_PATH);
        const row = readTygiaRow(field, this.#now, 'history');
        const coin = row === 'coin' && this.#coinNames ? readCoin(field, this.#coinNames, this.#now) : row;
        if (typeof coin === 'string') this.#skip(SKIP_REASONS[coin]);
        else if ('field' in coin) gold.set(coin, number);
        else coins.set(coin, number);
      });
    }
    const quotes = this.#convertToTaels(gold);
    const spot = quotes.find(({ quote }) => quote.instrument === 'XAU')?.quote;
    if (isNotInUsd(coins.keys(), spot && (spot.sell ?? spot.buy ?? undefined))) this.#skip(NOT_USD_REASON, coins.size);
    else for (const [quote, row] of coins) quotes.push({ row, quote });
    this.#storeDay(quotes, this.#latestListTime(rows));
  }

  finish(): Omit<TygiaDatabase, 'rows'> {
    return {
      quotes: [...this.#quotes.values()].sort((a, b) => a.row - b.row),
      refused: this.#refused.sort((a, b) => a.row - b.row),
      skipped: this.#skipped,
    };
  }

  /** Converts rows of gold to quotes; invalid ones are rejected. */
  #convertToTaels(rows: ReadonlyMap<TygiaRow, number>): { row: number; quote: DatedNewQuote }[] {
    const wrong = new Set<TygiaRow>();
    const bar = findBarPrice([...rows.keys()], this.#now, (row, error) => {
      wrong.add(row);
      this.#reject(rows.get(row)!, error);
    });
    const quotes: { row: number; quote: DatedNewQuote }[] = [];
    for (const [gold, row] of rows) {
      if (wrong.has(gold)) continue;
      this.#rejectFormatErrors(row, () => {
        const { instrument, at, ...prices } = convertToTaels(gold, bar);
        if (at === undefined) return; // never the case: rows of a history state their times
        const dated = { ...prices, at };
        const quote =
          instrument === undefined ? worldGoldQuote('tygia', dated) : goldQuote('tygia', { ...dated, instrument });
        quotes.push({ row, quote });
      });
    }
    return quotes;
  }

  /** When the latest list of these rows was created. */
  #latestListTime(rows: readonly DatabaseRow[]): EpochMs {
    let last = Number.NEGATIVE_INFINITY;
    for (const listed of new Set(rows.map((row) => row.listTime))) {
      const at = new BodyField(listed, 'updated').readPlausibleTime(this.#now, 'YYYY-MM-DD HH:mm:ss');
      if (at !== undefined) last = Math.max(last, at);
    }
    return last;
  }

  /** Stores the quotes of a day. The latest price of each series was valid until the list was created or a new one was set. */
  #storeDay(quotes: readonly { row: number; quote: DatedNewQuote }[], listed: EpochMs): void {
    const newest = new Map<string, EpochMs>();
    let listedAt = listed;
    for (const { quote } of quotes) {
      const id = seriesId(quote);
      newest.set(id, Math.max(quote.at, newest.get(id) ?? quote.at));
      listedAt = Math.max(listedAt, quote.at);
    }
    for (const { row, quote } of quotes) {
      const id = seriesId(quote);
      const checkedAt = newest.get(id) === quote.at ? listedAt : quote.at;
      const key = `${id}\n${quote.at}`;
      const other = this.#quotes.get(key);
      if (!other) this.#quotes.set(key, { row, quote, checkedAt });
      else if (hasSamePrice(other.quote, quote)) {
        this.#skip(DUPLICATE_REASON);
        this.#quotes.set(key, {
          row: other.row,
          quote: withAliases(other.quote, other.quote, quote),
          checkedAt: Math.max(other.checkedAt, checkedAt),
        });
      } else {
        const reason = `row ${other.row} has a different price for the same instrument, company, brand and time`;
        this.#refused.push({ row, reason });
      }
    }
  }

  #rejectFormatErrors(row: number, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof ResponseFormatError)) throw error;
      this.#reject(row, error);
    }
  }

  #reject(row: number, { message }: ResponseFormatError): void {
    this.#refused.push({ row, reason: message.replace(/^row(?:\.|: )/, '') });
  }

  #skip(reason: string, count = 1): void {
    if (count > 0) this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + count);
  }
}

/** The day of the list that contains the row; if unknown, the day on which its price was set. */
function rowDay({ day, updated }: JsonObject): string {
  const digits = [day, updated].map((text) => (typeof text === 'string' ? text.replace(/\D/g, '').slice(0, 8) : ''));
  return digits.find((text) => text.length === 8) ?? '';
}

function* rowValues(days: Iterable<readonly DatabaseRow[]>): Generator<JsonObject> {
  for (const rows of days) for (const { value } of rows) yield value;
}

/** Every object that has the fields of a row, with the time of the enclosing list. */
function* findDatabaseRows(
  value: unknown,
  depth: number,
  listed?: unknown,
): Generator<Pick<DatabaseRow, 'value' | 'listTime'>> {
  if (typeof value !== 'object' || value === null || depth === 0) return;
  const fields = value as JsonObject;
  const isObject = !Array.isArray(value);
  if (isObject && ['buy', 'sell', 'company'].every((name) => Object.hasOwn(fields, name))) {
    yield { value: fields, listTime: listed };
    return;
  }
  const updated = isObject && Object.hasOwn(fields, 'updated') ? fields.updated : listed;
  for (const part of Object.values(fields)) yield* findDatabaseRows(part, depth - 1, updated);
}
