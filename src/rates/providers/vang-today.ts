import { isSilverName } from '../../domain/instrument.ts';
import { DAY_MS, parseDate } from '../../domain/time.ts';
import { BROWSER_HEADERS, GOLD_INTERVAL_MS, GoldQuoteCollector, goldInstrumentId } from '../gold-quotes.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../read-rows.ts';
import { type BodyField, parseSuccessBody } from '../response-body.ts';
import { isCurrency } from './currencies.ts';

/** VND per tael; world gold is USD per troy ounce. */
const VND_PER_TAEL = 1;

const WORLD_CODE = 'XAUUSD';

interface GoldKind {
  /** Undefined: identified by name. */
  readonly instrument?: string;
  readonly company: string;
  readonly brand: string;
}

const KINDS_BY_CODE: ReadonlyMap<string, GoldKind> = new Map<string, GoldKind>([
  ['SJL1L10', { instrument: 'SJC', company: 'SJC', brand: '' }],
  ['SJ9999', { instrument: 'SJC-RING', company: 'SJC', brand: '' }],
  ['DOHNL', { instrument: 'DOJI', company: 'DOJI', brand: 'Hà Nội' }],
  ['DOHCML', { instrument: 'DOJI', company: 'DOJI', brand: 'Hồ Chí Minh' }],
  ['DOJINHTV', { company: 'DOJI', brand: '' }],
  ['BTSJC', { instrument: 'SJC', company: 'BTMC', brand: '' }],
  ['BT9999NTT', { instrument: 'BTMC-RING', company: 'BTMC', brand: '' }],
  ['PQHNVM', { company: 'PNJ', brand: '' }],
  ['PQHN24NTT', { company: 'PNJ', brand: '' }],
  ['VNGSJC', { instrument: 'SJC', company: 'VN Gold', brand: '' }],
  ['VIETTINMSJC', { instrument: 'SJC', company: 'VietinBank', brand: '' }],
]);

const MAX_HISTORY_DAYS = 30;

/** vang.today, an aggregator of several companies. */
export const vangToday: Provider = {
  id: 'vang-today',
  name: 'vang.today',
  market: 'gold',
  statedTime: 'change', // timestamp and update_time are the times of the last change
  intervalMs: GOLD_INTERVAL_MS,
  minIntervalMs: 1000,
  url: 'https://www.vang.today',
  enabled: true,

  requests: (context) => [createRequest(context)],

  parse(body, context) {
    const answer = parseSuccessBody(body);
    const quotes = new GoldQuoteCollector('vang-today');
    const stated = ['timestamp', 'current_time'].map((name) => answer.get(name)).find(hasNumber);
    readRows(answerRows(answer), context.rejected, ([code, row]) => {
      const own = row.get('update_time');
      const time = hasNumber(own) ? own : stated;
      const at = time?.plausibleTime(time.unixSeconds(), context.now);
      addRow(quotes, code ?? row.get('type_code').nonEmptyText(), row, at);
    });
    return quotes.list();
  },

  /** One price per product and day for the last thirty days, dated at the start of the day. */
  backfill(context, from, to) {
    if (from >= to || from > context.now) return [];
    const dayCount = Math.min(MAX_HISTORY_DAYS, Math.floor((context.now - from) / DAY_MS) + 1);
    return [...KINDS_BY_CODE.keys(), WORLD_CODE].map((code) => ({
      id: code,
      read: async () => {
        const body = await context.fetch(createRequest(context, `?type=${code}&days=${dayCount}`));
        return parseHistory(body, code, context).inPeriod(from, to);
      },
    }));
  },
};

function parseHistory(body: string, code: string, context: ProviderContext): GoldQuoteCollector {
  const quotes = new GoldQuoteCollector('vang-today', 'history');
  readRows(parseSuccessBody(body).get('history').list(), context.rejected, (day) => {
    const at = parseDate(day.get('date').text())?.start;
    if (at === undefined) throw day.get('date').error('a date like 2026-03-16');
    const row = day.get('prices').get(code);
    if (row.exists) addRow(quotes, code, row, at);
  });
  return quotes;
}

function createRequest({ url }: ProviderContext, query = ''): ProviderRequest {
  return { url: `${url}/api/prices${query}`, headers: { ...BROWSER_HEADERS, accept: 'application/json' } };
}

/** Either `prices` by code, or (with `?action=current`) a list `data` of rows that contain their codes. */
function answerRows(answer: BodyField): [code: string | undefined, row: BodyField][] {
  const data = answer.get('data');
  if (data.exists) return data.list().map((row) => [undefined, row]);
  return answer.get('prices').entries();
}

function hasNumber(field: BodyField): boolean {
  return typeof field.value === 'number';
}

function addRow(quotes: GoldQuoteCollector, code: string, row: BodyField, at: number | undefined): void {
  const kind = KINDS_BY_CODE.get(code);
  const currency = row.get('currency').textOrEmpty() || (code === WORLD_CODE ? 'USD' : kind ? 'VND' : '');
  if (code === WORLD_CODE) {
    if (currency !== 'USD') throw row.get('currency').error('USD');
    const [buy, sell] = [row.get('buy').price('plain'), row.get('sell').price('plain')];
    quotes.addWorld({ company: 'vang.today', brand: '', buy, sell, at });
    return;
  }
  if (currency !== 'VND') {
    if (kind) throw row.get('currency').error('VND');
    return; // an index or another metal
  }
  if (isSilverName(row.get('name').textOrEmpty()) || code.startsWith('XAG')) return;
  if (isCurrency(code)) {
    const [buy, sell] = [row.get('buy').price('plain'), row.get('sell').price('plain')];
    quotes.addCurrency({ instrument: code, company: 'vang.today', brand: '', buy, sell, at });
    return;
  }
  quotes.add({
    instrument:
      kind?.instrument ?? goldInstrumentId(row.get('name'), row.get('name').nonEmptyText(), kind?.company ?? ''),
    company: kind?.company ?? 'vang.today',
    brand: kind?.brand ?? '',
    buy: row.get('buy').price('plain', VND_PER_TAEL),
    sell: row.get('sell').price('plain', VND_PER_TAEL),
    at,
  });
}
