import type { QuoteDraft } from '../../domain/quote.ts';
import { json } from '../body.ts';
import { dollarRate } from '../one-price.ts';
import type { Provider } from '../provider.ts';
import { readRows } from '../rows.ts';
import { FOREIGN } from './currencies.ts';

/**
 * Mid-market rates of the US dollar, once a day: what one USD is in VND and in the other currencies. A rate between
 * two other currencies would be an estimate and is not made.
 */
export const erApi: Provider = {
  id: 'er-api',
  name: 'ExchangeRate-API',
  market: 'fx',
  statedTime: 'change', // time_last_update_unix is of the daily update
  every: 3_600_000,
  spacing: 1000,
  url: 'https://open.er-api.com',
  enabled: true,

  requests: ({ url }) => [{ url: `${url}/v6/latest/USD` }],

  parse(body, { now, rejected }) {
    const answer = json(body);
    for (const [key, expected] of [
      ['result', 'success'],
      ['base_code', 'USD'],
    ] as const) {
      if (answer.get(key).text() !== expected) throw answer.get(key).error(expected);
    }
    const updated = answer.get('time_last_update_unix');
    const at = updated.acceptTime(updated.seconds(), now);
    const rates = answer.get('rates');
    const quotes: QuoteDraft[] = [];
    const currencies = ['VND', ...FOREIGN].filter((currency) => rates.get(currency).exists);
    readRows(currencies, rejected, (currency) => {
      const price = rates.get(currency).price('plain');
      if (price === null) return;
      quotes.push(dollarRate({ provider: 'er-api', company: 'ExchangeRate-API' }, currency, price, at));
    });
    if (quotes.length === 0) throw rates.error('the rate of VND or of another known currency');
    return quotes;
  },
};
