import type { Instant } from '../domain/instant.ts';
import { type DatedQuote, samePrice, seriesId } from '../domain/quote.ts';
import { Field } from './body.ts';
import { goldDraft, withAliases, worldDraft } from './gold.ts';
import { BodyError } from './provider.ts';
import { barOf, inTaels, type LeftOut, rowOf, type TygiaRow } from './providers/tygia.ts';
import { type CoinNames, coinNames, coinOf, isOtherMoney } from './tygia-coins.ts';

/** A quote of a database, by the place of its row in the file from 1. */
export interface TygiaQuote {
  readonly row: number;
  readonly quote: DatedQuote;
  /** When its list was made, as far as the list tells: the price held until then. */
  readonly checkedAt: Instant;
}

/** What a database gives: every row is in one of the three. */
export interface TygiaDatabase {
  readonly rows: number;
  readonly quotes: readonly TygiaQuote[];
  /** Rows that do not fit, and why. */
  readonly refused: readonly { readonly row: number; readonly reason: string }[];
  /** How many rows were passed over though nothing is wrong with them, by reason. */
  readonly skipped: ReadonlyMap<string, number>;
}

type Value = Readonly<Record<string, unknown>>;

interface Row {
  readonly place: number;
  readonly value: Value;
  /** When its list was made, by what the list says; undefined where there is none around it. */
  readonly listed: unknown;
}

/** Answers lie in lists of objects of lists: deeper there are no rows. */
const DEEPEST = 8;
/** The path of a row, which its place in the file stands for. */
const ROW = 'row';

const SKIPPED: Readonly<Record<LeftOut, string>> = {
  coin: 'coin: left out on request',
  oil: 'oil: goldctl has no market for it',
  silver: 'silver: goldctl has no market for it',
  'unknown kind': 'not known to be gold by its name',
  'no price': 'without a price: 0.00 stands for none',
  'no time': 'its time is before 2000 or in the future',
};
const NOT_USD = 'coin: in other money than USD, as its gold tokens show';
const REPEATED = 'the same as an earlier row';

/**
 * The quotes of a database of the gold seed: answers of tygia.com, whole or the rows of them, nested in lists and objects
 * however they were kept. Rows of one day stand together, since a bar of it tells what unit the others are in.
 * @param options.coins whether to take its coins as well
 * @throws SyntaxError where it is no JSON
 */
export function readTygiaDatabase(text: string, now: Instant, { coins = true } = {}): TygiaDatabase {
  const days = new Map<string, Row[]>();
  let place = 0;
  for (const { value, listed } of rowsIn(JSON.parse(text.replace(/^\ufeff/, '')), DEEPEST)) {
    const day = dayOf(value);
    const row = { place: ++place, value, listed };
    const rows = days.get(day);
    if (rows) rows.push(row);
    else days.set(day, [row]);
  }
  const reader = new DatabaseReader(now, coins ? coinNames(valuesOf(days.values())) : undefined);
  for (const rows of days.values()) reader.read(rows);
  return { rows: place, ...reader.end() };
}

class DatabaseReader {
  readonly #now: Instant;
  /** Undefined: no coins are wanted. */
  readonly #coinNames: CoinNames | undefined;
  readonly #quotes = new Map<string, TygiaQuote>();
  readonly #refused: { row: number; reason: string }[] = [];
  readonly #skipped = new Map<string, number>();

  constructor(now: Instant, names: CoinNames | undefined) {
    this.#now = now;
    this.#coinNames = names;
  }

