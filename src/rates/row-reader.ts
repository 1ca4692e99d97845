import { plain } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import { instrumentIdOf, isInstrumentId, knownInstrument, MARKETS, type Market } from '../domain/instrument.ts';
import type { QuoteDraft } from '../domain/quote.ts';
import { parseUnit, UNIT_NAMES, type Unit } from '../domain/unit.ts';
import { Field, type NumberForm, parseAnyTime, parseDotNetDate, parseIso } from './body.ts';
import type { Expression } from './expression.ts';

export const REQUIRED_FIELDS = ['instrument', 'buy', 'sell', 'currency', 'unit'] as const;
export const OPTIONAL_FIELDS = ['company', 'brand', 'at', 'id', 'market'] as const;
export type QuoteField = (typeof REQUIRED_FIELDS)[number] | (typeof OPTIONAL_FIELDS)[number];

export interface RowSettings {
  readonly id: string;
  readonly name: string;
  /** Of rows that state none of their own. */
  readonly market: Market;
  readonly expressions: ReadonlyMap<QuoteField, Expression>;
  /** How texts write numbers. Undefined: as `1,234.5`, and a text that could mean two numbers is refused. */
  readonly form: NumberForm | undefined;
  readonly scale: number;
}

/** Makes quotes of rows by the expressions of a configured provider. */
export class RowReader {
  readonly #settings: RowSettings;

  constructor(settings: RowSettings) {
    this.#settings = settings;
  }

  /** The quote of a row; undefined when the row has neither a buy nor a sell price. */
  read(row: Field, now: Instant): QuoteDraft | undefined {
    const { id, name } = this.#settings;
    const market = this.#market(this.#field(row, 'market'));
    const instrument = instrumentOf(this.#field(row, 'instrument'), market);
    const buy = this.#price(this.#field(row, 'buy'));
    const sell = this.#price(this.#field(row, 'sell'));
    if (buy === null && sell === null) return undefined;
    const currency = this.#field(row, 'currency');
    if (!/^[A-Z]{3,5}$/i.test(currency.text())) throw currency.error('a currency code like VND');
    const unit = unitOf(this.#field(row, 'unit'));
    const at = this.#field(row, 'at');
    const idText = this.#optional(row, 'id');
    return {
      instrument,
      market,
      provider: id,
      company: this.#optional(row, 'company') || name,
      brand: this.#optional(row, 'brand'),
      buy,
      sell,
      currency: currency.text().toUpperCase(),
      unit,
      at: this.#settings.expressions.has('at') ? at.acceptTime(readAt(at), now) : undefined,
      ...(idText === '' ? {} : { id: idText }),
    };
  }

  #field(row: Field, field: QuoteField): Field {
    const path = `${row.path}.${field}`;
    return new Field(this.#settings.expressions.get(field)?.evaluate(row.value, path) ?? null, path);
  }

  #market(field: Field): Market {
    if (!field.filled) return this.#settings.market;
    const text = field.text();
    const market = MARKETS.find((market) => market === text);
    if (!market) throw field.error(`one of ${MARKETS.join(', ')}`);
    return market;
  }

  #price(field: Field): number | null {
    const { form, scale } = this.#settings;
    const { value } = field;
    if (typeof value === 'number') return field.price('plain', scale);
    if (form === undefined && typeof value === 'string' && AMBIGUOUS.test(value.trim())) {
      throw field.error('a number of one meaning: set "number" to "1,234.5" or to "1.234,5", as the body writes them');
    }
    return field.price(form ?? 'comma', scale);
  }

  /** A text or a number as text; empty when there is none. */
  #optional(row: Field, name: QuoteField): string {
    const field = this.#field(row, name);
    if (!field.filled) return '';
    const text = typeof field.value === 'number' ? String(field.value) : field.text();
    if (text.length > LONGEST_TEXT) throw field.error(`at most ${LONGEST_TEXT} characters`);
    return text;
  }
}

const LONGEST_TEXT = 120;
/** Three digits after the only mark: thousands in Vietnam, decimals elsewhere, or the other way round. */
const AMBIGUOUS = /^[1-9]\d{0,2}[.,]\d{3}$/;
const FIRST_MILLISECOND = 100_000_000_000; // as seconds it lies in the year 5138, as milliseconds in 1973

function instrumentOf(field: Field, market: Market): string {
  const text = field.name();
  const known = knownInstrument(text);
  if (known?.market === market) return known.id;
  const id = isInstrumentId(text) ? text : instrumentIdOf(text);
  if (id === '') throw field.error('a name of letters or digits');
  return id;
}

function unitOf(field: Field): Unit {
  const unit = parseUnit(field.text());
  if (unit === undefined) throw field.error(`one of ${UNIT_NAMES}`);
  return unit;
}

/**
 * A time as epoch seconds or milliseconds, told apart by size, or as text: ISO 8601, as Vietnamese sites write it, or as
 * .NET does. Without a zone it is Vietnam time.
 */
function readAt(field: Field): Instant {
  const { value } = field;
  if (typeof value === 'number' || (typeof value === 'string' && /^\s*\d{8,}(\.\d+)?\s*$/.test(value))) {
    return field.number('plain') < FIRST_MILLISECOND ? field.seconds() : field.milliseconds();
  }
  const text = typeof value === 'string' ? plain(value) : '';
  const at = parseIso(text) ?? parseAnyTime(text) ?? parseDotNetDate(text);
  if (at === undefined) {
    throw field.error(
      'ISO time, epoch seconds or milliseconds, yyyy-mm-dd HH:MM, dd/mm/yyyy HH:MM or HH:MM dd/mm/yyyy',
    );
  }
  return at;
}
