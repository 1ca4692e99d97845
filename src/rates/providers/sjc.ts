import { fold } from '../../domain/fold.ts';
import { formatDay, type Instant } from '../../domain/instant.ts';
import { type Field, json } from '../body.ts';
import { BROWSER, GOLD_EVERY, GoldQuotes, goldInstrument } from '../gold.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';

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
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'https://sjc.com.vn',
  enabled: true,

  requests: (context) => [ask(context)],

  parse(body, context) {
    const answer = read(body);
    const at = answer.get('latestDate').timeIfBelievable(context.now, 'HH:mm DD/MM/YYYY');
    const quotes = new GoldQuotes('sjc', context);
    for (const row of answer.get('data').list()) {
      const type = row.get('TypeName').name();
      quotes.add({
        instrument: goldInstrument(row.get('TypeName'), type, 'SJC'),
        company: 'SJC',
        brand: branded(row.get('BranchName').textOrEmpty(), type),
        ...prices(row),
        at,
      });
    }
    return quotes.list();
  },

  async *backfill(context, from, to) {
    const end = Math.min(to, context.now + 1);
    for (let start = Math.max(from, FIRST_DAY); start < end; start += CHUNK) {
      const next = Math.min(start + CHUNK, end);
      const form = {
        method: 'GetGoldPriceHistory',
        fromDate: slashed(start),
        toDate: slashed(next - 1),
        goldPriceId: BAR_ID,
      };
      const quotes = new GoldQuotes('sjc', context, 'history');
      const body = await context.fetch({ ...ask(context), method: 'POST', form });
      for (const row of read(body).get('data').list()) {
        const at = dotNetDate(row.get('GroupDate'));
        quotes.add({ instrument: 'SJC', company: 'SJC', brand: BAR_BRANCH, ...prices(row), at });
      }
      const chunk = quotes.between(start, next);
      if (chunk.length > 0) yield chunk;
    }
  },
};

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

/** `/Date(1740792347063)/`, milliseconds. */
function dotNetDate(field: Field): Instant {
  const match = /^\/Date\((-?\d{1,15})\)\/$/.exec(field.text());
  if (!match) throw field.error('a time like /Date(1740792347063)/');
  return Number(match[1]);
}

function slashed(at: Instant): string {
  return formatDay(at).split('-').reverse().join('/');
}
