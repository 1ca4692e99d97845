import { Failure } from '../../domain/failure.ts';
import { formatDay, type Instant } from '../../domain/instant.ts';
import type { DatedQuote } from '../../domain/quote.ts';
import { type Field, json } from '../body.ts';
import { GOLD_EVERY, GoldQuotes, goldInstrument } from '../gold.ts';
import type { HistoryPage, Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { readRows, rowsOfGroups } from '../rows.ts';

/** VND per tael, also for bars and rings of a few chỉ. */
const VND_PER_TAEL = 1;

const DAY = 24 * 3_600_000;
/** A key holds for 15 days. */
const KEY_LIFE = 14 * DAY;
const CHUNK = 30 * DAY;
/** How far back it is asked for: its collection began in 2020. */
const FIRST_DAY = Date.UTC(2020, 0, 1);

interface Company {
  readonly path: string;
  readonly company: string;
  /** What follows `buy_` and `sell_`: the kind of gold, or the city of the company's own bar. */
  readonly kinds: ReadonlyMap<string, readonly [instrument: string, brand: string]>;
  /** The name of a kind that is not listed, for an id. */
  readonly named: (kind: string) => string;
}

const cities = (instrument: string): (readonly [string, readonly [string, string]])[] => [
  ['hcm', [instrument, 'Hồ Chí Minh']],
  ['hn', [instrument, 'Hà Nội']],
  ['dn', [instrument, 'Đà Nẵng']],
  ['ct', [instrument, 'Cần Thơ']],
];

const COMPANIES: readonly Company[] = [
  {
    path: 'sjc',
    company: 'SJC',
    kinds: new Map([
      ['1l', ['SJC', '']],
      ['nhan1c', ['SJC-RING', '']],
      ['5c', ['VANG-SJC-5-CHI', '']],
      ['1c', ['VANG-SJC-1-CHI', '']],
      ['nutrang_9999', ['SJC-VANG-NU-TRANG-99-99', '']],
    ]),
    named: (kind) => kind.replace(/^nutrang/, 'Vàng nữ trang').replaceAll('_', ' '),
  },
  { path: 'doji', company: 'DOJI', kinds: new Map(cities('DOJI')), named: (kind) => kind.replaceAll('_', ' ') },
  {
    path: 'pnj',
    company: 'PNJ',
    kinds: new Map([...cities('PNJ'), ['nhan_24k', ['PNJ-RING', '']]]),
    named: (kind) => kind.replaceAll('_', ' '),
  },
];

/**
 * vnappmob, which gathers SJC, DOJI and PNJ. It gives everybody a key of its own that holds for 15 days; a key in
 * config.json goes before it.
 */
export function createVnappmob(): Provider {
  /** The key in use, where it is from, and whether an answer came with it since it was last handed out. */
  let token: { readonly url: string; readonly text: string; readonly until: Instant; proven: boolean } | undefined;

  async function keyOf(context: ProviderContext): Promise<string> {
    if (context.key !== undefined) return context.key;
    // one that brought no answer the last time may have been refused: whoever fetches does not say
    if (token?.url !== context.url || !token.proven || token.until <= context.now) await renew(context);
    token!.proven = false;
    return token!.text;
  }

  async function keyInUse(context: ProviderContext): Promise<string> {
    if (context.key !== undefined) return context.key;
    if (token?.url !== context.url || token.until <= context.now) await renew(context);
    return token!.text;
  }

  async function renew(context: ProviderContext): Promise<void> {
    const results = json(await context.fetch({ url: `${context.url}/api/request_api_key?scope=gold` })).get('results');
    const text = results.value;
    if (typeof text !== 'string' || !/^[\w.~+/=-]{1,4096}$/.test(text)) throw results.error('a key');
    token = { url: context.url, text, until: context.now + KEY_LIFE, proven: false };
  }

  /** The quotes of `[start, next)`, with a key that is renewed where it is refused. */
  async function readMonth(context: ProviderContext, start: Instant, next: Instant): Promise<DatedQuote[]> {
    const range = `?date_from=${Math.floor(start / 1000)}&date_to=${Math.ceil(next / 1000)}`;
    const quotes = new GoldQuotes('vnappmob', 'history');
    for (const company of COMPANIES) {
      let body: string;
      try {
        body = await context.fetch(ask(context, company, await keyInUse(context), range));
      } catch (thrown) {
        if (context.key !== undefined || !refused(thrown)) throw thrown;
        await renew(context);
        body = await context.fetch(ask(context, company, token!.text, range));
      }
      read(quotes, body, company, context, 'history');
      if (token) token.proven = true;
    }
    return quotes.between(start, next);
  }

  return {
    id: 'vnappmob',
    name: 'vnappmob',
    market: 'gold',
    statedTime: 'change', // datetime is when the company set the prices
    every: GOLD_EVERY,
    spacing: 1000,
    url: 'https://api.vnappmob.com',
    key: 'optional',
    enabled: false,

    async requests(context) {
      const key = await keyOf(context);
      return COMPANIES.map((company) => ask(context, company, key));
    },

    parse(body, context, index) {
      const quotes = new GoldQuotes('vnappmob');
      read(quotes, body, COMPANIES[index] ?? COMPANIES[0]!, context, 'latest');
      if (token) token.proven = true;
      return quotes.list();
    },

    backfill(context, from, to) {
      const end = Math.min(to, context.now + 1);
      const pages: HistoryPage[] = [];
      for (let start = Math.max(from, FIRST_DAY); start < end; start += CHUNK) {
        const next = Math.min(start + CHUNK, end);
        pages.push({ id: formatDay(start), read: () => readMonth(context, start, next) });
      }
      return pages;
    },
  };
}

export const vnappmob: Provider = createVnappmob();

function refused(thrown: unknown): boolean {
  return thrown instanceof Failure && (thrown.data.status === 403 || thrown.data.status === 401);
}

function ask({ url }: ProviderContext, { path }: Company, key: string, query = ''): ProviderRequest {
  return { url: `${url}/api/v2/gold/${path}${query}`, headers: { authorization: `Bearer ${key}` } };
}

function read(
  quotes: GoldQuotes,
  body: string,
  { company, kinds, named }: Company,
  context: ProviderContext,
  kind: 'latest' | 'history',
): void {
  const rows = rowsOfGroups(json(body).get('results').list(), (result) => {
    const time = result.get('datetime');
    const at = time.acceptTime(time.seconds(), context.now);
    if (at === undefined && kind === 'history') return []; // there a price is nothing without its time
    const prices = new Map<string, { buy?: Field; sell?: Field; field: Field }>();
    for (const [name, field] of result.entries()) {
      const [, side, what] = /^(buy|sell)_(\w{1,40})$/.exec(name) ?? [];
      if (side === undefined || what === undefined) continue;
      prices.set(what, { field, ...prices.get(what), [side]: field });
    }
    if (prices.size === 0) throw result.error('prices, as buy_1l and sell_1l');
    return [...prices].map(([what, price]) => ({ what, at, ...price }));
  });
  readRows(rows, context.rejected, ({ what, at, buy, sell, field }) => {
    const [instrument, brand] = kinds.get(what) ?? [goldInstrument(field, named(what), company), ''];
    quotes.add({
      instrument,
      company,
      brand,
      buy: buy?.price('plain', VND_PER_TAEL) ?? null,
      sell: sell?.price('plain', VND_PER_TAEL) ?? null,
      at,
    });
  });
}
