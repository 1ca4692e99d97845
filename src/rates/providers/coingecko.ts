import type { Instant } from '../../domain/instant.ts';
import type { DatedQuote, QuoteDraft } from '../../domain/quote.ts';
import { json } from '../body.ts';
import { coinPrice } from '../one-price.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../rows.ts';

/** CoinGecko's own name of each coin. POL has taken the place of MATIC. */
const COINS: Readonly<Record<string, string>> = {
  bitcoin: 'BTC',
  ripple: 'XRP',
  dogecoin: 'DOGE',
  tether: 'USDT',
  ethereum: 'ETH',
  binancecoin: 'BNB',
  cardano: 'ADA',
  'usd-coin': 'USDC',
  'polygon-ecosystem-token': 'POL',
  solana: 'SOL',
};

/** The longest daily history that one call without a key gives with certainty. */
const HISTORY_DAYS = 90;

/** The ten coins, one price each. 10 calls a minute without a key: one request for all of them, and 6 s between calls. */
export const coingecko: Provider = {
  id: 'coingecko',
  name: 'CoinGecko',
  market: 'crypto',
  statedTime: 'response', // last_updated_at moves on with every look at the markets
  every: 60_000,
  spacing: 6000,
  url: 'https://api.coingecko.com/api/v3',
  key: 'optional',
  enabled: true,

  requests: (context) => [
    ask(context, `/simple/price?ids=${Object.keys(COINS).join(',')}&vs_currencies=usd&include_last_updated_at=true`),
  ],

  parse(body, { now, rejected }) {
    const answer = json(body);
    const quotes: QuoteDraft[] = [];
    const coins = Object.keys(COINS).filter((id) => answer.get(id).exists); // what it does not track it leaves out
    readRows(coins, rejected, (id) => {
      const field = answer.get(id);
      if (!field.get('usd').exists) return; // or empty
      const price = field.get('usd').price('plain');
      const updated = field.get('last_updated_at');
      if (price === null) return;
      quotes.push(quote(COINS[id]!, price, updated.filled ? updated.acceptTime(updated.seconds(), now) : undefined));
    });
    if (quotes.length === 0) throw answer.error('the USD price of a coin');
    return quotes;
  },

  backfill: (context, from, to) =>
    Object.entries(COINS).map(([id, coin]) => ({
      id: coin,
      read: async () => {
        const path = `/coins/${id}/market_chart?vs_currency=usd&days=${HISTORY_DAYS}&interval=daily`;
        const points = json(await context.fetch(ask(context, path)))
          .get('prices')
          .list();
        const quotes: DatedQuote[] = [];
        readRows(points, context.rejected, (point) => {
          const at = point.at(0).milliseconds();
          const price = point.at(1).price('plain');
          if (price !== null && at >= from && at < to && at <= context.now) quotes.push(quote(coin, price, at));
        });
        return quotes.sort((a, b) => a.at - b.at);
      },
    })),
};

function ask({ url, key }: ProviderContext, path: string): ProviderRequest {
  return { url: url + path, ...(key === undefined ? {} : { headers: { 'x-cg-demo-api-key': key } }) };
}

const quote = <At extends Instant | undefined>(instrument: string, price: number, at: At) =>
  coinPrice({ provider: 'coingecko', company: 'CoinGecko' }, instrument, price, at);
