import type { Instant } from '../../domain/instant.ts';
import type { DatedQuote } from '../../domain/quote.ts';
import { json } from '../body.ts';
import { coinPrice } from '../one-price.ts';
import type { Provider, ProviderContext } from '../provider.ts';
import { type DailyCandle, dailyCandles, latestClose } from './candles.ts';

/** Kraken's names of the pairs in USD. It says XBT for BTC and XDG for DOGE. */
const PAIRS = [
  ['BTC', 'XBTUSD'],
  ['ETH', 'ETHUSD'],
  ['XRP', 'XRPUSD'],
  ['SOL', 'SOLUSD'],
  ['ADA', 'ADAUSD'],
  ['DOGE', 'XDGUSD'],
] as const;

const DAY = 24 * 3_600_000;

/** Daily candles of six coins in USD, one request a coin. Off by default, since coingecko shows the same coins. */
export const kraken: Provider = {
  id: 'kraken',
  name: 'Kraken',
  market: 'crypto',
  // A finished candle ended when it says; the end of the running one lies ahead and is no time of its price.
  statedTime: 'response',
  every: 60_000,
  spacing: 1000,
  url: 'https://api.kraken.com',
  enabled: false,

  requests: ({ url, now }) => PAIRS.map(([, pair]) => ({ url: candles(url, pair, now - 2 * DAY) })),

  /** The newest candle is the one that is not finished: its close is the latest price. */
  parse(body, context, index) {
    const latest = latestClose(candlesOf(body, context), context.now);
    return latest ? [quote(PAIRS[index]![0], latest.price, latest.at)] : [];
  },

  /** Opening prices, since a candle states the time of its opening. The answer holds the last 720 days at most. */
  backfill: (context, from, to) =>
    PAIRS.map(([coin, pair]) => ({
      id: coin,
      read: async () => {
        const quotes: DatedQuote[] = [];
        const body = await context.fetch({ url: candles(context.url, pair, from) });
        for (const { start: at, open } of candlesOf(body, context)) {
          if (open !== null && at >= from && at < to && at <= context.now) quotes.push(quote(coin, open, at));
        }
        return quotes;
      },
    })),
};

function candles(url: string, pair: string, since: Instant): string {
  return `${url}/0/public/OHLC?pair=${pair}&interval=1440&since=${Math.max(0, Math.floor(since / 1000) - 1)}`;
}

/** The candles of an answer, oldest first. Its key is another one than was asked for: `XXBTZUSD` for `XBTUSD`. */
function candlesOf(body: string, { rejected }: ProviderContext): DailyCandle[] {
  const answer = json(body);
  for (const error of answer.get('error').elements()) {
    throw error.error(`no error, but it says '${error.text().slice(0, 100)}'`); // Kraken refuses with HTTP 200
  }
  const result = answer.get('result');
  const [pair] = result.entries().filter(([key]) => key !== 'last');
  if (!pair) throw result.error('the candles of a pair');
  return dailyCandles(pair[1].list(), { open: 1, close: 4 }, rejected);
}

const quote = <At extends Instant | undefined>(instrument: string, price: number, at: At) =>
  coinPrice({ provider: 'kraken', company: 'Kraken' }, instrument, price, at);
