import { AppError } from '../../domain/app-error.ts';
import type { DatedNewQuote } from '../../domain/quote.ts';
import { DAY_MS, type EpochMs, formatDate } from '../../domain/time.ts';
import { GOLD_INTERVAL_MS, GoldQuoteCollector, goldInstrumentId } from '../gold-quotes.ts';
import type { HistoryPage, Provider, ProviderContext, ProviderRequest } from '../provider.ts';
import { flattenGroups, readRows } from '../read-rows.ts';
import { type BodyField, parseJsonBody } from '../response-body.ts';

/** VND per tael, even for bars and rings of a few chỉ. */
const VND_PER_TAEL = 1;

/** A key is valid for 15 days. */
const KEY_LIFETIME_MS = 14 * DAY_MS;
const PAGE_MS = 30 * DAY_MS;
/** The API's history begins in 2020. */
const FIRST_DAY_MS = Date.UTC(2020, 0, 1);

interface Company {
  readonly path: string;
  readonly company: string;
  /** By the suffix of `buy_` and `sell_`: the product, or the city of the company's own bar. */
  readonly kinds: ReadonlyMap<string, readonly [instrument: string, brand: string]>;
  /** The name of an unlisted product, from which its id is built. */
  readonly nameOfKind: (kind: string) => string;
}

const cityKinds = (instrument: string): (readonly [string, readonly [string, string]])[] => [
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
    nameOfKind: (kind) => kind.replace(/^nutrang/, 'Vàng nữ trang').replaceAll('_', ' '),
  },
  { path: 'doji', company: 'DOJI', kinds: new Map(cityKinds('DOJI')), nameOfKind: (kind) => kind.replaceAll('_', ' ') },
  {
    path: 'pnj',
    company: 'PNJ',
    kinds: new Map([...cityKinds('PNJ'), ['nhan_24k', ['PNJ-RING', '']]]),
    nameOfKind: (kind) => kind.replaceAll('_', ' '),
  },
];

/**
 * vnappmob, an aggregator of SJC, DOJI and PNJ. It issues keys that are valid for 15 days; a key in config.json takes
 * precedence.
 */
export function createVnappmob(): Provider {
  /** The current key, its origin, and whether a request succeeded with it since it was last used. */
  let token: { readonly url: string; readonly text: string; readonly until: EpochMs; proven: boolean } | undefined;

  async function keyOf(context: ProviderContext): Promise<string> {
    if (context.key !== undefined) return context.key;
    // a key without a success may have been rejected: the fetcher does not tell
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
    const results = parseJsonBody(await context.fetch({ url: `${context.url}/api/request_api_key?scope=gold` })).get(
      'results',
    );
    const text = results.value;
    if (typeof text !== 'string' || !/^[\w.~+/=-]{1,4096}$/.test(text)) throw results.error('a key');
    token = { url: context.url, text, until: context.now + KEY_LIFETIME_MS, proven: false };
  }

  /** The quotes of `[start, next)`. Renews the key if it is rejected. */
  async function readMonth(context: ProviderContext, start: EpochMs, next: EpochMs): Promise<DatedNewQuote[]> {
    const range = `?date_from=${Math.floor(start / 1000)}&date_to=${Math.ceil(next / 1000)}`;
    const quotes = new GoldQuoteCollector('vnappmob', 'history');
    for (const company of COMPANIES) {
      let body: string;
      try {
        body = await context.fetch(createRequest(context, company, await keyInUse(context), range));
      } catch (thrown) {
        if (context.key !== undefined || !isAuthError(thrown)) throw thrown;
        await renew(context);
        body = await context.fetch(createRequest(context, company, token!.text, range));
      }
      addQuotes(quotes, body, company, context, 'history');
      if (token) token.proven = true;
    }
    return quotes.inPeriod(start, next);
  }

  return {
    id: 'vnappmob',
    name: 'vnappmob',
    market: 'gold',
    statedTime: 'change', // datetime is when the prices were set
    intervalMs: GOLD_INTERVAL_MS,
    minIntervalMs: 1000,
    url: 'https://api.vnappmob.com',
    key: 'optional',
    enabled: false,

    async requests(context) {
      const key = await keyOf(context);
      return COMPANIES.map((company) => createRequest(context, company, key));
    },

    parse(body, context, index) {
      const quotes = new GoldQuoteCollector('vnappmob');
      addQuotes(quotes, body, COMPANIES[index] ?? COMPANIES[0]!, context, 'latest');
      if (token) token.proven = true;
      return quotes.list();
    },

    backfill(context, from, to) {
      const end = Math.min(to, context.now + 1);
      const pages: HistoryPage[] = [];
      for (let start = Math.max(from, FIRST_DAY_MS); start < end; start += PAGE_MS) {
        const next = Math.min(start + PAGE_MS, end);
        pages.push({ id: formatDate(start), read: () => readMonth(context, start, next) });
      }
      return pages;
    },
  };
}

export const vnappmob: Provider = createVnappmob();

function isAuthError(thrown: unknown): boolean {
  return thrown instanceof AppError && (thrown.data.status === 403 || thrown.data.status === 401);
}

function createRequest({ url }: ProviderContext, { path }: Company, key: string, query = ''): ProviderRequest {
  return { url: `${url}/api/v2/gold/${path}${query}`, headers: { authorization: `Bearer ${key}` } };
}

function addQuotes(
  quotes: GoldQuoteCollector,
  body: string,
  { company, kinds, nameOfKind }: Company,
  context: ProviderContext,
  kind: 'latest' | 'history',
): void {
  const rows = flattenGroups(parseJsonBody(body).get('results').list(), (result) => {
    const time = result.get('datetime');
    const at = time.plausibleTime(time.unixSeconds(), context.now);
    if (at === undefined && kind === 'history') return []; // a historical price without a time is useless
    const prices = new Map<string, { buy?: BodyField; sell?: BodyField; field: BodyField }>();
    for (const [name, field] of result.entries()) {
      const [, side, what] = /^(buy|sell)_(\w{1,40})$/.exec(name) ?? [];
      if (side === undefined || what === undefined) continue;
      prices.set(what, { field, ...prices.get(what), [side]: field });
    }
    if (prices.size === 0) throw result.error('prices such as buy_1l and sell_1l');
    return [...prices].map(([what, price]) => ({ what, at, ...price }));
  });
  readRows(rows, context.rejected, ({ what, at, buy, sell, field }) => {
    const [instrument, brand] = kinds.get(what) ?? [goldInstrumentId(field, nameOfKind(what), company), ''];
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
