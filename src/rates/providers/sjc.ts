import { fold } from '../../domain/fold.ts';
import { formatDay, type Instant } from '../../domain/instant.ts';
import type { DatedQuote } from '../../domain/quote.ts';
import { type Field, json, parseDotNetDate } from '../body.ts';
import { BROWSER, GOLD_EVERY, GoldQuotes, goldInstrument } from '../gold.ts';
import type { HistoryPage, Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../rows.ts';

/** `BuyValue` and `SellValue` are VND per tael; `Buy` and `Sell` (thousand VND, as texts) are not read. */
const VND_PER_TAEL = 1;

const PATH = '/GoldPrice/Services/PriceService.ashx';

/** Its own number of the bar of one tael in Hồ Chí Minh. */
const BAR_ID = '1';
const BAR_BRANCH = 'Hồ Chí Minh';
const FIRST_DAY = Date.UTC(2016, 0, 1, 17); // 2016-01-02 in Vietnam
const DAY = 24 * 3_600_000;
const CHUNK = 365 * DAY;

/** Saigon Jewelry Company, which makes the SJC bar. May answer 403 from the addresses of data centres. */
export const sjc: Provider = {
  id: 'sjc',
  name: 'SJC',
  market: 'gold',
  statedTime: 'change', // latestDate is when the board last changed
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'https://sjc.com.vn',
  enabled: true,

  requests: (context) => [ask(context)],

  parse(body, context) {
    const answer = read(body);
    const at = answer.get('latestDate').statedTime(context.now, 'HH:mm DD/MM/YYYY');
    const quotes = new GoldQuotes('sjc');
    readRows(answer.get('data').list(), context.rejected, (row) => {
      const type = row.get('TypeName').name();
      quotes.add({
        instrument: goldInstrument(row.get('TypeName'), type, 'SJC'),
        company: 'SJC',
        brand: branded(row.get('BranchName').textOrEmpty(), type),
        ...prices(row),
        at,
      });
    });
    return quotes.list();
  },

  backfill(context, from, to) {
    const end = Math.min(to, context.now + 1);
    const pages: HistoryPage[] = [];
    for (let start = Math.max(from, FIRST_DAY); start < end; start += CHUNK) {
      const next = Math.min(start + CHUNK, end);
      pages.push({ id: formatDay(start), read: () => readYear(context, start, next) });
    }
    return pages;
  },
};

/** The bar's prices of `[start, next)`. */
async function readYear(context: ProviderContext, start: Instant, next: Instant): Promise<DatedQuote[]> {
  const form = {
    method: 'GetGoldPriceHistory',
    fromDate: slashed(start),
    toDate: slashed(next - 1),
    goldPriceId: BAR_ID,
  };
  const quotes = new GoldQuotes('sjc', 'history');
  const body = await context.fetch({ ...ask(context), method: 'POST', form });
  readRows(read(body).get('data').list(), context.rejected, (row) => {
    const at = dotNetDate(row.get('GroupDate'));
    quotes.add({ instrument: 'SJC', company: 'SJC', brand: BAR_BRANCH, ...prices(row), at });
  });
  return quotes.between(start, next);
}

function ask({ url }: ProviderContext): ProviderRequest {
  return { url: url + PATH, headers: { 'user-agent': BROWSER, accept: 'application/json' } };
}

function read(body: string): Field {
  const answer = json(body);
  const success = answer.get('success');
  if (success.value !== true) throw success.error('true');
  return answer;
}

function prices(row: Field): { buy: number | null; sell: number | null } {
  return {
    buy: row.get('BuyValue').price('plain', VND_PER_TAEL),
    sell: row.get('SellValue').price('plain', VND_PER_TAEL),
  };
}

/** The branch; rings of less than a chỉ, which share their instrument with the others, also have their size. */
export function branded(branch: string, type: string): string {
  const size = /^vang nhan\b/.test(fold(type)) ? /(?<![\d.,])0[.,]\d+ chỉ.*$/iu.exec(type) : null;
  return size ? `${branch} ${size[0]}`.trim() : branch;
}

function dotNetDate(field: Field): Instant {
  const at = parseDotNetDate(field.text());
  if (at === undefined) throw field.error('a time like /Date(1740792347063)/');
  return at;
}

function slashed(at: Instant): string {
  return formatDay(at).split('-').reverse().join('/');
}
