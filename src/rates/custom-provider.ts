import { AppError } from '../domain/app-error.ts';
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
  assertProviderId(id, setting);
  setting.assertOnlyKnown('', SETTING_NAMES);
  setting.assertOnlyKnown('quote', FIELD_NAMES);
  const url = readUrl(setting);
  const headers = setting.headers();
  const key = readKey(setting);
  assertKeyGiven(setting, url, headers, key);
  const market = readMarket(setting);
  const enabled = readEnabled(setting);
  const name = readName(id, setting);
  const format = setting.format();
  const lists = setting.lists(format);
  const rows = setting.expression('rows', '@');
  const expressions = new Map<QuoteField, Expression>();
  for (const field of REQUIRED_FIELDS) expressions.set(field, setting.expression(`quote.${field}`));
  for (const field of OPTIONAL_FIELDS) {
    if (setting.get(`quote.${field}`) !== undefined) expressions.set(field, setting.expression(`quote.${field}`));
  }
  const time = setting.time();
  assertTimeDescribed(setting);
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

/** Every problem of the settings, each with its path and fix; empty if a provider can be created. */
export function customProviderErrors(id: string, settings: unknown): AppError[] {
  let setting: ProviderSettingsReader;
  try {
    setting = new ProviderSettingsReader(id, settings);
  } catch (thrown) {
    return [AppError.from(thrown)];
  }
  const has = (field: string): boolean => setting.get(field) !== undefined;
  const hasFields = setting.get('quote') !== undefined;
  const checks: (() => unknown)[] = [
    () => assertProviderId(id, setting),
    () => assertKeyGiven(setting, readUrl(setting), setting.headers(), readKey(setting)),
    () => readKey(setting),
    () => setting.headers(),
    () => readMarket(setting),
    () => readEnabled(setting),
    () => readName(id, setting),
    () => setting.lists(setting.format()),
    () => setting.expression('rows', '@'),
    ...(hasFields ? REQUIRED_FIELDS : []).map((field) => () => setting.expression(`quote.${field}`)),
    ...OPTIONAL_FIELDS.filter((field) => has(`quote.${field}`)).map(
      (field) => () => setting.expression(`quote.${field}`),
    ),
    () => setting.time(),
    () => assertTimeDescribed(setting),
    () => setting.number(),
    () => setting.scale(),
    () => setting.intervalMs(MIN_REQUEST_INTERVAL_MS),
  ];
  const errors = [
    ...setting.unknownSettings('', SETTING_NAMES),
    ...setting.unknownSettings('quote', FIELD_NAMES),
    ...checks.flatMap((check) => {
      try {
        check();
        return [];
      } catch (thrown) {
        return [AppError.from(thrown)];
      }
    }),
  ];
  return errors.filter(({ data }, i) => errors.findIndex((other) => other.data.path === data.path) === i);
}

const FIELD_NAMES = [...REQUIRED_FIELDS, ...OPTIONAL_FIELDS];

function assertProviderId(id: string, setting: ProviderSettingsReader): void {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(id) && id !== 'import') return;
  throw setting.settingError('', 'is not a valid id', 'Use 1-32 lower-case letters, digits and -, not "import".');
}

function readUrl(setting: ProviderSettingsReader): string {
  const url = setting.text('url', 'Set it to the URL of the rates, for example "https://example.com/rates.json".');
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url;
  throw setting.settingError('url', 'is not an http or https URL', 'Example: "https://example.com/rates.json".');
}

function readKey(setting: ProviderSettingsReader): string | undefined {
  const key = setting.get('key') === undefined ? undefined : setting.text('key', 'Set it to the key as a string.');
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  throw setting.settingError('key', 'has a character that URLs and headers do not allow', 'Copy the key again.');
}

function assertKeyGiven(
  setting: ProviderSettingsReader,
  url: string,
  headers: Readonly<Record<string, string>>,
  key: string | undefined,
): void {
  const needsKey = [url, ...Object.values(headers)].some((text) => text.includes(KEY_PLACEHOLDER));
  if (!needsKey || key !== undefined) return;
  throw setting.settingError('key', 'is missing', `Add it, or remove the placeholder "${KEY_PLACEHOLDER}".`);
}

function readMarket(setting: ProviderSettingsReader): Market {
  const text = setting.text('market', `Use one of ${MARKETS.join(', ')}.`);
  const market = MARKETS.find((each) => each === text);
  if (market) return market;
  throw setting.settingError('market', `is "${text}"`, `Use one of ${MARKETS.join(', ')}.`);
}

function readEnabled(setting: ProviderSettingsReader): boolean {
  const enabled = setting.get('enabled') ?? true;
  if (typeof enabled === 'boolean') return enabled;
  throw setting.settingError('enabled', 'is not a boolean', 'Use true or false.');
}

function readName(id: string, setting: ProviderSettingsReader): string {
  const given = setting.get('name') === undefined ? id : setting.text('name', 'Set it to a string.');
  return sanitizeText(given) || id;
}

function assertTimeDescribed(setting: ProviderSettingsReader): void {
  if (setting.get('time') === undefined || setting.get('quote.at') !== undefined) return;
  throw setting.settingError('time', 'describes `quote.at`, which is missing', 'Add it, or remove "time".');
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
