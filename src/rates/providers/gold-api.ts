import { json } from '../body.ts';
import { onePrice } from '../one-price.ts';
import type { Provider } from '../provider.ts';

/** World spot gold. Free and without a key; asks to keep an answer for a minute or longer. */
export const goldApi: Provider = {
  id: 'gold-api',
  name: 'gold-api.com',
  market: 'gold',
  statedTime: 'change', // updatedAt stands still while the market is closed
  every: 30 * 60_000,
  spacing: 1000,
  url: 'https://api.gold-api.com',
  enabled: true,

  requests: ({ url }) => [{ url: `${url}/price/XAU` }],

  parse(body, { now }) {
    const answer = json(body);
    for (const [key, expected] of [
      ['symbol', 'XAU'],
      ['currency', 'USD'],
    ] as const) {
      if (answer.get(key).text() !== expected) throw answer.get(key).error(expected);
    }
    const updated = answer.get('updatedAt');
    const at = updated.acceptTime(updated.iso(), now);
    const price = answer.get('price').price('plain');
    if (price === null) return [];
    const source = { provider: 'gold-api', company: 'gold-api.com' };
    return [onePrice({ ...source, instrument: 'XAU', market: 'gold', currency: 'USD', unit: 'ozt', at }, price)];
  },
};
