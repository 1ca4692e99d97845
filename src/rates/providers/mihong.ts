import { plain } from '../../domain/fold.ts';
import { type Field, json, parseTime } from '../body.ts';
import { CHI_PER_TAEL, GOLD_EVERY, GoldQuotes, goldInstrument } from '../gold.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows } from '../rows.ts';

/** VND per chỉ. */
const VND_PER_CHI = CHI_PER_TAEL;

const CODES: ReadonlyMap<string, string> = new Map([
  ['SJC', 'SJC'],
  ['999', 'MIHONG'],
]);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The spans that its history knows, shortest first. */
const SPANS: readonly (readonly [name: string, span: number])[] = [
  ['1h', HOUR],
  ['24h', DAY],
  ['15d', 15 * DAY],
  ['1M', 30 * DAY],
  ['6M', 181 * DAY],
  ['1y', 365 * DAY],
];

/** Mi Hồng, a shop in Hồ Chí Minh. Codes other than SJC are finenesses in thousandths. */
export const mihong: Provider = {
  id: 'mihong',
  name: 'Mi Hồng',
  market: 'gold',
  statedTime: 'change', // dateTime of each row is when its price was set
  every: GOLD_EVERY,
  spacing: 1000,
  url: 'https://api.mihong.vn',
  enabled: true,

  requests: (context) => [ask(context)],

  parse(body, context) {
    const quotes = new GoldQuotes('mihong');
    readRows(rows(body), context.rejected, (row) => {
      quotes.add({
        instrument: instrumentOf(row.get('code')),
        company: 'Mi Hồng',
        brand: '',
        ...prices(row),
        at: row.get('dateTime').acceptTime(time(row.get('dateTime')), context.now),
      });
    });
    return quotes.list();
  },

  /** Its history ends at now and goes back a year at most. */
  backfill(context, from, to) {
    if (from >= to || from > context.now) return [];
    const [last] = SPANS.find(([, span]) => context.now - from <= span) ?? SPANS.at(-1)!;
    return [...CODES].map(([code, instrument]) => ({
      id: code,
      read: async () => {
        const body = await context.fetch(ask(context, `&goldCode=${code}&last=${last}`));
        return history(body, instrument, context).between(from, to);
      },
    }));
  },
};

function history(body: string, instrument: string, context: ProviderContext): GoldQuotes {
  const quotes = new GoldQuotes('mihong', 'history');
  readRows(rows(body), context.rejected, (row) => {
    const stated = time(row.get('dateTime'));
    if (stated === undefined) throw row.get('dateTime').error('a time like DD/MM/YYYY HH:mm');
    const at = row.get('dateTime').acceptTime(stated, context.now);
    if (at === undefined) return; // here a price is nothing without its time
    quotes.add({ instrument, company: 'Mi Hồng', brand: '', ...prices(row), at });
  });
  return quotes;
}

function ask({ url }: ProviderContext, more = ''): ProviderRequest {
  return {
    url: `${url}/v1/gold-prices?market=domestic${more}`,
    headers: { 'x-market': 'mihong', accept: 'application/json' },
  };
}

/** A list, or an object with the list as `data`, as it was in 2025. */
function rows(body: string): Field[] {
  const answer = json(body);
  return (answer.isList ? answer : answer.get('data')).list();
}

function prices(row: Field): { buy: number | null; sell: number | null } {
  return {
    buy: row.get('buyingPrice').price('plain', VND_PER_CHI),
    sell: row.get('sellingPrice').price('plain', VND_PER_CHI),
  };
}

function instrumentOf(code: Field): string {
  return CODES.get(code.name()) ?? goldInstrument(code, code.name(), 'Mi Hồng');
}

function time(field: Field): number | undefined {
  if (typeof field.value !== 'string') return undefined;
  return parseTime(plain(field.value), 'DD/MM/YYYY HH:mm:ss') ?? parseTime(plain(field.value), 'YYYY-MM-DD HH:mm:ss');
}
