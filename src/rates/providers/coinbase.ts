import type { DatedNewQuote } from '../../domain/quote.ts';
import { DAY_MS, type EpochMs, formatDate } from '../../domain/time.ts';
import type { HistoryPage, Provider, ProviderContext } from '../provider.ts';
import { parseJsonBody } from '../response-body.ts';
import { coinQuote } from '../single-price.ts';
import { type DailyCandle, latestClose, readDailyCandles } from './daily-candles.ts';

const COINS = ['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE'] as const;

const CANDLES_PER_PAGE = 300; // candles per response, the API's maximum
const FIRST_DAY_MS = Date.UTC(2015, 0, 1); // the first candles

/** Daily candles of six coins in USD, one request per coin. Disabled by default: coingecko has the same coins. */
export const coinbase: Provider = {
  id: 'coinbase',
  name: 'Coinbase',
  market: 'crypto',
  // The end of the open candle lies in the future and is not the time of its price.
  statedTime: 'response',
  intervalMs: 60_000,
  minIntervalMs: 1000,
  url: 'https://api.exchange.coinbase.com',
  enabled: false,

  requests: ({ url, now }) => COINS.map((coin) => ({ url: candlesUrl(url, coin, startOfDayUtc(now) - DAY_MS, now) })),

  /** The newest candle is still open: its close is the latest price. */
  parse(body, context, index) {
    const latest = latestClose(parseCandles(body, context), context.now);
    return latest ? [toQuote(COINS[index]!, latest.price, latest.at)] : [];
  },

  /** Opening and closing prices of closed candles; closing prices are dated at the last millisecond of the day. */
  backfill(context, from, to) {
    const end = Math.min(to, context.now);
    const pages: HistoryPage[] = [];
    for (const coin of COINS) {
      for (let start = Math.max(FIRST_DAY_MS, startOfDayUtc(from)); start < end; start += CANDLES_PER_PAGE * DAY_MS) {
        const lastDay = Math.min(start + (CANDLES_PER_PAGE - 1) * DAY_MS, startOfDayUtc(end));
        pages.push({
          id: `${coin} ${formatDate(start)}`,
          read: async () => {
            const body = await context.fetch({ url: candlesUrl(context.url, coin, start, lastDay) });
            return parseCandles(body, context).flatMap((candle) => candleQuotes(coin, candle, context.now, from, to));
          },
        });
      }
    }
    return pages;
  },
};

/** The two prices of a closed candle whose times are in `[from, to)`. */
function candleQuotes(coin: string, candle: DailyCandle, now: EpochMs, from: EpochMs, to: EpochMs): DatedNewQuote[] {
  const closed = candle.start + DAY_MS - 1;
  if (closed >= now) return [];
  const prices = [
    [candle.start, candle.open],
    [closed, candle.close],
  ] as const;
  return prices.flatMap(([at, price]) => (price !== null && at >= from && at < to ? [toQuote(coin, price, at)] : []));
}

function startOfDayUtc(at: EpochMs): EpochMs {
  return Math.floor(at / DAY_MS) * DAY_MS;
}

/** The URL of the candles from the day of `start` to the day of `end`, inclusive. */
function candlesUrl(url: string, coin: string, start: EpochMs, end: EpochMs): string {
  const range = `start=${new Date(start).toISOString()}&end=${new Date(end).toISOString()}`;
  return `${url}/products/${coin}-USD/candles?granularity=86400&${range}`;
}

/** Parses rows `[time, low, high, open, close, volume]`, newest first, into candles, oldest first. */
function parseCandles(body: string, { rejected }: ProviderContext): DailyCandle[] {
  return readDailyCandles(parseJsonBody(body).list(), { open: 3, close: 4 }, rejected);
}

const toQuote = <At extends EpochMs | undefined>(instrument: string, price: number, at: At) =>
  coinQuote({ provider: 'coinbase', company: 'Coinbase' }, instrument, price, at);
