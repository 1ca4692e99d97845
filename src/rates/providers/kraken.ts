import type { Instant } from '../../domain/instant.ts';
import type { QuoteDraft } from '../../domain/quote.ts';
import { type Field, json } from '../body.ts';
import { coinPrice } from '../one-price.ts';
import type { Provider } from '../provider.ts';

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
  every: 60_000,
  spacing: 1000,
  url: 'https://api.kraken.com',
  enabled: false,

  requests: ({ url, now }) => PAIRS.map(([, pair]) => ({ url: candles(url, pair, now - 2 * DAY) })),

  /** The last candle is the one that is not finished: its close is the latest price. */
  parse(body, { now }, index) {
    const last = rows(body).at(-1);
    const price = last?.at(4).price('plain') ?? null;
    if (!last || price === null) return [];
    return [quote(PAIRS[index]![0], price, Math.min(now, last.at(0).seconds() + DAY))];
  },

  /** Opening prices, since a candle states the time of its opening. The answer holds the last 720 days at most. */
  async *backfill(context, from, to) {
    for (const [coin, pair] of PAIRS) {
      const quotes: QuoteDraft[] = [];
      for (const row of rows(await context.fetch({ url: candles(context.url, pair, from) }))) {
        const at = row.at(0).seconds();
        const price = row.at(1).price('plain');
        if (price !== null && at >= from && at < to && at <= context.now) quotes.push(quote(coin, price, at));
      }
      if (quotes.length > 0) yield quotes.sort((a, b) => a.at - b.at);
    }
  },
};

function candles(url: string, pair: string, since: Instant): string {
  return `${url}/0/public/OHLC?pair=${pair}&interval=1440&since=${Math.max(0, Math.floor(since / 1000) - 1)}`;
}

/** The candles of an answer, whose key is another one than was asked for: `XXBTZUSD` for `XBTUSD`. */
function rows(body: string): Field[] {
  const answer = json(body);
  for (const error of answer.get('error').elements()) {
    throw error.error(`no error, but it says '${error.text().slice(0, 100)}'`); // Kraken refuses with HTTP 200
  }
  const result = answer.get('result');
  const [pair] = result.entries().filter(([key]) => key !== 'last');
  if (!pair) throw result.error('the candles of a pair');
  return pair[1].list();
}

const quote = (instrument: string, price: number, at: Instant) =>
  coinPrice({ provider: 'kraken', company: 'Kraken' }, instrument, price, at);
