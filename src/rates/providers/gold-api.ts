import type { Provider } from '../provider.ts';
import { parseJsonBody } from '../response-body.ts';
import { singlePriceQuote } from '../single-price.ts';

/** World spot gold. Free, without a key; clients should cache a response for at least a minute. */
export const goldApi: Provider = {
  id: 'gold-api',
  name: 'gold-api.com',
  market: 'gold',
  statedTime: 'change', // updatedAt does not change while the market is closed
  intervalMs: 30 * 60_000,
  minIntervalMs: 1000,
  url: 'https://api.gold-api.com',
  enabled: true,

  requests: ({ url }) => [{ url: `${url}/price/XAU` }],

  parse(body, { now }) {
    const answer = parseJsonBody(body);
    for (const [key, expected] of [
      ['symbol', 'XAU'],
      ['currency', 'USD'],
    ] as const) {
      if (answer.get(key).text() !== expected) throw answer.get(key).error(expected);
    }
    const updated = answer.get('updatedAt');
    const at = updated.plausibleTime(updated.isoTime(), now);
    const price = answer.get('price').price('plain');
    if (price === null) return [];
    const source = { provider: 'gold-api', company: 'gold-api.com' };
    return [
      singlePriceQuote({ ...source, instrument: 'XAU', market: 'gold', currency: 'USD', unit: 'ozt', at }, price),
    ];
  },
};
