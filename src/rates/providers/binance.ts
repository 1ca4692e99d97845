import { formatDay, type Instant } from '../../domain/instant.ts';
import type { DatedQuote, QuoteDraft } from '../../domain/quote.ts';
import { json } from '../body.ts';
import type { HistoryPage, Provider, ProviderContext } from '../provider.ts';
import { readRows } from '../rows.ts';

/** Coins with a pair in USDT (USDT itself has none). */
const COINS = ['BTC', 'XRP', 'DOGE', 'ETH', 'BNB', 'ADA', 'USDC', 'POL', 'SOL'] as const;

const PAGE = 1000; // klines of a day in an answer, the most that there can be
const DAY = 24 * 3_600_000;

/**
 * Pairs of coins in USDT. USDT is a coin near 1 USD but is not USD, so the instruments are their own: `BTC-USDT` in
 * USDT. Off by default, since coingecko shows the same coins in USD.
 */
export const binance: Provider = {
  id: 'binance',
  name: 'Binance',
  market: 'crypto',
  statedTime: 'response', // closeTime is the end of the rolling 24 hours: the moment of the answer
  every: 60_000,
  spacing: 1000,
  url: 'https://data-api.binance.vision',
  enabled: false,

  requests({ url }) {
    const symbols = JSON.stringify(COINS.map((coin) => `${coin}USDT`));
    return [{ url: `${url}/api/v3/ticker/24hr?symbols=${encodeURIComponent(symbols)}` }];
  },

  parse(body, { now, rejected }) {
    const answer = json(body);
    const quotes: QuoteDraft[] = [];
    readRows(answer.isList ? answer.list() : [answer], rejected, (row) => {
      const symbol = row.get('symbol').name();
      const coin = COINS.find((coin) => symbol === `${coin}USDT`);
      if (!coin) return;
      const buy = row.get('bidPrice').price('plain');
      const sell = row.get('askPrice').price('plain');
      if (buy === null && sell === null) return; // a pair that is not traded
      const time = row.get('closeTime');
      quotes.push(quote(coin, buy, sell, time.acceptTime(time.milliseconds(), now)));
    });
    if (quotes.length === 0) throw answer.error('the prices of a pair in USDT');
    return quotes;
  },

  /** A kline states two prices with their instants: the first at its open time, the last at its close time. */
  backfill(context, from, to) {
    const pages: HistoryPage[] = [];
    for (const coin of COINS) {
      for (let start = Math.max(0, from); start < to; start += PAGE * DAY) {
        pages.push({ id: `${coin} ${formatDay(start)}`, read: () => readKlines(context, coin, start, from, to) });
      }
    }
    return pages;
  },
};

/** The prices in `[from, to)` of the klines that open within a page from `start` on. */
async function readKlines(
  context: ProviderContext,
  coin: string,
  start: Instant,
  from: Instant,
  to: Instant,
): Promise<DatedQuote[]> {
  const query = `symbol=${coin}USDT&interval=1d&startTime=${start}&endTime=${start + PAGE * DAY - 1}&limit=${PAGE}`;
  const klines = json(await context.fetch({ url: `${context.url}/api/v3/klines?${query}` })).list();
  const quotes: DatedQuote[] = [];
  readRows(klines, context.rejected, (kline) => {
    const [opened, closed] = [kline.at(0).milliseconds(), kline.at(6).milliseconds()];
    if (closed < opened) throw kline.at(6).error('a time after the open time');
    const prices = [
      [opened, kline.at(1).price('plain')],
      [closed, kline.at(4).price('plain')],
    ] as const;
    for (const [at, price] of prices) {
      // the kline of today has not closed: its last price is not the one at its close time
      const held = at >= from && at < to && at <= context.now;
      if (held && price !== null) quotes.push(quote(coin, price, price, at));
    }
  });
  return quotes.sort((a, b) => a.at - b.at);
}

function quote<At extends Instant | undefined>(
  coin: string,
  buy: number | null,
  sell: number | null,
  at: At,
): QuoteDraft & { readonly at: At } {
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
