import { formatDay, type Instant } from '../../domain/instant.ts';
import type { DatedQuote } from '../../domain/quote.ts';
import { json } from '../body.ts';
import { coinPrice } from '../one-price.ts';
import type { HistoryPage, Provider, ProviderContext } from '../provider.ts';
import { type DailyCandle, dailyCandles, latestClose } from './candles.ts';

const COINS = ['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE'] as const;

const DAY = 24 * 3_600_000;
const WINDOW = 300; // candles in an answer, the most that there can be
const FIRST_DAY = Date.UTC(2015, 0, 1); // Coinbase has no candles of before

/** Daily candles of six coins in USD, one request a coin. Off by default, since coingecko shows the same coins. */
export const coinbase: Provider = {
  id: 'coinbase',
  name: 'Coinbase',
  market: 'crypto',
  // A finished candle ended when it says; the end of the running one lies ahead and is no time of its price.
  statedTime: 'response',
  every: 60_000,
  spacing: 1000,
  url: 'https://api.exchange.coinbase.com',
  enabled: false,

  requests: ({ url, now }) => COINS.map((coin) => ({ url: candles(url, coin, startOfDayUtc(now) - DAY, now) })),

  /** The newest candle is the one that is not finished: its close is the latest price. */
  parse(body, context, index) {
    const latest = latestClose(candlesOf(body, context), context.now);
    return latest ? [quote(COINS[index]!, latest.price, latest.at)] : [];
  },

  /** Opening and closing prices of finished candles, the closing ones at the last moment of their day. */
  backfill(context, from, to) {
    const end = Math.min(to, context.now);
    const pages: HistoryPage[] = [];
    for (const coin of COINS) {
      for (let start = Math.max(FIRST_DAY, startOfDayUtc(from)); start < end; start += WINDOW * DAY) {
        const lastDay = Math.min(start + (WINDOW - 1) * DAY, startOfDayUtc(end));
        pages.push({
          id: `${coin} ${formatDay(start)}`,
          read: async () => {
            const body = await context.fetch({ url: candles(context.url, coin, start, lastDay) });
            return candlesOf(body, context).flatMap((candle) => finished(coin, candle, context.now, from, to));
          },
        });
      }
    }
    return pages;
  },
};

/** The two prices of a candle that is finished, where their times lie in `[from, to)`. */
function finished(coin: string, candle: DailyCandle, now: Instant, from: Instant, to: Instant): DatedQuote[] {
  const closed = candle.start + DAY - 1;
  if (closed >= now) return [];
  const prices = [
    [candle.start, candle.open],
    [closed, candle.close],
  ] as const;
  return prices.flatMap(([at, price]) => (price !== null && at >= from && at < to ? [quote(coin, price, at)] : []));
}

function startOfDayUtc(at: Instant): Instant {
  return Math.floor(at / DAY) * DAY;
}

/** The address of the candles from the day of `start` to the day of `end`, both with it. */
function candles(url: string, coin: string, start: Instant, end: Instant): string {
  const range = `start=${new Date(start).toISOString()}&end=${new Date(end).toISOString()}`;
  return `${url}/products/${coin}-USD/candles?granularity=86400&${range}`;
}

/** The rows `[time, low, high, open, close, volume]` of an answer, which come newest first, oldest first. */
function candlesOf(body: string, { rejected }: ProviderContext): DailyCandle[] {
  return dailyCandles(json(body).list(), { open: 3, close: 4 }, rejected);
}

const quote = <At extends Instant | undefined>(instrument: string, price: number, at: At) =>
  coinPrice({ provider: 'coinbase', company: 'Coinbase' }, instrument, price, at);
