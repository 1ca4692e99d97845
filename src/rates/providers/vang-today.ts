import { parseDay } from '../../domain/instant.ts';
import { type Field, json } from '../body.ts';
import { BROWSER, GOLD_EVERY, GoldQuotes, goldInstrument, isSilver } from '../gold.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../rows.ts';
import { isCurrency } from './currencies.ts';

/** VND per tael; world gold is USD per troy ounce. */
const VND_PER_TAEL = 1;

const WORLD = 'XAUUSD';

interface Kind {
  /** Undefined: by its name. */
  readonly instrument?: string;
  readonly company: string;
  readonly brand: string;
}

const CODES: ReadonlyMap<string, Kind> = new Map<string, Kind>([
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

const MOST_DAYS = 30;
const DAY = 24 * 3_600_000;

/** vang.today, which gathers the prices of several companies. */
export const vangToday: Provider = {
  id: 'vang-today',
  name: 'vang.today',
  market: 'gold',
  statedTime: 'change', // timestamp and update_time are of the last change
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'https://www.vang.today',
  enabled: true,

  requests: (context) => [ask(context)],

  parse(body, context) {
    const answer = read(body);
    const quotes = new GoldQuotes('vang-today');
    const said = ['timestamp', 'current_time'].map((name) => answer.get(name)).find(isTime);
    readRows(rows(answer), context.rejected, ([code, row]) => {
      const own = row.get('update_time');
      const time = isTime(own) ? own : said;
      add(quotes, code ?? row.get('type_code').name(), row, time?.acceptTime(time.seconds(), context.now));
    });
    return quotes.list();
  },

  /** Of each kind one price a day, for the last thirty days; its time is the beginning of its day. */
  backfill(context, from, to) {
    if (from >= to || from > context.now) return [];
    const span = Math.min(MOST_DAYS, Math.floor((context.now - from) / DAY) + 1);
    return [...CODES.keys(), WORLD].map((code) => ({
      id: code,
      read: async () => {
        const body = await context.fetch(ask(context, `?type=${code}&days=${span}`));
        return history(body, code, context).between(from, to);
      },
    }));
  },
};

function history(body: string, code: string, context: ProviderContext): GoldQuotes {
  const quotes = new GoldQuotes('vang-today', 'history');
  readRows(read(body).get('history').list(), context.rejected, (day) => {
    const at = parseDay(day.get('date').text())?.start;
    if (at === undefined) throw day.get('date').error('a day like 2026-03-16');
    const row = day.get('prices').get(code);
    if (row.exists) add(quotes, code, row, at);
  });
  return quotes;
}

function ask({ url }: ProviderContext, query = ''): ProviderRequest {
  return { url: `${url}/api/prices${query}`, headers: { 'user-agent': BROWSER, accept: 'application/json' } };
}

function read(body: string): Field {
  const answer = json(body);
  const success = answer.get('success');
  if (success.value !== true) throw success.error('true');
  return answer;
}

/** `prices` by their codes; with `?action=current` a list as `data`, the rows of which have their codes in them. */
function rows(answer: Field): [code: string | undefined, row: Field][] {
  const data = answer.get('data');
  if (data.exists) return data.list().map((row) => [undefined, row]);
  return answer.get('prices').entries();
}

function isTime(field: Field): boolean {
  return typeof field.value === 'number';
}

function add(quotes: GoldQuotes, code: string, row: Field, at: number | undefined): void {
  const kind = CODES.get(code);
  const currency = row.get('currency').textOrEmpty() || (code === WORLD ? 'USD' : kind ? 'VND' : '');
  if (code === WORLD) {
    if (currency !== 'USD') throw row.get('currency').error('USD');
    const [buy, sell] = [row.get('buy').price('plain'), row.get('sell').price('plain')];
    quotes.addWorld({ company: 'vang.today', brand: '', buy, sell, at });
    return;
  }
  if (currency !== 'VND') {
    if (kind) throw row.get('currency').error('VND');
    return; // an index or another metal of the world
  }
  if (isSilver(row.get('name').textOrEmpty()) || code.startsWith('XAG')) return;
  if (isCurrency(code)) {
    const [buy, sell] = [row.get('buy').price('plain'), row.get('sell').price('plain')];
    quotes.addCurrency({ instrument: code, company: 'vang.today', brand: '', buy, sell, at });
    return;
  }
  quotes.add({
    instrument: kind?.instrument ?? goldInstrument(row.get('name'), row.get('name').name(), kind?.company ?? ''),
    company: kind?.company ?? 'vang.today',
    brand: kind?.brand ?? '',
    buy: row.get('buy').price('plain', VND_PER_TAEL),
    sell: row.get('sell').price('plain', VND_PER_TAEL),
    at,
  });
}
