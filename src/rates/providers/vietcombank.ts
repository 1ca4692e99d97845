import { formatDay, type Instant, startOfDay } from '../../domain/instant.ts';
import type { DatedQuote, QuoteDraft } from '../../domain/quote.ts';
import { json } from '../body.ts';
import { days, pagesOfDays } from '../history.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../rows.ts';

const HISTORY_DAYS = 91; // one request a day of history, today's with it

/** The bank's board in VND. It buys notes and transfers at two prices and sells at one. */
export const vietcombank: Provider = {
  id: 'vietcombank',
  name: 'Vietcombank',
  market: 'fx',
  statedTime: 'change', // UpdatedDate is when the board was last set
  every: 3_600_000,
  spacing: 2000,
  url: 'https://www.vietcombank.com.vn',
  enabled: true,

  requests: ({ url, now }) => [ask(url, now)],

  parse: board,

  backfill: (context, from, to) =>
    pagesOfDays(days(context, from, to, HISTORY_DAYS), async (day) => {
      const quotes = board(await context.fetch(ask(context.url, day)), context);
      // a Sunday may be answered with the board of Saturday, which has been asked for itself
      return quotes.filter(
        (quote): quote is DatedQuote =>
          quote.at !== undefined && startOfDay(quote.at) === day && quote.at >= from && quote.at < to,
      );
    }),
};

function ask(url: string, day: Instant): ProviderRequest {
  return { url: `${url}/api/exchangerates?date=${formatDay(day)}` };
}

function board(body: string, { now, rejected }: ProviderContext): QuoteDraft[] {
  const answer = json(body);
  const rows = answer.get('Data').list();
  if (rows.length === 0) return []; // a day without a board
  const updated = answer.get('UpdatedDate');
  const time = updated.filled ? updated : answer.get('Date');
  const at = time.acceptTime(time.iso(), now);
  const quotes: QuoteDraft[] = [];
  readRows(rows, rejected, (row) => {
    const instrument = row.get('currencyCode').text();
    if (!/^[A-Z]{3}$/.test(instrument)) throw row.get('currencyCode').error('a currency code like USD');
    const sell = row.get('sell').price('comma');
    const [cash, transfer] = [row.get('cash').price('comma'), row.get('transfer').price('comma')];
    for (const [brand, buy] of Object.entries({ cash, transfer })) {
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
  });
  return quotes;
}
