import type { Instant } from '../../domain/instant.ts';
import type { QuoteDraft } from '../../domain/quote.ts';
import { believable, json } from '../body.ts';
import { coinPrice } from '../one-price.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';

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
  every: 60_000,
  spacing: 6000,
  url: 'https://api.coingecko.com/api/v3',
  key: 'optional',
  enabled: true,

  requests: (context) => [
    ask(context, `/simple/price?ids=${Object.keys(COINS).join(',')}&vs_currencies=usd&include_last_updated_at=true`),
  ],

  parse(body, { now }) {
    const answer = json(body);
    const quotes: QuoteDraft[] = [];
    for (const [id, coin] of Object.entries(COINS)) {
      const field = answer.get(id);
      if (!field.exists || !field.get('usd').exists) continue; // what it does not track it leaves out or empty
      const price = field.get('usd').price('plain');
      const updated = field.get('last_updated_at');
      if (price !== null) quotes.push(quote(coin, price, updated.filled ? believable(updated.seconds(), now) : now));
    }
    if (quotes.length === 0) throw answer.error('the USD price of a coin');
    return quotes;
  },

  async *backfill(context, from, to) {
    for (const [id, coin] of Object.entries(COINS)) {
      const path = `/coins/${id}/market_chart?vs_currency=usd&days=${HISTORY_DAYS}&interval=daily`;
      const points = json(await context.fetch(ask(context, path)))
        .get('prices')
        .list();
      const quotes: QuoteDraft[] = [];
      for (const point of points) {
        const at = point.at(0).milliseconds();
        const price = point.at(1).price('plain');
        if (price !== null && at >= from && at < to && at <= context.now) quotes.push(quote(coin, price, at));
      }
      if (quotes.length > 0) yield quotes.sort((a, b) => a.at - b.at);
    }
  },
};

function ask({ url, key }: ProviderContext, path: string): ProviderRequest {
  return { url: url + path, ...(key === undefined ? {} : { headers: { 'x-cg-demo-api-key': key } }) };
}

const quote = (instrument: string, price: number, at: Instant) =>
  coinPrice({ provider: 'coingecko', company: 'CoinGecko' }, instrument, price, at);
