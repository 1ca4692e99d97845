import type { DatedNewQuote } from '../../domain/quote.ts';
import { foldForSearch } from '../../domain/text.ts';
import { DAY_MS, type EpochMs, formatDate } from '../../domain/time.ts';
import { BROWSER_HEADERS, GOLD_INTERVAL_MS, GoldQuoteCollector, goldInstrumentId } from '../gold-quotes.ts';
import type { HistoryPage, Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { type BodyField, parseDotNetDate, parseSuccessBody } from '../response-body.ts';

/** `BuyValue` and `SellValue` are in VND per tael; `Buy` and `Sell` (thousand VND, as strings) are ignored. */
const VND_PER_TAEL = 1;

const PATH = '/GoldPrice/Services/PriceService.ashx';

/** SJC's id of the one-tael bar in Hồ Chí Minh. */
const BAR_ID = '1';
const BAR_BRANCH = 'Hồ Chí Minh';
const FIRST_DAY_MS = Date.UTC(2016, 0, 1, 17); // 2016-01-02 in Vietnam
const PAGE_MS = 365 * DAY_MS;

/** Saigon Jewelry Company, the maker of the SJC bar. May respond with 403 to IP addresses of data centers. */
export const sjc: Provider = {
  id: 'sjc',
  name: 'SJC',
  market: 'gold',
  statedTime: 'change', // latestDate is when the board last changed
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 1000,
  url: 'https://sjc.com.vn',
  enabled: true,

  requests: (context) => [createRequest(context)],

  parse(body, context) {
    const answer = parseSuccessBody(body);
    const at = answer.get('latestDate').readPlausibleTime(context.now, 'HH:mm DD/MM/YYYY');
    const quotes = new GoldQuoteCollector('sjc');
    readRows(answer.get('data').list(), context.rejected, (row) => {
      const type = row.get('TypeName').nonEmptyText();
      quotes.add({
        instrument: goldInstrumentId(row.get('TypeName'), type, 'SJC'),
        company: 'SJC',
        brand: brandWithSize(row.get('BranchName').textOrEmpty(), type),
        ...readPrices(row),
        at,
      });
    });
    return quotes.list();
  },

  backfill(context, from, to) {
    const end = Math.min(to, context.now + 1);
    const pages: HistoryPage[] = [];
    for (let start = Math.max(from, FIRST_DAY_MS); start < end; start += PAGE_MS) {
      const next = Math.min(start + PAGE_MS, end);
      pages.push({ id: formatDate(start), read: () => readYear(context, start, next) });
    }
    return pages;
  },
};

/** The prices of the bar in `[start, next)`. */
async function readYear(context: ProviderContext, start: EpochMs, next: EpochMs): Promise<DatedNewQuote[]> {
  const form = {
    method: 'GetGoldPriceHistory',
    fromDate: formatSlashDate(start),
    toDate: formatSlashDate(next - 1),
    goldPriceId: BAR_ID,
  };
  const quotes = new GoldQuoteCollector('sjc', 'history');
  const body = await context.fetch({ ...createRequest(context), method: 'POST', form });
  readRows(parseSuccessBody(body).get('data').list(), context.rejected, (row) => {
    const at = readDotNetDate(row.get('GroupDate'));
    quotes.add({ instrument: 'SJC', company: 'SJC', brand: BAR_BRANCH, ...readPrices(row), at });
  });
  return quotes.inPeriod(start, next);
}

function createRequest({ url }: ProviderContext): ProviderRequest {
  return { url: url + PATH, headers: { ...BROWSER_HEADERS, accept: 'application/json' } };
}

function readPrices(row: BodyField): { buy: number | null; sell: number | null } {
  return {
    buy: row.get('BuyValue').price('plain', VND_PER_TAEL),
    sell: row.get('SellValue').price('plain', VND_PER_TAEL),
  };
}

/** The branch, with the size for rings below one chỉ, because they share the instrument of larger rings. */
export function brandWithSize(branch: string, type: string): string {
  const size = /^vang nhan\b/.test(foldForSearch(type)) ? /(?<![\d.,])0[.,]\d+ chỉ.*$/iu.exec(type) : null;
  return size ? `${branch} ${size[0]}`.trim() : branch;
}

function readDotNetDate(field: BodyField): EpochMs {
  const at = parseDotNetDate(field.text());
  if (at === undefined) throw field.error('a time like /Date(1740792347063)/');
  return at;
}

function formatSlashDate(at: EpochMs): string {
  return formatDate(at).split('-').reverse().join('/');
}
