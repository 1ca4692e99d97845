import type { QuoteDraft } from '../../domain/quote.ts';
import { json } from '../body.ts';
import { dollarRate } from '../one-price.ts';
import type { Provider } from '../provider.ts';
import { readRows } from '../rows.ts';
import { FOREIGN } from './currencies.ts';

const PUBLISHED = 21 * 3_600_000; // into the Vietnam day: 14:00 UTC, when Frankfurt publishes in summer

/** The European Central Bank's reference rates of working days. It has no VND. */
export const frankfurter: Provider = {
  id: 'frankfurter',
  name: 'Frankfurter',
  market: 'fx',
  statedTime: 'change', // date is the working day on which the rates were set
  every: 3_600_000,
  spacing: 1000,
  url: 'https://api.frankfurter.dev',
  enabled: true,

  requests: ({ url }) => [{ url: `${url}/v1/latest?base=USD&symbols=${FOREIGN.join(',')}` }],

  parse(body, { now, rejected }) {
    const answer = json(body);
    if (answer.get('base').text() !== 'USD') throw answer.get('base').error('USD');
    const date = answer.get('date');
    const at = date.acceptTime(date.iso() + PUBLISHED, now);
    const quotes: QuoteDraft[] = [];
    const rates = answer.get('rates');
    const known = rates.entries().filter(([currency]) => FOREIGN.includes(currency));
    readRows(known, rejected, ([currency, rate]) => {
      const price = rate.price('plain');
      if (price === null) return;
      quotes.push(dollarRate({ provider: 'frankfurter', company: 'European Central Bank' }, currency, price, at));
    });
    if (quotes.length === 0) throw rates.error('the rate of a known currency');
    return quotes;
  },
};
