import type { NewQuote } from '../../domain/quote.ts';
import type { Provider } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { parseJsonBody } from '../response-body.ts';
import { dollarRateQuote } from '../single-price.ts';
import { FOREIGN_CURRENCIES } from './currencies.ts';

const PUBLICATION_OFFSET_MS = 21 * 3_600_000; // into the Vietnam day: 14:00 UTC, the publication time in summer

/** Reference rates of the European Central Bank on working days, without VND. */
export const frankfurter: Provider = {
  id: 'frankfurter',
  name: 'Frankfurter',
  market: 'fx',
  statedTime: 'change', // date is the working day of the rates
  intervalMs: 3_600_000,
  minIntervalMs: 1000,
  url: 'https://api.frankfurter.dev',
  enabled: true,

  requests: ({ url }) => [{ url: `${url}/v1/latest?base=USD&symbols=${FOREIGN_CURRENCIES.join(',')}` }],

  parse(body, { now, rejected }) {
    const answer = parseJsonBody(body);
    if (answer.get('base').text() !== 'USD') throw answer.get('base').error('USD');
    const date = answer.get('date');
    const at = date.plausibleTime(date.isoTime() + PUBLICATION_OFFSET_MS, now);
    const quotes: NewQuote[] = [];
    const rates = answer.get('rates');
    const known = rates.entries().filter(([currency]) => FOREIGN_CURRENCIES.includes(currency));
    readRows(known, rejected, ([currency, rate]) => {
      const price = rate.price('plain');
      if (price === null) return;
      quotes.push(dollarRateQuote({ provider: 'frankfurter', company: 'European Central Bank' }, currency, price, at));
    });
    if (quotes.length === 0) throw rates.error('a rate of a known currency');
    return quotes;
  },
};
