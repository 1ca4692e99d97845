import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { sanitizeText } from '../domain/text.ts';
import { DAY_MS, type EpochMs, formatDuration, parseLocalTime } from '../domain/time.ts';
import { ResponseFormatError } from './provider.ts';

/**
 * How a provider writes numbers. Every parser states which one applies: `40.720` is forty thousand for one provider and
 * forty for another, and the text does not tell which.
 *
 * - `plain`: `102200000.0`, `11750000`, `7.35E-6`, or a JSON number; decimal point, no thousands separators
 * - `comma`: `170,000`, `60,650.00`; thousands commas, decimal point
 * - `dot`: `52.900`, `1.234,5`; thousands dots, decimal comma
 * - `groups`: `40.720` or `40,720`; either separator for thousands, never decimals
 *
 * No group of thousands begins with 0: `0,867` has decimals and does not match `comma`.
 */
export type NumberNotation = 'plain' | 'comma' | 'dot' | 'groups';

const NUMBER_PATTERNS: Readonly<Record<NumberNotation, RegExp>> = {
  plain: /^\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i,
  comma: /^(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i,
  dot: /^(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?(?:e[+-]?\d{1,3})?$/i,
  groups: /^(?:[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:,\d{3})+)|\d+)$/,
};

const MAX_NUMBER_LENGTH = 40; // characters

/** Parses an unsigned number; undefined if the text does not match the notation. */
export function parseNumber(text: string, notation: NumberNotation): number | undefined {
  if (text.length > MAX_NUMBER_LENGTH || !NUMBER_PATTERNS[notation].test(text)) return undefined;
  switch (notation) {
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
 * How a provider writes a Vietnam time. Seconds are optional, `02-07-2025` is accepted for `02/07/2025`, and a comma or a
 * `T` may separate date and time. The time may be followed by AM, PM, SA (sáng) or CH (chiều).
 */
export type TimeNotation = 'HH:mm DD/MM/YYYY' | 'DD/MM/YYYY HH:mm:ss' | 'YYYY-MM-DD HH:mm:ss';

const CLOCK_PATTERN = '(?<hour>\\d{1,2}):(?<minute>\\d{2})(?::(?<second>\\d{2}))?(?: ?(?<half>AM|PM|SA|CH))?';
const DATE_PATTERN = '(?<day>\\d{1,2})[/-](?<month>\\d{1,2})[/-](?<year>\\d{4})';
const TIME_PATTERNS: Readonly<Record<TimeNotation, RegExp>> = {
  'HH:mm DD/MM/YYYY': new RegExp(`^${CLOCK_PATTERN},? ${DATE_PATTERN}$`, 'i'),
  'DD/MM/YYYY HH:mm:ss': new RegExp(`^${DATE_PATTERN},? ${CLOCK_PATTERN}$`, 'i'),
  'YYYY-MM-DD HH:mm:ss': new RegExp(`^(?<year>\\d{4})-(?<month>\\d{1,2})-(?<day>\\d{1,2})[ T]${CLOCK_PATTERN}$`, 'i'),
};

/** Undefined if the time does not exist or the text does not match the notation. */
export function parseVietnamTime(text: string, notation: TimeNotation): EpochMs | undefined {
  const groups = TIME_PATTERNS[notation].exec(text)?.groups;
  if (!groups) return undefined;
  let hour = Number(groups.hour);
  if (groups.half) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (/^(?:PM|CH)$/i.test(groups.half) ? 12 : 0);
  }
  const day = `${groups.year}-${groups.month!.padStart(2, '0')}-${groups.day!.padStart(2, '0')}`;
  return parseLocalTime(day, hour, Number(groups.minute), Number(groups.second ?? 0));
}

/** Parses a Vietnam time in any notation: no text matches two of them. */
export function parseAnyVietnamTime(text: string): EpochMs | undefined {
  for (const notation of Object.keys(TIME_PATTERNS) as TimeNotation[]) {
    const at = parseVietnamTime(text, notation);
    if (at !== undefined) return at;
  }
  return undefined;
}

/** Parses .NET's `/Date(1740792347063)/`; a zone after the milliseconds does not change the instant. */
export function parseDotNetDate(text: string): EpochMs | undefined {
  const match = /^\/Date\((-?\d{1,15})(?:[+-]\d{4})?\)\/$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

const ISO_PATTERN =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?)?$/i;
const VIETNAM_OFFSET_MINUTES = 7 * 60;

/** Parses an ISO 8601 time or date; without a zone it is Vietnam time. Undefined if it does not exist. */
export function parseIso(text: string): EpochMs | undefined {
  const [, day, hour = '0', minute = '0', second = '0', fraction = '0', zone] = ISO_PATTERN.exec(text) ?? [];
  if (day === undefined) return undefined;
  const local = parseLocalTime(day, Number(hour), Number(minute), Number(second));
  if (local === undefined) return undefined;
  const digits = zone?.replace(/\D/g, '') ?? '';
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  const offset = zone === undefined ? VIETNAM_OFFSET_MINUTES : zone.startsWith('-') ? -minutes : minutes;
  return local + (VIETNAM_OFFSET_MINUTES - offset) * 60_000 + Math.floor(Number(fraction) * 1000);
}

const MIN_PLAUSIBLE_TIME = Date.UTC(2000, 0, 1); // earlier dates are placeholders for unset ones: 0001, 1900, 1970
/** A time up to this far ahead is blamed on a wrong clock or zone and ignored; further ahead, the row is rejected. */
const MAX_FUTURE_MS = DAY_MS;

const MAX_PRICE = 1e15;
/** Empty, a dash, or zero in any notation. */
const NO_PRICE_PATTERN = /^(?:[-–—]?|0[.,0]*)$/;
const MAX_TEXT_LENGTH = 300; // characters; names of products and branches are far shorter

/** A value in a response body and its path. Every reader returns a valid value or throws `ResponseFormatError` with the path. */
export class BodyField {
  readonly path: string;
  readonly #value: unknown;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.path = path;
  }

  /** The raw JSON value. */
  get value(): unknown {
    return this.#value;
  }

  /** Whether the body has this field, even if it is null. */
  get exists(): boolean {
    return this.#value !== undefined;
  }

  /** Whether the field is neither absent, null nor an empty string. */
  get hasValue(): boolean {
    return this.#value !== undefined && this.#value !== null && this.#value !== '';
  }

  get isList(): boolean {
    return Array.isArray(this.#value);
  }

  get isObject(): boolean {
    return typeof this.#value === 'object' && this.#value !== null && !Array.isArray(this.#value);
  }

  /** A field of this object; it need not exist. */
  get(key: string): BodyField {
    const value = this.#asObject();
    return new BodyField(Object.hasOwn(value, key) ? value[key] : undefined, this.#childPath(key));
  }

  list(): BodyField[] {
    if (!Array.isArray(this.#value)) throw this.error('a list');
    return this.#value.map((value, index) => new BodyField(value, `${this.path}[${index}]`));
  }

  /** An element of this list; it need not exist. */
  at(index: number): BodyField {
    if (!Array.isArray(this.#value)) throw this.error('a list');
    return new BodyField(this.#value[index], `${this.path}[${index}]`);
  }

  /** The elements of this list; empty if the field is absent, because XML omits empty lists. */
  elements(): BodyField[] {
    return this.exists ? this.list() : [];
  }

  /** The fields of this object, in body order. */
  entries(): [key: string, field: BodyField][] {
    return Object.entries(this.#asObject()).map(([key, value]) => [key, new BodyField(value, this.#childPath(key))]);
  }

  /** A sanitized text, possibly empty. */
  text(): string {
    if (typeof this.#value !== 'string') throw this.error('a text');
    if (this.#value.length > MAX_TEXT_LENGTH) throw this.error(`a text of at most ${MAX_TEXT_LENGTH} characters`);
    return sanitizeText(this.#value);
  }

  /** A sanitized text; empty if the field is absent or null. */
  textOrEmpty(): string {
    return this.#value === undefined || this.#value === null ? '' : this.text();
  }

  nonEmptyText(): string {
    const text = this.text();
    if (text === '') throw this.error('a text that is not empty');
    return text;
  }

  /** A finite number of either sign. */
  number(notation: NumberNotation = 'plain'): number {
    if (typeof this.#value === 'number' && notation === 'plain') {
      if (!Number.isFinite(this.#value)) throw this.error('a finite number');
      return this.#value;
    }
    if (typeof this.#value !== 'string') throw this.error(notation === 'plain' ? 'a number' : 'a number in a text');
    const text = this.#value.trim();
    const number = parseNumber(text.startsWith('-') ? text.slice(1) : text, notation);
    if (number === undefined || !Number.isFinite(number))
      throw this.error(`a number like ${NUMBER_EXAMPLES[notation]}`);
    return text.startsWith('-') ? -number : number;
  }

  /**
   * A price times `factor`, which converts it to the unit of the quote. Null if the provider states no price: null, an
   * empty string, a dash, 0. An absent field is an error.
   */
  price(notation: NumberNotation, factor = 1): number | null {
    if (!this.exists) throw this.error('a price');
    const empty = typeof this.#value === 'string' ? NO_PRICE_PATTERN.test(this.#value.trim()) : this.#value === null;
    if (empty) return null;
    const number = this.number(notation);
    if (number === 0) return null;
    const price = Number((number * factor).toPrecision(15)); // rounds away binary noise, as in 60650.55 * 1000
    if (!(price > 0 && price < MAX_PRICE)) throw this.error('a positive price');
    return price;
  }

  /** A Vietnam time. */
  time(notation: TimeNotation): EpochMs {
    const at = typeof this.#value === 'string' ? parseVietnamTime(sanitizeText(this.#value), notation) : undefined;
    if (at === undefined) throw this.error(`a time like ${notation}`);
    return at;
  }

  /** A Vietnam time; undefined if it is unreadable or not plausible. */
  readPlausibleTime(now: EpochMs, notation: TimeNotation): EpochMs | undefined {
    const at = typeof this.#value === 'string' ? parseVietnamTime(sanitizeText(this.#value), notation) : undefined;
    return this.plausibleTime(at, now);
  }

  /**
   * Returns the time if it is plausible; undefined for unset dates (0001, 1900, 1970) and for times up to a day ahead.
   * @throws ResponseFormatError for a time further ahead
   */
  plausibleTime(at: EpochMs | undefined, now: EpochMs): EpochMs | undefined {
    if (at === undefined || at < MIN_PLAUSIBLE_TIME) return undefined;
    if (at > now + MAX_FUTURE_MS) {
      throw this.error(`a past time: this one is ${formatDuration(at - now)} in the future`);
    }
    return at > now ? undefined : at;
  }

  /** A Unix time in seconds, as a number or a string. */
  unixSeconds(): EpochMs {
    const at = Math.round(this.number('plain') * 1000);
    if (!(Math.abs(at) <= MAX_DATE_MS)) throw this.error('a time in seconds since 1970');
    return at;
  }

  /** A Unix time in milliseconds, as a number or a string. */
  unixMilliseconds(): EpochMs {
    const at = Math.round(this.number('plain'));
    if (!(Math.abs(at) <= MAX_DATE_MS)) throw this.error('a time in milliseconds since 1970');
    return at;
  }

  /** An ISO 8601 time or a date (midnight). Without a zone it is Vietnam time. */
  isoTime(): EpochMs {
    const at = typeof this.#value === 'string' ? parseIso(this.#value.trim()) : undefined;
    if (at === undefined) throw this.error('a time like 2025-12-09T08:16:30+07:00');
    return at;
  }

  error(expected: string): ResponseFormatError {
    return new ResponseFormatError(this.path, expected);
  }

  #asObject(): Record<string, unknown> {
    if (!this.isObject) throw this.error('an object');
    return this.#value as Record<string, unknown>;
  }

  #childPath(key: string): string {
    const name = sanitizeText(key.slice(0, 60)); // keys come from the body, and paths are displayed
    return this.path === ROOT_PATH ? name : `${this.path}.${name}`;
  }
}

const MAX_DATE_MS = 8.64e15; // the largest that Date supports
const NUMBER_EXAMPLES: Readonly<Record<NumberNotation, string>> = {
  plain: '102200000.0',
  comma: '60,650.00',
  dot: '52.900',
  groups: '40.720 or 40,720',
};

const ROOT_PATH = 'body';

/** Skips a byte order mark and leading white space. */
export function parseJsonBody(body: string): BodyField {
  const text = trimBodyStart(body);
  try {
    return new BodyField(JSON.parse(text), ROOT_PATH);
  } catch {
    throw new ResponseFormatError(ROOT_PATH, looksLikeHtml(text) ? 'JSON, not an HTML page' : 'JSON');
  }
}

/** For APIs that report `success`. */
export function parseSuccessBody(body: string): BodyField {
  const answer = parseJsonBody(body);
  const success = answer.get('success');
  if (success.value !== true) throw success.error('true');
  return answer;
}

/**
 * Converts XML to objects: attributes become `@name`, the elements named in `lists` are always lists (even if there is
 * one), texts stay strings. Document types are rejected: no provider uses one, and entities are defined there.
 */
export function parseXmlBody(body: string, lists: readonly string[] = []): BodyField {
  const text = trimBodyStart(body);
  if (looksLikeHtml(text)) throw new ResponseFormatError(ROOT_PATH, 'XML, not an HTML page');
  if (!text.startsWith('<')) throw new ResponseFormatError(ROOT_PATH, 'XML');
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw new ResponseFormatError(ROOT_PATH, 'XML without a document type');
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    htmlEntities: true, // &#7865; and &amp;; without a document type nothing else expands
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: 32,
    isArray: (name) => lists.includes(name),
  });
  try {
    if (XMLValidator.validate(text) === true) return new BodyField(parser.parse(text), ROOT_PATH);
  } catch {
    // the parser also throws on forbidden names and excessive depth; report them like malformed XML
  }
  throw new ResponseFormatError(ROOT_PATH, 'well-formed XML');
}

/** The text of a CSV body without a byte order mark and leading white space. */
export function prepareCsvBody(body: string): string {
  const text = trimBodyStart(body);
  if (text === '') throw new ResponseFormatError(ROOT_PATH, 'CSV with a header line');
  if (looksLikeHtml(text)) throw new ResponseFormatError(ROOT_PATH, 'CSV, not an HTML page');
  return text;
}

function trimBodyStart(body: string): string {
  return body.replace(/^[\uFEFF\s]+/, '');
}

function looksLikeHtml(text: string): boolean {
  return /^<(?:!doctype html|html|head|body|script)\b/i.test(text);
}
