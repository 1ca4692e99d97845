import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import { parseDuration } from '../domain/time.ts';
import { Expression } from './jmespath-expression.ts';
import type { NumberNotation } from './response-body.ts';
import { REQUIRED_FIELDS } from './row-reader.ts';

const MIN_INTERVAL_MS = 1000;

export const BODY_FORMATS = ['json', 'xml', 'csv'] as const;
export type BodyFormat = (typeof BODY_FORMATS)[number];

const NUMBER_NOTATIONS: Readonly<Record<string, NumberNotation>> = { '1,234.5': 'comma', '1.234,5': 'dot' };

/** Reads the settings of one provider; every error names the full path of the setting. */
export class ProviderSettingsReader {
  readonly #id: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(id: string, values: unknown) {
    this.#id = sanitizeText(id).slice(0, 60);
    this.#values = {};
    if (!isObject(values))
      throw this.settingError('', 'is not an object', 'Example: { "url": ..., "market": ..., "quote": ... }.');
    this.#values = values;
  }

  /** The value at `path` (`quote.buy`), if any. */
  get(path: string): unknown {
    let value: unknown = this.#values;
    for (const name of path.split('.')) {
      if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
      value = value[name];
    }
    return value;
  }

  text(path: string, fix: string): string {
    const value = this.get(path);
    if (value === undefined) throw this.settingError(path, 'is missing', fix);
    if (typeof value !== 'string' || value.trim() === '')
      throw this.settingError(path, 'is not a string or is empty', fix);
    return value.trim();
  }

  expression(path: string, fallback?: string): Expression {
    const text =
      fallback !== undefined && this.get(path) === undefined
        ? fallback
        : this.text(path, `Use a JMESPath expression such as "price", or a constant such as "'VND'".`);
    try {
      return new Expression(text);
    } catch (cause) {
      const why = sanitizeText((cause as Error).message);
      throw this.settingError(
        path,
        `is not a JMESPath expression (${why})`,
        `Use a field such as "price", or a constant such as "'VND'".`,
        cause,
      );
    }
  }

  headers(): Record<string, string> {
    const headers = this.get('headers') ?? {};
    const fix = 'Example: { "name": "value" }.';
    if (!isObject(headers)) throw this.settingError('headers', 'is not an object', fix);
    for (const [name, value] of Object.entries(headers)) {
      // Not quoted: an invalid name may be a secret value in the wrong place.
      if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
        throw this.settingError('headers', 'has an invalid header name', fix);
      const path = `headers.${name}`;
      if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value)) {
        throw this.settingError(path, 'is not a valid header value', 'Use printable ASCII characters.');
      }
    }
    return headers as Record<string, string>;
  }

  intervalMs(fallback: number): number {
    const value = this.get('every');
    if (value === undefined) return fallback;
    const intervalMs = typeof value === 'string' ? parseDuration(value) : undefined;
    if (intervalMs === undefined || intervalMs < MIN_INTERVAL_MS) {
      throw this.settingError('every', 'must be a duration of at least 1 second', 'Examples: "30m", "60s", "1h".');
    }
    return intervalMs;
  }

  format(): BodyFormat {
    const value = this.get('format') ?? 'json';
    const format = BODY_FORMATS.find((format) => format === value);
    if (!format) throw this.settingError('format', 'is not a body format', `Use one of ${BODY_FORMATS.join(', ')}.`);
    return format;
  }

  /** Names of XML elements that may occur several times. */
  lists(format: BodyFormat): readonly string[] {
    const value = this.get('lists') ?? [];
    if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && name !== '')) {
      throw this.settingError('lists', 'is not a list of names', 'Example: ["city", "item"].');
    }
    if (format !== 'xml' && this.get('lists') !== undefined) {
      throw this.settingError('lists', 'applies to XML bodies only', 'Remove it, or add "format": "xml".');
    }
    return value;
  }

  /** How numbers in strings are written; undefined if not set. */
  number(): NumberNotation | undefined {
    const value = this.get('number');
    if (value === undefined) return undefined;
    const notation =
      typeof value === 'string' && Object.hasOwn(NUMBER_NOTATIONS, value) ? NUMBER_NOTATIONS[value] : undefined;
    if (!notation) throw this.settingError('number', 'is not a number format', 'Use "1,234.5" or "1.234,5".');
    return notation;
  }

  scale(): number {
    const value = this.get('scale') ?? 1;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.settingError('scale', 'is not a positive number', 'Set it to the factor for prices, for example 1000.');
  }

  /** The meaning of the times of rows. */
  time(): 'change' | 'response' {
    const value = this.get('time') ?? 'change';
    if (value === 'change' || value === 'response') return value;
    throw this.settingError(
      'time',
      'is neither "change" nor "response"',
      'Use "change" if `at` is when the price was set, "response" if it is when the response was created.',
    );
  }

  /** Rejects unknown settings: most are typing errors. */
  assertOnlyKnown(path: string, names: readonly string[]): void {
    const [first] = this.unknownSettings(path, names);
    if (first) throw first;
  }

  /** An error for each unknown setting, or the one that there are no settings. */
  unknownSettings(path: string, names: readonly string[]): AppError[] {
    const values = path === '' ? this.#values : this.get(path);
    const required = `It requires ${REQUIRED_FIELDS.join(', ')}.`;
    if (values === undefined) return [this.settingError(path, 'is missing', required)];
    if (!isObject(values)) return [this.settingError(path, 'is not an object', required)];
    return Object.keys(values)
      .filter((name) => !names.includes(name))
      .map((name) => {
        const full = path === '' ? sanitizeText(name) : `${path}.${sanitizeText(name)}`;
        return this.settingError(full, 'is an unknown setting', `Remove it, or use one of ${names.join(', ')}.`);
      });
  }

  settingError(path: string, what: string, fix: string, cause?: unknown): AppError {
    const full = `rates.providers.${this.#id}${path === '' ? '' : `.${path}`}`;
    return new AppError('CONFIG_INVALID', `${full} ${what}. ${fix}`, { cause, data: { path: full } });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
