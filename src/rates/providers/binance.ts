import type { Instant } from '../../domain/instant.ts';
import type { QuoteDraft } from '../../domain/quote.ts';
import { believable, json } from '../body.ts';
import type { Provider } from '../provider.ts';

/** Coins with a pair in USDT (USDT itself has none). */
const COINS = ['BTC', 'XRP', 'DOGE', 'ETH', 'BNB', 'ADA', 'USDC', 'POL', 'SOL'] as const;

const PAGE = 1000; // klines in an answer, the most that there can be

/**
 * Pairs of coins in USDT. USDT is a coin near 1 USD but is not USD, so the instruments are their own: `BTC-USDT` in
 * USDT. Off by default, since coingecko shows the same coins in USD.
 */
export const binance: Provider = {
  id: 'binance',
  name: 'Binance',
  market: 'crypto',
  every: 60_000,
  spacing: 1000,
  url: 'https://data-api.binance.vision',
  enabled: false,

  requests({ url }) {
    const symbols = JSON.stringify(COINS.map((coin) => `${coin}USDT`));
    return [{ url: `${url}/api/v3/ticker/24hr?symbols=${encodeURIComponent(symbols)}` }];
  },

  parse(body, { now }) {
    const answer = json(body);
    const quotes: QuoteDraft[] = [];
    for (const row of answer.isList ? answer.list() : [answer]) {
      const symbol = row.get('symbol').name();
      const coin = COINS.find((coin) => symbol === `${coin}USDT`);
      if (!coin) continue;
      const buy = row.get('bidPrice').price('plain');
      const sell = row.get('askPrice').price('plain');
      if (buy === null && sell === null) continue; // a pair that is not traded
      quotes.push(quote(coin, buy, sell, believable(row.get('closeTime').milliseconds(), now)));
    }
    if (quotes.length === 0) throw answer.error('the prices of a pair in USDT');
    return quotes;
  },

  /** A kline states two prices with their instants: the first at its open time, the last at its close time. */
  async *backfill(context, from, to) {
    for (const coin of COINS) {
      let start = Math.max(0, from);
      while (start < to) {
        const query = `symbol=${coin}USDT&interval=1d&startTime=${start}&limit=${PAGE}`;
        const klines = json(await context.fetch({ url: `${context.url}/api/v3/klines?${query}` })).list();
        const quotes: QuoteDraft[] = [];
        let next = start;
        for (const kline of klines) {
          const [opened, closed] = [kline.at(0).milliseconds(), kline.at(6).milliseconds()];
          if (closed < opened) throw kline.at(6).error('a time after the open time');
          for (const [at, price] of [
            [opened, kline.at(1).price('plain')],
            [closed, kline.at(4).price('plain')],
          ] as const) {
            // the kline of today has not closed: its last price is not the one at its close time
            const held = at >= from && at < to && at <= context.now;
            if (held && price !== null) quotes.push(quote(coin, price, price, at));
          }
          next = Math.max(next, closed + 1);
        }
        if (quotes.length > 0) yield quotes.sort((a, b) => a.at - b.at);
        if (klines.length < PAGE || next === start) break;
        start = next;
      }
    }
  },
};

function quote(coin: string, buy: number | null, sell: number | null, at: Instant): QuoteDraft {
  return {
    instrument: `${coin}-USDT`,
    market: 'crypto',
    provider: 'binance',
    company: 'Binance',
    brand: '',
    buy,
    sell,
    currency: 'USDT',
    unit: 'coin',
    at,
  };
}
