import { plain } from '../domain/fold.ts';
import { MARKETS, type Market } from '../domain/instrument.ts';
import type { QuoteDraft } from '../domain/quote.ts';
import { Field, json, xml } from './body.ts';
import { csvRows } from './csv.ts';
import type { Expression } from './expression.ts';
import { BodyError, type Provider } from './provider.ts';
import { type Format, ProviderSettings } from './provider-settings.ts';
import { OPTIONAL_FIELDS, type QuoteField, REQUIRED_FIELDS, RowReader } from './row-reader.ts';
import { readRows } from './rows.ts';

const EVERY: Readonly<Record<Market, number>> = {
  gold: 30 * 60_000,
  silver: 30 * 60_000,
  crypto: 60_000,
  fx: 3_600_000,
};
const SPACING = 1000;
const MOST_ROWS = 10_000;
const KEY = '{key}';
const SETTINGS = [
  ...['name', 'enabled', 'url', 'market', 'every', 'headers', 'key', 'format', 'lists', 'rows', 'number', 'scale'],
  ...['time', 'quote'],
];

/**
 * A provider made of config.json alone, for a body of JSON, XML or CSV over GET. Form and example: docs/providers.md.
 * @param settings the value at `rates.providers.<id>`.
 * @throws Failure CONFIG_INVALID that names the setting and how to mend it.
 */
export function configuredProvider(id: string, settings: unknown): Provider {
  const setting = new ProviderSettings(id, settings);
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(id) || id === 'import') {
    throw setting.wrong('', 'is no id for a provider', 'Take 1-32 small letters, digits and -, and not "import".');
  }
  setting.only('', SETTINGS);
  setting.only('quote', [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS]);

  const url = setting.text('url', 'Write the address of the rates, as "https://example.com/rates.json".');
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw setting.wrong('url', 'is not an http or https address', 'Write it as "https://example.com/rates.json".');
  }
  const headers = setting.headers();
  const key = setting.get('key') === undefined ? undefined : setting.text('key', 'Write the key between quotes.');
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw setting.wrong('key', 'has a space or a letter that no address or header can carry', 'Copy it once more.');
  }
  const needsKey = [url, ...Object.values(headers)].some((text) => text.includes(KEY));
  if (needsKey && key === undefined) {
    throw setting.wrong('key', `is missing, and "${KEY}" stands for it`, 'Add "key", or take the placeholder out.');
  }

  const marketText = setting.text('market', `Write one of ${MARKETS.join(', ')}.`);
  const market = MARKETS.find((market) => market === marketText);
  if (!market) throw setting.wrong('market', `is "${marketText}"`, `Write one of ${MARKETS.join(', ')}.`);
  const enabled = setting.get('enabled') ?? true;
  if (typeof enabled !== 'boolean') throw setting.wrong('enabled', 'is neither true nor false', 'Write true or false.');
  const given = setting.get('name') === undefined ? id : setting.text('name', 'Write a name between quotes.');
  const name = plain(given) || id;

  const format = setting.format();
  const lists = setting.lists(format);
  const rows = setting.expression('rows', '@');
  const expressions = new Map<QuoteField, Expression>();
  for (const field of REQUIRED_FIELDS) expressions.set(field, setting.expression(`quote.${field}`));
  for (const field of OPTIONAL_FIELDS) {
    if (setting.get(`quote.${field}`) !== undefined) expressions.set(field, setting.expression(`quote.${field}`));
  }
  const time = setting.time();
  if (setting.get('time') !== undefined && !expressions.has('at')) {
    throw setting.wrong(
      'time',
      'says what `quote.at` means, and there is none',
      'Add "at" to "quote", or take it out.',
    );
  }
  const reader = new RowReader({ id, name, market, expressions, form: setting.number(), scale: setting.scale() });

  return {
    id,
    name,
    market,
    statedTime: expressions.has('at') ? time : 'none',
    every: setting.every(EVERY[market]),
    spacing: SPACING,
    url,
    ...(key === undefined ? {} : { key: 'optional' }),
    enabled,

    // The address is taken as it is written: a slash at its end may matter to the server.
    requests: (context) => {
      const current = context.key ?? key ?? '';
      return [
        {
          url: url.replaceAll(KEY, () => encodeURIComponent(current)),
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name, value.replaceAll(KEY, () => current)]),
          ),
        },
      ];
    },

    parse(body, { now, rejected }) {
      const { value, misfits } = documentOf(body, format, lists);
      const quotes: QuoteDraft[] = [];
      readRows([...misfits, ...rowsOf(new Field(rows.evaluate(value, 'rows'), 'rows'))], rejected, (row) => {
        const quote = reader.read(row, now);
        if (quote) quotes.push(quote);
      });
      return quotes;
    },
  };
}

/** What a body holds, for expressions, and rows that did not become part of it. */
function documentOf(body: string, format: Format, lists: readonly string[]): { value: unknown; misfits: BodyError[] } {
  if (format === 'json') return { value: json(body).value, misfits: [] };
  if (format === 'xml') return { value: xml(body, lists).value, misfits: [] };
  const [value, misfits]: [unknown[], BodyError[]] = [[], []];
  for (const row of csvRows(body, MOST_ROWS)) {
    if (row instanceof BodyError) misfits.push(row);
    else value.push(row);
  }
  return { value, misfits };
}

/** The elements of a list, or the fields of an object as `{ key, value }`. */
function rowsOf(found: Field): Field[] {
  const rows = found.isList
    ? found.list()
    : found.isObject
      ? found.entries().map(([key, field]) => new Field({ key, value: field.value }, field.path))
      : undefined;
  if (!rows) throw found.error('a list, or an object with the rows as its fields');
  if (rows.length > MOST_ROWS) throw found.error(`at most ${MOST_ROWS} rows`);
  return rows;
}
