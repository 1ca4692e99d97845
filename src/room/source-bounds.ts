import { knownInstrument } from '../domain/instrument.ts';
import { type Quote, type SeriesId, seriesId, seriesParts } from '../domain/quote.ts';
import { MAX_SERIES } from '../rates/sink.ts';

/** Instruments that are not in the catalogue and that one source may bring, in all. */
export const MAX_NEW_INSTRUMENTS = 500;
/** Series (companies and brands) of one instrument from one source: each price is compared with all of them. */
export const MAX_SERIES_OF_INSTRUMENT = 200;

/** Counts the instruments and series of one source, those that are stored included; new ones beyond a bound are refused. */
export class SourceBounds {
  readonly #series: Set<SeriesId>;
  readonly #isStored: (instrument: string) => boolean;
  /** Series by instrument. */
  readonly #counts = new Map<string, number>();
  /** Instruments of the source that are not in the catalogue. */
  #newInstruments = 0;

  /** @param isStored whether an instrument has quotes of any source */
  constructor(stored: readonly SeriesId[], isStored: (instrument: string) => boolean) {
    this.#series = new Set(stored);
    this.#isStored = isStored;
    for (const id of this.#series) this.#count(seriesParts(id).instrument);
  }

  /** Takes a series in. @returns why it is not taken; undefined where it is */
  add(quote: Pick<Quote, 'instrument' | 'provider' | 'company' | 'brand'>): string | undefined {
    const id = seriesId(quote);
    if (this.#series.has(id)) return undefined;
    const { instrument } = quote;
    const isNew = !this.#counts.has(instrument) && !this.#isStored(instrument) && !isCatalogued(instrument);
    if (isNew && this.#newInstruments >= MAX_NEW_INSTRUMENTS) {
      return `it is a new instrument, and its source has brought ${MAX_NEW_INSTRUMENTS} already, which is the limit`;
    }
    if (this.#series.size >= MAX_SERIES) return `its source has ${MAX_SERIES} series already, which is the limit`;
    if ((this.#counts.get(instrument) ?? 0) >= MAX_SERIES_OF_INSTRUMENT) {
      return `its source has ${MAX_SERIES_OF_INSTRUMENT} series of the instrument already, which is the limit`;
    }
    this.#series.add(id);
    this.#count(instrument);
    return undefined;
  }

  #count(instrument: string): void {
    const count = this.#counts.get(instrument) ?? 0;
    if (count === 0 && !isCatalogued(instrument)) this.#newInstruments++;
    this.#counts.set(instrument, count + 1);
  }
}

function isCatalogued(instrument: string): boolean {
  return knownInstrument(instrument)?.id === instrument;
}
