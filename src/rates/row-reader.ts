import type { Instant } from '../domain/instant.ts';
import { instrumentIdOf, isInstrumentId, knownInstrument, type Market } from '../domain/instrument.ts';
import type { QuoteDraft } from '../domain/quote.ts';
import { isUnit, UNITS } from '../domain/unit.ts';
import { believable, Field, type NumberForm, parseIso } from './body.ts';
import type { Expression } from './expression.ts';

export const REQUIRED_FIELDS = ['instrument', 'buy', 'sell', 'currency', 'unit'] as const;
export const OPTIONAL_FIELDS = ['company', 'brand', 'at', 'id'] as const;
export type QuoteField = (typeof REQUIRED_FIELDS)[number] | (typeof OPTIONAL_FIELDS)[number];

export interface RowSettings {
  readonly id: string;
  readonly name: string;
  readonly market: Market;
  readonly expressions: ReadonlyMap<QuoteField, Expression>;
  readonly form: NumberForm;
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
    const { id, name, market } = this.#settings;
    const instrument = this.#instrument(this.#field(row, 'instrument'));
    const buy = this.#price(this.#field(row, 'buy'));
    const sell = this.#price(this.#field(row, 'sell'));
    if (buy === null && sell === null) return undefined;
    const currency = this.#field(row, 'currency');
    if (!/^[A-Z]{3,5}$/i.test(currency.text())) throw currency.error('a currency code like VND');
    const unitField = this.#field(row, 'unit');
    const unit = unitField.text().toLowerCase();
    if (!isUnit(unit)) throw unitField.error(`one of ${Object.keys(UNITS).join(', ')}`);
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
      at: this.#settings.expressions.has('at') ? believable(readAt(at), now) : now,
      ...(idText === '' ? {} : { id: idText }),
    };
  }

  #field(row: Field, field: QuoteField): Field {
    const path = `${row.path}.${field}`;
    return new Field(this.#settings.expressions.get(field)?.evaluate(row.value, path) ?? null, path);
  }

  #instrument(field: Field): string {
    const text = field.name();
    const known = knownInstrument(text);
    if (known?.market === this.#settings.market) return known.id;
    const id = isInstrumentId(text) ? text : instrumentIdOf(text);
    if (id === '') throw field.error('a name of letters or digits');
    return id;
  }

  #price(field: Field): number | null {
    return field.price(typeof field.value === 'number' ? 'plain' : this.#settings.form, this.#settings.scale);
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
const FIRST_MILLISECOND = 100_000_000_000; // as seconds it lies in the year 5138, as milliseconds in 1973

/** A time as epoch seconds or milliseconds, told apart by size, or as text: ISO 8601, without a zone Vietnam time. */
function readAt(field: Field): Instant {
  const { value } = field;
  if (typeof value === 'number' || (typeof value === 'string' && /^\s*\d{8,}(\.\d+)?\s*$/.test(value))) {
    return field.number('plain') < FIRST_MILLISECOND ? field.seconds() : field.milliseconds();
  }
  const at = typeof value === 'string' ? parseIso(value.trim()) : undefined;
  if (at === undefined) throw field.error('ISO time, epoch seconds or milliseconds, or yyyy-mm-dd HH:MM');
  return at;
}
