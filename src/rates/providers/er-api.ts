import type { NewQuote } from '../../domain/quote.ts';
import type { Provider } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { parseJsonBody } from '../response-body.ts';
import { dollarRateQuote } from '../single-price.ts';
import { FOREIGN_CURRENCIES } from './currencies.ts';

/**
 * Daily mid-market rates of the US dollar in VND and other currencies. Cross rates would be estimates and are not computed.
 */
export const erApi: Provider = {
  id: 'er-api',
  name: 'ExchangeRate-API',
  market: 'fx',
  statedTime: 'change', // time_last_update_unix is the time of the daily update
  intervalMs: 3_600_000,
  minIntervalMs: 1000,
  url: 'https://open.er-api.com',
  enabled: true,

  requests: ({ url }) => [{ url: `${url}/v6/latest/USD` }],

  parse(body, { now, rejected }) {
    const answer = parseJsonBody(body);
    for (const [key, expected] of [
      ['result', 'success'],
      ['base_code', 'USD'],
    ] as const) {
      if (answer.get(key).text() !== expected) throw answer.get(key).error(expected);
    }
    const updated = answer.get('time_last_update_unix');
    const at = updated.plausibleTime(updated.unixSeconds(), now);
    const rates = answer.get('rates');
    const quotes: NewQuote[] = [];
    const currencies = ['VND', ...FOREIGN_CURRENCIES].filter((currency) => rates.get(currency).exists);
    readRows(currencies, rejected, (currency) => {
      const price = rates.get(currency).price('plain');
      if (price === null) return;
      quotes.push(dollarRateQuote({ provider: 'er-api', company: 'ExchangeRate-API' }, currency, price, at));
    });
    if (quotes.length === 0) throw rates.error('a rate of VND or another known currency');
    return quotes;
  },
};
