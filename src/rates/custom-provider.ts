import { MARKETS, type Market } from '../domain/instrument.ts';
import type { NewQuote } from '../domain/quote.ts';
import { sanitizeText } from '../domain/text.ts';
import { parseCsvRows } from './csv-body.ts';
import type { Expression } from './jmespath-expression.ts';
import { type Provider, ResponseFormatError } from './provider.ts';
import { type BodyFormat, ProviderSettingsReader } from './provider-settings-reader.ts';
import { readRows } from './read-rows.ts';
import { BodyField, parseJsonBody, parseXmlBody } from './response-body.ts';
import { OPTIONAL_FIELDS, type QuoteField, REQUIRED_FIELDS, RowReader } from './row-reader.ts';

const DEFAULT_INTERVALS_MS: Readonly<Record<Market, number>> = {
  gold: 30 * 60_000,
  silver: 30 * 60_000,
  crypto: 60_000,
  fx: 3_600_000,
};
const MIN_REQUEST_INTERVAL_MS = 1000;
const MAX_ROWS = 10_000;
const KEY_PLACEHOLDER = '{key}';
const SETTING_NAMES = [
  ...['name', 'enabled', 'url', 'market', 'every', 'headers', 'key', 'format', 'lists', 'rows', 'number', 'scale'],
  ...['time', 'quote'],
];

/**
 * Creates a provider from config.json alone, for a JSON, XML or CSV body over GET. See docs/providers.md.
 * @param settings the value at `rates.providers.<id>`
 * @throws AppError CONFIG_INVALID, which names the setting and the fix
 */
export function createCustomProvider(id: string, settings: unknown): Provider {
  const setting = new ProviderSettingsReader(id, settings);
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(id) || id === 'import') {
    throw setting.settingError('', 'is not a valid id', 'Use 1-32 lower-case letters, digits and -, not "import".');
  }
  setting.assertOnlyKnown('', SETTING_NAMES);
  setting.assertOnlyKnown('quote', [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS]);

  const url = setting.text('url', 'Set it to the URL of the rates, for example "https://example.com/rates.json".');
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw setting.settingError('url', 'is not an http or https URL', 'Example: "https://example.com/rates.json".');
  }
  const headers = setting.headers();
  const key = setting.get('key') === undefined ? undefined : setting.text('key', 'Set it to the key as a string.');
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw setting.settingError('key', 'has a character that URLs and headers do not allow', 'Copy the key again.');
  }
  const needsKey = [url, ...Object.values(headers)].some((text) => text.includes(KEY_PLACEHOLDER));
  if (needsKey && key === undefined) {
    throw setting.settingError('key', 'is missing', `Add it, or remove the placeholder "${KEY_PLACEHOLDER}".`);
  }

  const marketText = setting.text('market', `Use one of ${MARKETS.join(', ')}.`);
  const market = MARKETS.find((market) => market === marketText);
  if (!market) throw setting.settingError('market', `is "${marketText}"`, `Use one of ${MARKETS.join(', ')}.`);
  const enabled = setting.get('enabled') ?? true;
  if (typeof enabled !== 'boolean') throw setting.settingError('enabled', 'is not a boolean', 'Use true or false.');
  const given = setting.get('name') === undefined ? id : setting.text('name', 'Set it to a string.');
  const name = sanitizeText(given) || id;

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
    throw setting.settingError('time', 'describes `quote.at`, which is missing', 'Add it, or remove "time".');
  }
  const reader = new RowReader({ id, name, market, expressions, notation: setting.number(), scale: setting.scale() });

  return {
    id,
    name,
    market,
    statedTime: expressions.has('at') ? time : 'none',
    intervalMs: setting.intervalMs(DEFAULT_INTERVALS_MS[market]),
    minIntervalMs: MIN_REQUEST_INTERVAL_MS,
    url,
    ...(key === undefined ? {} : { key: 'optional' }),
    enabled,

    // Keep the URL as written: a trailing slash may matter to the server.
    requests: (context) => {
      const current = context.key ?? key ?? '';
      return [
        {
          url: url.replaceAll(KEY_PLACEHOLDER, () => encodeURIComponent(current)),
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name, value.replaceAll(KEY_PLACEHOLDER, () => current)]),
          ),
        },
      ];
    },

    parse(body, { now, rejected }) {
      const { value, invalidRows } = parseDocument(body, format, lists);
      const quotes: NewQuote[] = [];
      readRows([...invalidRows, ...findRows(new BodyField(rows.evaluate(value, 'rows'), 'rows'))], rejected, (row) => {
        const quote = reader.read(row, now);
        if (quote) quotes.push(quote);
      });
      return quotes;
    },
  };
}

/** Parses a body for expressions; rows that could not be parsed are returned separately. */
function parseDocument(body: string, format: BodyFormat, lists: readonly string[]) {
  if (format === 'json') return { value: parseJsonBody(body).value, invalidRows: [] };
  if (format === 'xml') return { value: parseXmlBody(body, lists).value, invalidRows: [] };
  const [value, invalidRows]: [unknown[], ResponseFormatError[]] = [[], []];
  for (const row of parseCsvRows(body, MAX_ROWS)) {
    if (row instanceof ResponseFormatError) invalidRows.push(row);
    else value.push(row);
  }
  return { value, invalidRows };
}

/** The elements of a list, or the fields of an object as `{ key, value }`. */
function findRows(found: BodyField): BodyField[] {
  const rows = found.isList
    ? found.list()
    : found.isObject
      ? found.entries().map(([key, field]) => new BodyField({ key, value: field.value }, field.path))
      : undefined;
  if (!rows) throw found.error('a list, or an object whose fields are rows');
  if (rows.length > MAX_ROWS) throw found.error(`at most ${MAX_ROWS} rows`);
  return rows;
}
