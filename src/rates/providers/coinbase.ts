import type { Instant } from '../../domain/instant.ts';
import type { QuoteDraft } from '../../domain/quote.ts';
import { type Field, json } from '../body.ts';
import { coinPrice } from '../one-price.ts';
import type { Provider } from '../provider.ts';

const COINS = ['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE'] as const;

const DAY = 24 * 3_600_000;
const WINDOW = 300; // candles in an answer, the most that there can be
const FIRST_DAY = Date.UTC(2015, 0, 1); // Coinbase has no candles of before

/** Daily candles of six coins in USD, one request a coin. Off by default, since coingecko shows the same coins. */
export const coinbase: Provider = {
  id: 'coinbase',
  name: 'Coinbase',
  market: 'crypto',
  every: 60_000,
  spacing: 1000,
  url: 'https://api.exchange.coinbase.com',
  enabled: false,

  requests: ({ url, now }) => COINS.map((coin) => ({ url: candles(url, coin, startOfDayUtc(now) - DAY, now) })),

  /** The newest candle is the one that is not finished: its close is the latest price. */
  parse(body, { now }, index) {
    const last = rows(body).at(-1);
    const price = last?.row.at(4).price('plain') ?? null;
    if (!last || price === null) return [];
    return [quote(COINS[index]!, price, Math.min(now, last.start + DAY))];
  },

  /** Opening and closing prices of finished candles, the closing ones at the last moment of their day. */
  async *backfill(context, from, to) {
    for (const coin of COINS) {
      const end = Math.min(to, context.now);
      for (let start = Math.max(FIRST_DAY, startOfDayUtc(from)); start < end; start += WINDOW * DAY) {
        const lastDay = Math.min(start + (WINDOW - 1) * DAY, startOfDayUtc(end));
        const quotes: QuoteDraft[] = [];
        for (const candle of rows(await context.fetch({ url: candles(context.url, coin, start, lastDay) }))) {
          const closed = candle.start + DAY - 1;
          if (closed >= context.now) continue;
          for (const [at, price] of [
            [candle.start, candle.row.at(3).price('plain')],
            [closed, candle.row.at(4).price('plain')],
          ] as const) {
            if (price !== null && at >= from && at < to) quotes.push(quote(coin, price, at));
          }
        }
        if (quotes.length > 0) yield quotes;
      }
    }
  },
};

function startOfDayUtc(at: Instant): Instant {
  return Math.floor(at / DAY) * DAY;
}

/** The address of the candles from the day of `start` to the day of `end`, both with it. */
function candles(url: string, coin: string, start: Instant, end: Instant): string {
  const range = `start=${new Date(start).toISOString()}&end=${new Date(end).toISOString()}`;
  return `${url}/products/${coin}-USD/candles?granularity=86400&${range}`;
}

/** The rows `[time, low, high, open, close, volume]` of an answer, which come newest first, oldest first. */
function rows(body: string): { start: Instant; row: Field }[] {
  return json(body)
    .list()
    .map((row) => ({ start: row.at(0).seconds(), row }))
    .sort((a, b) => a.start - b.start);
}

const quote = (instrument: string, price: number, at: Instant) =>
  coinPrice({ provider: 'coinbase', company: 'Coinbase' }, instrument, price, at);
