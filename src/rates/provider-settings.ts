import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { parseSpan } from '../domain/instant.ts';
import type { NumberForm } from './body.ts';
import { Expression } from './expression.ts';
import { REQUIRED_FIELDS } from './row-reader.ts';

const SHORTEST = 1000;

export const FORMATS = ['json', 'xml', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

const NUMBERS: Readonly<Record<string, NumberForm>> = { '1,234.5': 'comma', '1.234,5': 'dot' };

/** Reads the settings of one provider; every refusal names the setting by its full path. */
export class ProviderSettings {
  readonly #id: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(id: string, values: unknown) {
    this.#id = plain(id).slice(0, 60);
    this.#values = {};
    if (!isObject(values))
      throw this.wrong('', 'is not an object', 'Write { "url": ..., "market": ..., "quote": ... }.');
    this.#values = values;
  }

  /** The value at `path` (`quote.buy`); undefined when it is not there. */
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
    if (value === undefined) throw this.wrong(path, 'is missing', fix);
    if (typeof value !== 'string' || value.trim() === '') throw this.wrong(path, 'is not a text', fix);
    return value.trim();
  }

  expression(path: string, preset?: string): Expression {
    const text =
      preset !== undefined && this.get(path) === undefined
        ? preset
        : this.text(path, `Write a JMESPath expression, as "price", or a constant, as "'VND'".`);
    try {
      return new Expression(text);
    } catch (cause) {
      const why = plain((cause as Error).message);
      throw this.wrong(path, `is not a JMESPath expression (${why})`, `Write a field, as "price", or "'VND'".`, cause);
    }
  }

  headers(): Record<string, string> {
    const headers = this.get('headers') ?? {};
    const fix = 'Write { "name": "value" }.';
    if (!isObject(headers)) throw this.wrong('headers', 'is not an object', fix);
    for (const [name, value] of Object.entries(headers)) {
      // Not quoted: a name that is none may be a value in the wrong place.
      if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
        throw this.wrong('headers', 'has a name that is none of a header', fix);
      const path = `headers.${name}`;
      if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value)) {
        throw this.wrong(path, 'is not a text that a header can carry', 'Write plain letters, digits and signs.');
      }
    }
    return headers as Record<string, string>;
  }

  every(preset: number): number {
    const value = this.get('every');
    if (value === undefined) return preset;
    const span = typeof value === 'string' ? parseSpan(value) : undefined;
    if (span === undefined || span < SHORTEST) {
      throw this.wrong('every', 'is no span of 1 second or longer', 'Write it as "30m", "60s" or "1h".');
    }
    return span;
  }

  format(): Format {
    const value = this.get('format') ?? 'json';
    const format = FORMATS.find((format) => format === value);
    if (!format) throw this.wrong('format', 'is no form of a body', `Write one of ${FORMATS.join(', ')}.`);
    return format;
  }

  /** Names of the elements of an XML body of which there may be several. */
  lists(format: Format): readonly string[] {
    const value = this.get('lists') ?? [];
    if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && name !== '')) {
      throw this.wrong('lists', 'is not a list of names', 'Write ["city", "item"].');
    }
    if (format !== 'xml' && this.get('lists') !== undefined) {
      throw this.wrong('lists', 'is for bodies of XML', 'Take it out, or add "format": "xml".');
    }
    return value;
  }

  /** How texts write numbers; undefined where that is not said. */
  number(): NumberForm | undefined {
    const value = this.get('number');
    if (value === undefined) return undefined;
    const form = typeof value === 'string' && Object.hasOwn(NUMBERS, value) ? NUMBERS[value] : undefined;
    if (!form) throw this.wrong('number', 'is no form of numbers', 'Write "1,234.5" or "1.234,5".');
    return form;
  }

  scale(): number {
    const value = this.get('scale') ?? 1;
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    throw this.wrong('scale', 'is not a positive number', 'Write what a price is multiplied by, as 1000.');
  }

  /** What the times of rows mean. */
  time(): 'change' | 'response' {
    const value = this.get('time') ?? 'change';
    if (value === 'change' || value === 'response') return value;
    throw this.wrong(
      'time',
      'is neither "change" nor "response"',
      'Write "change" where `at` is since when a price holds, "response" where it is when the answer was made.',
    );
  }

  /** Refuses settings that nobody reads: most are typing errors. */
  only(path: string, names: readonly string[]): void {
    const values = path === '' ? this.#values : this.get(path);
    if (values === undefined) throw this.wrong(path, 'is missing', `It needs ${REQUIRED_FIELDS.join(', ')}.`);
    if (!isObject(values)) throw this.wrong(path, 'is not an object', `It needs ${REQUIRED_FIELDS.join(', ')}.`);
    for (const name of Object.keys(values)) {
      if (names.includes(name)) continue;
      const full = path === '' ? plain(name) : `${path}.${plain(name)}`;
      throw this.wrong(full, 'is no setting', `Take it out, or write one of ${names.join(', ')}.`);
    }
  }

  wrong(path: string, what: string, fix: string, cause?: unknown): Failure {
    const full = `rates.providers.${this.#id}${path === '' ? '' : `.${path}`}`;
    return new Failure('CONFIG_INVALID', `${full} ${what}. ${fix}`, { cause, data: { path: full } });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
