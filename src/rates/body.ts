import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { plain } from '../domain/fold.ts';
import { formatSpan, type Instant, parseLocal } from '../domain/instant.ts';
import { BodyError } from './provider.ts';

/**
 * How a provider writes numbers. Every parser names the one it means: `40.720` is forty thousand here and forty
 * there, and nothing in the text tells which.
 *
 * - `plain`: `102200000.0`, `11750000`, `7.35E-6`, or a JSON number; a dot before decimals, no groups
 * - `comma`: `170,000`, `60,650.00`; commas between thousands, a dot before decimals
 * - `dot`: `52.900`, `1.234,5`; dots between thousands, a comma before decimals
 * - `groups`: `40.720` or `40,720`; either sign between thousands, never decimals
 *
 * No group begins with 0: `0,867` has decimals, and is of another form than `comma`.
 */
export type NumberForm = 'plain' | 'comma' | 'dot' | 'groups';

const FORMS: Readonly<Record<NumberForm, RegExp>> = {
  plain: /^\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i,
  comma: /^(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i,
  dot: /^(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?(?:e[+-]?\d{1,3})?$/i,
  groups: /^(?:[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:,\d{3})+)|\d+)$/,
};

const LONGEST_NUMBER = 40; // characters; longer ones are no prices

/** A number without a sign, written in `form`; undefined when the text is of another form. */
export function parseNumber(text: string, form: NumberForm): number | undefined {
  if (text.length > LONGEST_NUMBER || !FORMS[form].test(text)) return undefined;
  switch (form) {
    case 'plain':
      return Number(text);
    case 'comma':
      return Number(text.replaceAll(',', ''));
    case 'dot':
      return Number(text.replaceAll('.', '').replace(',', '.'));
    case 'groups':
      return Number(text.replace(/[.,]/g, ''));
  }
}

/**
 * How a provider writes a moment of Vietnam time. Seconds may stand or not, the day may be `02-07-2025` for
 * `02/07/2025`, and a comma or a `T` may part day and time: none of this changes the meaning. After the clock may
 * stand AM or PM, or SA (sáng) or CH (chiều).
 */
export type TimeForm = 'HH:mm DD/MM/YYYY' | 'DD/MM/YYYY HH:mm:ss' | 'YYYY-MM-DD HH:mm:ss';

const CLOCK = '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2}))?(?: ?(?<half>AM|PM|SA|CH))?';
const DATE = '(?<day>\\d{1,2})[/-](?<month>\\d{1,2})[/-](?<year>\\d{4})';
const TIMES: Readonly<Record<TimeForm, RegExp>> = {
  'HH:mm DD/MM/YYYY': new RegExp(`^${CLOCK},? ${DATE}$`, 'i'),
  'DD/MM/YYYY HH:mm:ss': new RegExp(`^${DATE},? ${CLOCK}$`, 'i'),
  'YYYY-MM-DD HH:mm:ss': new RegExp(`^(?<year>\\d{4})-(?<month>\\d{1,2})-(?<day>\\d{1,2})[ T]${CLOCK}$`, 'i'),
};

/** The instant that a Vietnam time names; undefined when there is no such moment or the text is of another form. */
export function parseTime(text: string, form: TimeForm): Instant | undefined {
  const groups = TIMES[form].exec(text)?.groups;
  if (!groups) return undefined;
  let hour = Number(groups.hour);
  if (groups.half) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (/^(?:PM|CH)$/i.test(groups.half) ? 12 : 0);
  }
  const day = `${groups.year}-${groups.month!.padStart(2, '0')}-${groups.day!.padStart(2, '0')}`;
  return parseLocal(day, hour, Number(groups.minute), Number(groups.second ?? 0));
}

/** The instant that a Vietnam time names in any of the forms: no text has two of them. */
export function parseAnyTime(text: string): Instant | undefined {
  for (const form of Object.keys(TIMES) as TimeForm[]) {
    const at = parseTime(text, form);
    if (at !== undefined) return at;
  }
  return undefined;
}

/** The instant of `/Date(1740792347063)/`, as .NET writes it; a zone after the milliseconds says nothing more. */
export function parseDotNetDate(text: string): Instant | undefined {
  const match = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?)?$/i;
const VIETNAM = 7 * 60;

/** The instant of an ISO 8601 time or day; Vietnam's when it states no zone. Undefined when there is no such moment. */
export function parseIso(text: string): Instant | undefined {
  const [, day, hour = '0', minute = '0', second = '0', fraction = '0', zone] = ISO.exec(text) ?? [];
  if (day === undefined) return undefined;
  const local = parseLocal(day, Number(hour), Number(minute), Number(second));
  if (local === undefined) return undefined;
  const digits = zone?.replace(/\D/g, '') ?? '';
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  const offset = zone === undefined ? VIETNAM : zone.startsWith('-') ? -minutes : minutes;
  return local + (VIETNAM - offset) * 60_000 + Math.floor(Number(fraction) * 1000);
}

