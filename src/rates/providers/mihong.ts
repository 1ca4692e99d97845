import { sanitizeText } from '../../domain/text.ts';
import { DAY_MS, HOUR_MS } from '../../domain/time.ts';
import { CHI_PER_TAEL, GOLD_INTERVAL_MS, GoldQuoteCollector, goldInstrumentId } from '../gold-quotes.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { type BodyField, parseJsonBody, parseVietnamTime } from '../response-body.ts';

/** VND per chỉ. */
const VND_PER_CHI = CHI_PER_TAEL;

const INSTRUMENTS_BY_CODE: ReadonlyMap<string, string> = new Map([
  ['SJC', 'SJC'],
  ['999', 'MIHONG'],
]);

/** The periods that the API supports, shortest first. */
const HISTORY_PERIODS: readonly (readonly [name: string, periodMs: number])[] = [
  ['1h', HOUR_MS],
  ['24h', DAY_MS],
  ['15d', 15 * DAY_MS],
  ['1M', 30 * DAY_MS],
  ['6M', 181 * DAY_MS],
  ['1y', 365 * DAY_MS],
];

/** Mi Hồng, a shop in Hồ Chí Minh. Codes other than SJC are finenesses in thousandths. */
export const mihong: Provider = {
  id: 'mihong',
  name: 'Mi Hồng',
  market: 'gold',
  statedTime: 'change', // dateTime of a row is when its price was set
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 1000,
  url: 'https://api.mihong.vn',
  enabled: true,

  requests: (context) => [createRequest(context)],

  parse(body, context) {
    const quotes = new GoldQuoteCollector('mihong');
    readRows(parseRows(body), context.rejected, (row) => {
      quotes.add({
        instrument: readInstrument(row.get('code')),
        company: 'Mi Hồng',
        brand: '',
        ...readPrices(row),
        at: row.get('dateTime').plausibleTime(readTime(row.get('dateTime')), context.now),
      });
    });
    return quotes.list();
  },

  /** The history ends now and covers at most a year. */
  backfill(context, from, to) {
    if (from >= to || from > context.now) return [];
    const [period] = HISTORY_PERIODS.find(([, periodMs]) => context.now - from <= periodMs) ?? HISTORY_PERIODS.at(-1)!;
    return [...INSTRUMENTS_BY_CODE].map(([code, instrument]) => ({
      id: code,
      read: async () => {
        const body = await context.fetch(createRequest(context, `&goldCode=${code}&last=${period}`));
        return parseHistory(body, instrument, context).inPeriod(from, to);
      },
    }));
  },
};

function parseHistory(body: string, instrument: string, context: ProviderContext): GoldQuoteCollector {
  const quotes = new GoldQuoteCollector('mihong', 'history');
  readRows(parseRows(body), context.rejected, (row) => {
    const stated = readTime(row.get('dateTime'));
    if (stated === undefined) throw row.get('dateTime').error('a time like DD/MM/YYYY HH:mm');
    const at = row.get('dateTime').plausibleTime(stated, context.now);
    if (at === undefined) return; // a historical price without a time is useless
    quotes.add({ instrument, company: 'Mi Hồng', brand: '', ...readPrices(row), at });
  });
  return quotes;
}

function createRequest({ url }: ProviderContext, more = ''): ProviderRequest {
  return {
    url: `${url}/v1/gold-prices?market=domestic${more}`,
    headers: { 'x-market': 'mihong', accept: 'application/json' },
  };
}

/** The body is a list, or (in 2025) an object with the list as `data`. */
function parseRows(body: string): BodyField[] {
  const answer = parseJsonBody(body);
  return (answer.isList ? answer : answer.get('data')).list();
}

function readPrices(row: BodyField): { buy: number | null; sell: number | null } {
  return {
    buy: row.get('buyingPrice').price('plain', VND_PER_CHI),
    sell: row.get('sellingPrice').price('plain', VND_PER_CHI),
  };
}

function readInstrument(code: BodyField): string {
  return INSTRUMENTS_BY_CODE.get(code.nonEmptyText()) ?? goldInstrumentId(code, code.nonEmptyText(), 'Mi Hồng');
}

function readTime(field: BodyField): number | undefined {
  if (typeof field.value !== 'string') return undefined;
  return (
    parseVietnamTime(sanitizeText(field.value), 'DD/MM/YYYY HH:mm:ss') ??
    parseVietnamTime(sanitizeText(field.value), 'YYYY-MM-DD HH:mm:ss')
  );
}
