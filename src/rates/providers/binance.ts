import type { DatedNewQuote, NewQuote } from '../../domain/quote.ts';
import { DAY_MS, type EpochMs, formatDate } from '../../domain/time.ts';
import type { HistoryPage, Provider, ProviderContext } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { parseJsonBody } from '../response-body.ts';

/** Coins with a pair in USDT (USDT itself has none). */
const COINS = ['BTC', 'XRP', 'DOGE', 'ETH', 'BNB', 'ADA', 'USDC', 'POL', 'SOL'] as const;

const KLINES_PER_PAGE = 1000; // daily klines per response, the API's maximum

/**
 * Prices of coins in USDT. USDT is close to 1 USD but not equal, so the instruments are separate: `BTC-USDT`. Disabled by
 * default, because coingecko has the same coins in USD.
 */
export const binance: Provider = {
  id: 'binance',
  name: 'Binance',
  market: 'crypto',
  statedTime: 'response', // closeTime is the end of the rolling 24 hours, i.e. the time of the response
  intervalMs: 60_000,
  minIntervalMs: 1000,
  url: 'https://data-api.binance.vision',
  enabled: false,

  requests({ url }) {
    const symbols = JSON.stringify(COINS.map((coin) => `${coin}USDT`));
    return [{ url: `${url}/api/v3/ticker/24hr?symbols=${encodeURIComponent(symbols)}` }];
  },

  parse(body, { now, rejected }) {
    const answer = parseJsonBody(body);
    const quotes: NewQuote[] = [];
    readRows(answer.isList ? answer.list() : [answer], rejected, (row) => {
      const symbol = row.get('symbol').nonEmptyText();
      const coin = COINS.find((coin) => symbol === `${coin}USDT`);
      if (!coin) return;
      const buy = row.get('bidPrice').price('plain');
      const sell = row.get('askPrice').price('plain');
      if (buy === null && sell === null) return; // the pair is not traded
      const time = row.get('closeTime');
      quotes.push(toQuote(coin, buy, sell, time.plausibleTime(time.unixMilliseconds(), now)));
    });
    if (quotes.length === 0) throw answer.error('prices of a USDT pair');
    return quotes;
  },

  /** A kline has two prices with exact times: open and close. */
  backfill(context, from, to) {
    const pages: HistoryPage[] = [];
    for (const coin of COINS) {
      for (let start = Math.max(0, from); start < to; start += KLINES_PER_PAGE * DAY_MS) {
        pages.push({ id: `${coin} ${formatDate(start)}`, read: () => readKlines(context, coin, start, from, to) });
      }
    }
    return pages;
  },
};

/** The prices in `[from, to)` of the page of klines that begins at `start`. */
async function readKlines(
  context: ProviderContext,
  coin: string,
  start: EpochMs,
  from: EpochMs,
  to: EpochMs,
): Promise<DatedNewQuote[]> {
  const query = `symbol=${coin}USDT&interval=1d&startTime=${start}&endTime=${start + KLINES_PER_PAGE * DAY_MS - 1}&limit=${KLINES_PER_PAGE}`;
  const klines = parseJsonBody(await context.fetch({ url: `${context.url}/api/v3/klines?${query}` })).list();
  const quotes: DatedNewQuote[] = [];
  readRows(klines, context.rejected, (kline) => {
    const [opened, closed] = [kline.at(0).unixMilliseconds(), kline.at(6).unixMilliseconds()];
    if (closed < opened) throw kline.at(6).error('a time after the open time');
    const prices = [
      [opened, kline.at(1).price('plain')],
      [closed, kline.at(4).price('plain')],
    ] as const;
    for (const [at, price] of prices) {
      // today's kline is still open: its last price is not the one at its close time
      const held = at >= from && at < to && at <= context.now;
      if (held && price !== null) quotes.push(toQuote(coin, price, price, at));
    }
  });
  return quotes.sort((a, b) => a.at - b.at);
}

function toQuote<At extends EpochMs | undefined>(
  coin: string,
  buy: number | null,
  sell: number | null,
  at: At,
): NewQuote & { readonly at: At } {
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
