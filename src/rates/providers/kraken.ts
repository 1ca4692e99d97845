import type { DatedNewQuote } from '../../domain/quote.ts';
import { DAY_MS, type EpochMs } from '../../domain/time.ts';
import type { Provider, ProviderContext } from '../provider.ts';
import { parseJsonBody } from '../response-body.ts';
import { coinQuote } from '../single-price.ts';
import { type DailyCandle, latestClose, readDailyCandles } from './daily-candles.ts';

/** Kraken's names of USD pairs: XBT is BTC, XDG is DOGE. */
const PAIRS = [
  ['BTC', 'XBTUSD'],
  ['ETH', 'ETHUSD'],
  ['XRP', 'XRPUSD'],
  ['SOL', 'SOLUSD'],
  ['ADA', 'ADAUSD'],
  ['DOGE', 'XDGUSD'],
] as const;

/** Daily candles of six coins in USD, one request per coin. Disabled by default: coingecko has the same coins. */
export const kraken: Provider = {
  id: 'kraken',
  name: 'Kraken',
  market: 'crypto',
  // The end of the open candle lies in the future and is not the time of its price.
  statedTime: 'response',
  intervalMs: 60_000,
  minIntervalMs: 1000,
  url: 'https://api.kraken.com',
  enabled: false,

  requests: ({ url, now }) => PAIRS.map(([, pair]) => ({ url: candlesUrl(url, pair, now - 2 * DAY_MS) })),

  /** The newest candle is still open: its close is the latest price. */
  parse(body, context, index) {
    const latest = latestClose(parseCandles(body, context), context.now);
    return latest ? [toQuote(PAIRS[index]![0], latest.price, latest.at)] : [];
  },

  /** Opening prices, because a candle states its opening time. A response covers at most 720 days. */
  backfill: (context, from, to) =>
    PAIRS.map(([coin, pair]) => ({
      id: coin,
      read: async () => {
        const quotes: DatedNewQuote[] = [];
        const body = await context.fetch({ url: candlesUrl(context.url, pair, from) });
        for (const { start: at, open } of parseCandles(body, context)) {
          if (open !== null && at >= from && at < to && at <= context.now) quotes.push(toQuote(coin, open, at));
        }
        return quotes;
      },
    })),
};

function candlesUrl(url: string, pair: string, since: EpochMs): string {
  return `${url}/0/public/OHLC?pair=${pair}&interval=1440&since=${Math.max(0, Math.floor(since / 1000) - 1)}`;
}

/** Oldest first. The key of the pair differs from the requested name: `XXBTZUSD` for `XBTUSD`. */
function parseCandles(body: string, { rejected }: ProviderContext): DailyCandle[] {
  const answer = parseJsonBody(body);
  for (const error of answer.get('error').elements()) {
    throw error.error(`no error, but it reports '${error.text().slice(0, 100)}'`); // Kraken sends errors with status 200
  }
  const result = answer.get('result');
  const [pair] = result.entries().filter(([key]) => key !== 'last');
  if (!pair) throw result.error('the candles of a pair');
  return readDailyCandles(pair[1].list(), { open: 1, close: 4 }, rejected);
}

const toQuote = <At extends EpochMs | undefined>(instrument: string, price: number, at: At) =>
  coinQuote({ provider: 'kraken', company: 'Kraken' }, instrument, price, at);
