import type { DatedNewQuote, NewQuote } from '../../domain/quote.ts';
import type { EpochMs } from '../../domain/time.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { parseJsonBody } from '../response-body.ts';
import { coinQuote } from '../single-price.ts';

/** CoinGecko's id of each coin. POL replaced MATIC. */
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

/** The longest daily history that a call without a key reliably returns. */
const HISTORY_DAYS = 90;

/** Ten coins, one price each. The limit without a key is 10 calls a minute: one request for all coins, 6 s between calls. */
export const coingecko: Provider = {
  id: 'coingecko',
  name: 'CoinGecko',
  market: 'crypto',
  statedTime: 'response', // last_updated_at changes with every response
  intervalMs: 60_000,
  minIntervalMs: 6000,
  url: 'https://api.coingecko.com/api/v3',
  key: 'optional',
  enabled: true,

  requests(context) {
    const query = `ids=${Object.keys(COINS).join(',')}&vs_currencies=usd&include_last_updated_at=true`;
    return [createRequest(context, `/simple/price?${query}`)];
  },

  parse(body, { now, rejected }) {
    const answer = parseJsonBody(body);
    const quotes: NewQuote[] = [];
    const coins = Object.keys(COINS).filter((id) => answer.get(id).exists); // untracked coins are omitted
    readRows(coins, rejected, (id) => {
      const field = answer.get(id);
      if (!field.get('usd').exists) return; // or returned as empty objects
      const price = field.get('usd').price('plain');
      const updated = field.get('last_updated_at');
      const at = updated.hasValue ? updated.plausibleTime(updated.unixSeconds(), now) : undefined;
      if (price !== null) quotes.push(toQuote(COINS[id]!, price, at));
    });
    if (quotes.length === 0) throw answer.error('the USD price of a coin');
    return quotes;
  },

  backfill: (context, from, to) =>
    Object.entries(COINS).map(([id, coin]) => ({
      id: coin,
      read: async () => {
        const path = `/coins/${id}/market_chart?vs_currency=usd&days=${HISTORY_DAYS}&interval=daily`;
        const answer = parseJsonBody(await context.fetch(createRequest(context, path)));
        const quotes: DatedNewQuote[] = [];
        readRows(answer.get('prices').list(), context.rejected, (point) => {
          const at = point.at(0).unixMilliseconds();
          const price = point.at(1).price('plain');
          if (price !== null && at >= from && at < to && at <= context.now) quotes.push(toQuote(coin, price, at));
        });
        return quotes.sort((a, b) => a.at - b.at);
      },
    })),
};

function createRequest({ url, key }: ProviderContext, path: string): ProviderRequest {
  return { url: url + path, ...(key === undefined ? {} : { headers: { 'x-cg-demo-api-key': key } }) };
}

const toQuote = <At extends EpochMs | undefined>(instrument: string, price: number, at: At) =>
  coinQuote({ provider: 'coingecko', company: 'CoinGecko' }, instrument, price, at);
