import type { DatedNewQuote, NewQuote } from '../../domain/quote.ts';
import { type EpochMs, formatDate, startOfDay } from '../../domain/time.ts';
import { dailyPages, historyDays } from '../daily-history.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { parseJsonBody } from '../response-body.ts';

const HISTORY_DAYS = 91; // one request per day of history, today included

/** The bank's board in VND: two buying prices (cash and transfer), one selling price. */
export const vietcombank: Provider = {
  id: 'vietcombank',
  name: 'Vietcombank',
  market: 'fx',
  statedTime: 'change', // UpdatedDate is when the board was last set
  intervalMs: 3_600_000,
  minIntervalMs: 2000,
  url: 'https://www.vietcombank.com.vn',
  enabled: true,

  requests: ({ url, now }) => [createRequest(url, now)],

  parse: parseBoard,

  backfill: (context, from, to) =>
    dailyPages(historyDays(context, from, to, HISTORY_DAYS), async (day) => {
      const quotes = parseBoard(await context.fetch(createRequest(context.url, day)), context);
      // for a Sunday, the bank may return the board of Saturday, which has its own page
      return quotes.filter(
        (quote): quote is DatedNewQuote =>
          quote.at !== undefined && startOfDay(quote.at) === day && quote.at >= from && quote.at < to,
      );
    }),
};

function createRequest(url: string, day: EpochMs): ProviderRequest {
  return { url: `${url}/api/exchangerates?date=${formatDate(day)}` };
}

function parseBoard(body: string, { now, rejected }: ProviderContext): NewQuote[] {
  const answer = parseJsonBody(body);
  const rows = answer.get('Data').list();
  if (rows.length === 0) return []; // a day without a board
  const updated = answer.get('UpdatedDate');
  const time = updated.hasValue ? updated : answer.get('Date');
  const at = time.plausibleTime(time.isoTime(), now);
  const quotes: NewQuote[] = [];
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
