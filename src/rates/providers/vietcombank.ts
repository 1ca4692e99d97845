import { formatDay, type Instant, startOfDay } from '../../domain/instant.ts';
import type { QuoteDraft } from '../../domain/quote.ts';
import { believable, json } from '../body.ts';
import type { Provider, ProviderRequest } from '../provider.ts';

const DAY = 24 * 3_600_000;
const HISTORY_DAYS = 90; // one request a day of history

/** The bank's board in VND. It buys notes and transfers at two prices and sells at one. */
export const vietcombank: Provider = {
  id: 'vietcombank',
  name: 'Vietcombank',
  market: 'fx',
  every: 3_600_000,
  spacing: 2000,
  url: 'https://www.vietcombank.com.vn',
  enabled: true,

  requests: ({ url, now }) => [ask(url, now)],

  parse: (body, { now }) => board(body, now),

  async *backfill(context, from, to) {
    const first = Math.max(startOfDay(from), startOfDay(context.now) - HISTORY_DAYS * DAY);
    for (let day = first; day < Math.min(to, context.now); day += DAY) {
      const quotes = board(await context.fetch(ask(context.url, day)), context.now);
      // a Sunday may be answered with the board of Saturday, which has been asked for itself
      const held = quotes.filter(({ at }) => startOfDay(at) === day && at >= from && at < to);
      if (held.length > 0) yield held;
    }
  },
};

function ask(url: string, day: Instant): ProviderRequest {
  return { url: `${url}/api/exchangerates?date=${formatDay(day)}` };
}

function board(body: string, now: Instant): QuoteDraft[] {
  const answer = json(body);
  const rows = answer.get('Data').list();
  if (rows.length === 0) return []; // a day without a board
  const updated = answer.get('UpdatedDate');
  const at = believable((updated.filled ? updated : answer.get('Date')).iso(), now);
  const quotes: QuoteDraft[] = [];
  for (const row of rows) {
    const instrument = row.get('currencyCode').text();
    if (!/^[A-Z]{3}$/.test(instrument)) throw row.get('currencyCode').error('a currency code like USD');
    const sell = row.get('sell').price('comma');
    for (const brand of ['cash', 'transfer'] as const) {
      const buy = row.get(brand).price('comma');
      if (buy === null && sell === null) continue;
      quotes.push({
        instrument,
        market: 'fx',
        provider: 'vietcombank',
        company: 'Vietcombank',
        brand,
        buy,
        sell,
        currency: 'VND',
        unit: 'each',
        at,
      });
    }
  }
  return quotes;
}