const EARLIEST = Date.UTC(2000, 0, 1); // before it stand only the stubs of unset dates: 0001, 1900, 1970
/** So far ahead of this machine's clock lies a time whose clock or time zone is wrong; further ahead the row is. */
const MAX_AHEAD_MS = 24 * 3_600_000;

const HIGHEST_PRICE = 1e15;
/** Nothing, a dash, or zero in any form. */
const NO_PRICE = /^(?:[-–—]?|0[.,0]*)$/;
const LONGEST_TEXT = 300; // characters; a name of a kind of gold or of a branch is far shorter

/** One place in a body, with the path that names it. Every reading either fits or throws a `BodyError` of that path. */
export class Field {
  readonly path: string;
  readonly #value: unknown;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.path = path;
  }

  /** What stands here, unread: for what takes JSON as it is. */
  get value(): unknown {
    return this.#value;
  }

  /** Whether the body has this field, were it only null. */
  get exists(): boolean {
    return this.#value !== undefined;
  }

  /** Whether there is something in this field: not absent, null or an empty text. */
  get filled(): boolean {
    return this.#value !== undefined && this.#value !== null && this.#value !== '';
  }

  /** Whether the field is a list. */
  get isList(): boolean {
    return Array.isArray(this.#value);
  }

  /** Whether the field is an object, with fields of its own. */
  get isObject(): boolean {
    return typeof this.#value === 'object' && this.#value !== null && !Array.isArray(this.#value);
  }

  /** The field of that name in this object, which need not exist. */
  get(key: string): Field {
    const value = this.#object();
    return new Field(Object.hasOwn(value, key) ? value[key] : undefined, this.#below(key));
  }

  /** The elements of this list. */
  list(): Field[] {
    if (!Array.isArray(this.#value)) throw this.error('a list');
    return this.#value.map((value, index) => new Field(value, `${this.path}[${index}]`));
  }

  /** The element at that place in this list, which need not exist. */
  at(index: number): Field {
    if (!Array.isArray(this.#value)) throw this.error('a list');
    return new Field(this.#value[index], `${this.path}[${index}]`);
  }

  /** The elements of this list, and none when there is no such field (XML leaves empty lists out). */
  elements(): Field[] {
    return this.exists ? this.list() : [];
  }

  /** The fields of this object, in the order of the body. */
  entries(): [key: string, field: Field][] {
    return Object.entries(this.#object()).map(([key, value]) => [key, new Field(value, this.#below(key))]);
  }

  /** A text, safe to store and to show. It may be empty. */
  text(): string {
    if (typeof this.#value !== 'string') throw this.error('a text');
    if (this.#value.length > LONGEST_TEXT) throw this.error(`a text of at most ${LONGEST_TEXT} characters`);
    return plain(this.#value);
  }

  /** A text, empty when the field is absent or null. */
  textOrEmpty(): string {
    return this.#value === undefined || this.#value === null ? '' : this.text();
  }

  /** A text with something in it. */
  name(): string {
    const text = this.text();
    if (text === '') throw this.error('a text that is not empty');
    return text;
  }

  /** A finite number, of either sign, written in `form`. */
  number(form: NumberForm = 'plain'): number {
    if (typeof this.#value === 'number' && form === 'plain') {
      if (!Number.isFinite(this.#value)) throw this.error('a finite number');
      return this.#value;
    }
    if (typeof this.#value !== 'string') throw this.error(form === 'plain' ? 'a number' : 'a number in a text');
    const text = this.#value.trim();
    const number = parseNumber(text.startsWith('-') ? text.slice(1) : text, form);
    if (number === undefined || !Number.isFinite(number)) throw this.error(`a number like ${EXAMPLES[form]}`);
    return text.startsWith('-') ? -number : number;
  }

  /**
   * A price times `factor`, which brings it to the unit of the quote. Null when the provider says that there is none:
   * null, an empty text, a dash, 0. A field that is not there does not fit.
   */
  price(form: NumberForm, factor = 1): number | null {
    if (!this.exists) throw this.error('a price');
    const empty = typeof this.#value === 'string' ? NO_PRICE.test(this.#value.trim()) : this.#value === null;
    if (empty) return null;
    const number = this.number(form);
    if (number === 0) return null;
    const price = Number((number * factor).toPrecision(15)); // 60650.55 * 1000 without the noise of binary fractions
    if (!(price > 0 && price < HIGHEST_PRICE)) throw this.error('a positive price');
    return price;
  }

  /** Vietnam time in `form`. */
  time(form: TimeForm): Instant {
    const at = typeof this.#value === 'string' ? parseTime(plain(this.#value), form) : undefined;
    if (at === undefined) throw this.error(`a time like ${form}`);
    return at;
  }

  /** Vietnam time in `form` when the provider states one that can be read and can be true, else undefined. */
  statedTime(now: Instant, form: TimeForm): Instant | undefined {
    const at = typeof this.#value === 'string' ? parseTime(plain(this.#value), form) : undefined;
    return this.acceptTime(at, now);
  }

  /**
   * The time that this field states, when it can be true; undefined for unset dates (0001, 1900, 1970) and for a
   * time of up to a day ahead. One further ahead does not fit.
   */
  acceptTime(at: Instant | undefined, now: Instant): Instant | undefined {
    if (at === undefined || at < EARLIEST) return undefined;
    if (at > now + MAX_AHEAD_MS) {
      throw this.error(`a time that has come: its time lies ${formatSpan(at - now)} in the future`);
    }
    return at > now ? undefined : at;
  }

  /** Unix seconds, as a number or a text, in milliseconds. */
  seconds(): Instant {
    const at = Math.round(this.number('plain') * 1000);
    if (!(Math.abs(at) <= LAST_INSTANT)) throw this.error('a time in seconds since 1970');
    return at;
  }

  /** Unix milliseconds, as a number or a text. */
  milliseconds(): Instant {
    const at = Math.round(this.number('plain'));
    if (!(Math.abs(at) <= LAST_INSTANT)) throw this.error('a time in milliseconds since 1970');
    return at;
  }

  /** An ISO 8601 time, or a day, which is its midnight. Without a zone it is Vietnam time. */
  iso(): Instant {
    const at = typeof this.#value === 'string' ? parseIso(this.#value.trim()) : undefined;
    if (at === undefined) throw this.error('a time like 2025-12-09T08:16:30+07:00');
    return at;
  }

  error(expected: string): BodyError {
    return new BodyError(this.path, expected);
  }

  #object(): Record<string, unknown> {
    if (!this.isObject) throw this.error('an object');
    return this.#value as Record<string, unknown>;
  }

  #below(key: string): string {
    const name = plain(key.slice(0, 60)); // keys are the body's own text, and paths are shown
    return this.path === ROOT ? name : `${this.path}.${name}`;
  }
}

const LAST_INSTANT = 8.64e15; // the last that Date can hold
const EXAMPLES: Readonly<Record<NumberForm, string>> = {
  plain: '102200000.0',
  comma: '60,650.00',
  dot: '52.900',
  groups: '40.720 or 40,720',
};

const ROOT = 'body';

/** A body that should be JSON. A byte order mark and white space before it are passed over. */
export function json(body: string): Field {
  const text = trimmed(body);
  try {
    return new Field(JSON.parse(text), ROOT);
  } catch {
    throw new BodyError(ROOT, looksLikeHtml(text) ? 'JSON, not an HTML page' : 'JSON');
  }
}

/**
 * A body that should be XML, as objects: attributes are `@name`, the elements named in `lists` are always lists
 * (also when there is one), texts stay texts. Document types are refused: no provider has one, and they are where
 * entities are defined.
 */
export function xml(body: string, lists: readonly string[] = []): Field {
  const text = trimmed(body);
  if (looksLikeHtml(text)) throw new BodyError(ROOT, 'XML, not an HTML page');
  if (!text.startsWith('<')) throw new BodyError(ROOT, 'XML');
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw new BodyError(ROOT, 'XML without a document type');
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    htmlEntities: true, // &#7865; as well as &amp;; nothing else expands without a document type
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: 32,
    isArray: (name) => lists.includes(name),
  });
  try {
    if (XMLValidator.validate(text) === true) return new Field(parser.parse(text), ROOT);
  } catch {
    // the parser also throws on names and depths that it refuses: the body does not fit either way
  }
  throw new BodyError(ROOT, 'well-formed XML');
}

/** A body that should be CSV, without a byte order mark and white space before it. */
export function csvText(body: string): string {
  const text = trimmed(body);
  if (text === '') throw new BodyError(ROOT, 'CSV with the names of the columns in its first line');
  if (looksLikeHtml(text)) throw new BodyError(ROOT, 'CSV, not an HTML page');
  return text;
}

function trimmed(body: string): string {
  return body.replace(/^[\uFEFF\s]+/, '');
}

function looksLikeHtml(text: string): boolean {
  return /^<(?:!doctype html|html|head|body|script)\b/i.test(text);
}
