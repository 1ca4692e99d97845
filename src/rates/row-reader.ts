import {
  findCatalogueInstrument,
  isInstrumentId,
  MARKETS,
  type Market,
  makeInstrumentId,
} from '../domain/instrument.ts';
import type { NewQuote } from '../domain/quote.ts';
import { sanitizeText } from '../domain/text.ts';
import type { EpochMs } from '../domain/time.ts';
import { parseUnit, UNIT_NAMES, type Unit } from '../domain/unit.ts';
import type { Expression } from './jmespath-expression.ts';
import { BodyField, type NumberNotation, parseAnyVietnamTime, parseDotNetDate, parseIso } from './response-body.ts';

export const REQUIRED_FIELDS = ['instrument', 'buy', 'sell', 'currency', 'unit'] as const;
export const OPTIONAL_FIELDS = ['company', 'brand', 'at', 'id', 'market'] as const;
export type QuoteField = (typeof REQUIRED_FIELDS)[number] | (typeof OPTIONAL_FIELDS)[number];

export interface RowReaderSettings {
  readonly id: string;
  readonly name: string;
  /** For rows that state none. */
  readonly market: Market;
  readonly expressions: ReadonlyMap<QuoteField, Expression>;
  /** How strings write numbers. Undefined: as `1,234.5`, and ambiguous ones are rejected. */
  readonly notation: NumberNotation | undefined;
  readonly scale: number;
}

/** Converts rows to quotes by the expressions of a custom provider. */
export class RowReader {
  readonly #settings: RowReaderSettings;

  constructor(settings: RowReaderSettings) {
    this.#settings = settings;
  }

  /** Undefined if the row has neither a buy nor a sell price. */
  read(row: BodyField, now: EpochMs): NewQuote | undefined {
    const { id, name } = this.#settings;
    const market = this.#market(this.#field(row, 'market'));
    const instrument = readInstrument(this.#field(row, 'instrument'), market);
    const buy = this.#price(this.#field(row, 'buy'));
    const sell = this.#price(this.#field(row, 'sell'));
    if (buy === null && sell === null) return undefined;
    const currency = this.#field(row, 'currency');
    if (!/^[A-Z]{3,5}$/i.test(currency.text())) throw currency.error('a currency code like VND');
    const unit = readUnit(this.#field(row, 'unit'));
    const at = this.#field(row, 'at');
    const idText = this.#optionalText(row, 'id');
    return {
      instrument,
      market,
      provider: id,
      company: this.#optionalText(row, 'company') || name,
      brand: this.#optionalText(row, 'brand'),
      buy,
      sell,
      currency: currency.text().toUpperCase(),
      unit,
      at: this.#settings.expressions.has('at') ? at.plausibleTime(readTime(at), now) : undefined,
      ...(idText === '' ? {} : { id: idText }),
    };
  }

  #field(row: BodyField, field: QuoteField): BodyField {
    const path = `${row.path}.${field}`;
    return new BodyField(this.#settings.expressions.get(field)?.evaluate(row.value, path) ?? null, path);
  }

  #market(field: BodyField): Market {
    if (!field.hasValue) return this.#settings.market;
    const text = field.text();
    const market = MARKETS.find((market) => market === text);
    if (!market) throw field.error(`one of ${MARKETS.join(', ')}`);
    return market;
  }

  #price(field: BodyField): number | null {
    const { notation, scale } = this.#settings;
    const { value } = field;
    if (typeof value === 'number') return field.price('plain', scale);
    if (notation === undefined && typeof value === 'string' && AMBIGUOUS_NUMBER.test(value.trim())) {
      throw field.error('an unambiguous number: set "number" to "1,234.5" or "1.234,5", as the body writes them');
    }
    return field.price(notation ?? 'comma', scale);
  }

  /** A string, or a number as a string; empty if absent. */
  #optionalText(row: BodyField, name: QuoteField): string {
    const field = this.#field(row, name);
    if (!field.hasValue) return '';
    const text = typeof field.value === 'number' ? String(field.value) : field.text();
    if (text.length > MAX_TEXT_LENGTH) throw field.error(`at most ${MAX_TEXT_LENGTH} characters`);
    return text;
  }
}

const MAX_TEXT_LENGTH = 120;
/** Three digits after the only separator: thousands or decimals, depending on the locale. */
const AMBIGUOUS_NUMBER = /^[1-9]\d{0,2}[.,]\d{3}$/;
const MIN_UNIX_MILLISECONDS = 100_000_000_000; // the year 5138 in seconds, 1973 in milliseconds

function readInstrument(field: BodyField, market: Market): string {
  const text = field.nonEmptyText();
  const known = findCatalogueInstrument(text);
  if (known?.market === market) return known.id;
  const id = isInstrumentId(text) ? text : makeInstrumentId(text);
  if (id === '') throw field.error('a name with letters or digits');
  return id;
}

function readUnit(field: BodyField): Unit {
  const unit = parseUnit(field.text());
  if (unit === undefined) throw field.error(`one of ${UNIT_NAMES}`);
  return unit;
}

/**
 * A time as Unix seconds or milliseconds, distinguished by magnitude, or as a string: ISO 8601, a notation of Vietnamese
 * sites, or .NET's. Without a zone it is Vietnam time.
 */
function readTime(field: BodyField): EpochMs {
  const { value } = field;
  if (typeof value === 'number' || (typeof value === 'string' && /^\s*\d{8,}(\.\d+)?\s*$/.test(value))) {
    return field.number('plain') < MIN_UNIX_MILLISECONDS ? field.unixSeconds() : field.unixMilliseconds();
  }
  const text = typeof value === 'string' ? sanitizeText(value) : '';
  const at = parseIso(text) ?? parseAnyVietnamTime(text) ?? parseDotNetDate(text);
  if (at === undefined) {
    throw field.error(
      'ISO time, epoch seconds or milliseconds, yyyy-mm-dd HH:MM, dd/mm/yyyy HH:MM or HH:MM dd/mm/yyyy',
    );
  }
  return at;
}