  /** Takes the rows of a day. */
  read(rows: readonly Row[]): void {
    const gold = new Map<TygiaRow, number>();
    const coins = new Map<DatedQuote, number>();
    for (const { place, value } of rows) {
      this.#refusing(place, () => {
        const field = new Field(value, ROW);
        const row = rowOf(field, this.#now, 'history');
        const coin = row === 'coin' && this.#coinNames ? coinOf(field, this.#coinNames, this.#now) : row;
        if (typeof coin === 'string') this.#skip(SKIPPED[coin]);
        else if ('field' in coin) gold.set(coin, place);
        else coins.set(coin, place);
      });
    }
    const quotes = this.#inTaels(gold);
    const spot = quotes.find(({ quote }) => quote.instrument === 'XAU')?.quote;
    if (isOtherMoney(coins.keys(), spot && (spot.sell ?? spot.buy ?? undefined))) this.#skip(NOT_USD, coins.size);
    else for (const [quote, row] of coins) quotes.push({ row, quote });
    this.#keep(quotes, this.#listedAt(rows));
  }

  end(): Omit<TygiaDatabase, 'rows'> {
    return {
      quotes: [...this.#quotes.values()].sort((a, b) => a.row - b.row),
      refused: this.#refused.sort((a, b) => a.row - b.row),
      skipped: this.#skipped,
    };
  }

  /** Rows of gold as quotes; those that do not fit are refused. */
  #inTaels(rows: ReadonlyMap<TygiaRow, number>): { row: number; quote: DatedQuote }[] {
    const wrong = new Set<TygiaRow>();
    const bar = barOf([...rows.keys()], this.#now, (row, error) => {
      wrong.add(row);
      this.#refuse(rows.get(row)!, error);
    });
    const quotes: { row: number; quote: DatedQuote }[] = [];
    for (const [gold, row] of rows) {
      if (wrong.has(gold)) continue;
      this.#refusing(row, () => {
        const { instrument, at, ...prices } = inTaels(gold, bar);
        if (at === undefined) return; // rows of a history state their times
        const dated = { ...prices, at };
        const quote =
          instrument === undefined ? worldDraft('tygia', dated) : goldDraft('tygia', { ...dated, instrument });
        quotes.push({ row, quote });
      });
    }
    return quotes;
  }

  /** When the last list of these rows was made, by what the lists say. */
  #listedAt(rows: readonly Row[]): Instant {
    let last = Number.NEGATIVE_INFINITY;
    for (const listed of new Set(rows.map((row) => row.listed))) {
      const at = new Field(listed, 'updated').statedTime(this.#now, 'YYYY-MM-DD HH:mm:ss');
      if (at !== undefined) last = Math.max(last, at);
    }
    return last;
  }

  /** Keeps the quotes of a day. The newest of each series held until the list was made, or until another one was set. */
  #keep(quotes: readonly { row: number; quote: DatedQuote }[], listed: Instant): void {
    const newest = new Map<string, Instant>();
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
      else if (samePrice(other.quote, quote)) {
        this.#skip(REPEATED);
        this.#quotes.set(key, {
          row: other.row,
          quote: withAliases(other.quote, other.quote, quote),
          checkedAt: Math.max(other.checkedAt, checkedAt),
        });
      } else {
        const reason = `row ${other.row} has another price of the same instrument, company, brand and time`;
        this.#refused.push({ row, reason });
      }
    }
  }

  #refusing(row: number, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      this.#refuse(row, error);
    }
  }

  #refuse(row: number, { message }: BodyError): void {
    this.#refused.push({ row, reason: message.replace(/^row(?:\.|: )/, '') });
  }

  #skip(reason: string, count = 1): void {
    if (count > 0) this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + count);
  }
}

/** The day of the list that a row stands in; where it does not say so, the day when its price was set. */
function dayOf({ day, updated }: Value): string {
  const digits = [day, updated].map((text) => (typeof text === 'string' ? text.replace(/\D/g, '').slice(0, 8) : ''));
  return digits.find((text) => text.length === 8) ?? '';
}

function* valuesOf(days: Iterable<readonly Row[]>): Generator<Value> {
  for (const rows of days) for (const { value } of rows) yield value;
}

/** Every object that has the fields of a row, and what the list around it says of its time. */
function* rowsIn(value: unknown, depth: number, listed?: unknown): Generator<Pick<Row, 'value' | 'listed'>> {
  if (typeof value !== 'object' || value === null || depth === 0) return;
  const fields = value as Value;
  const isObject = !Array.isArray(value);
  if (isObject && ['buy', 'sell', 'company'].every((name) => Object.hasOwn(fields, name))) {
    yield { value: fields, listed };
    return;
  }
  const updated = isObject && Object.hasOwn(fields, 'updated') ? fields.updated : listed;
  for (const part of Object.values(fields)) yield* rowsIn(part, depth - 1, updated);
}
