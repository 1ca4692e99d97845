import { findCatalogueInstrument } from '../domain/instrument.ts';
import { parseSeriesId, type Quote, type SeriesId, seriesId } from '../domain/quote.ts';
import { MAX_SERIES_PER_SOURCE } from '../rates/quote-sink.ts';

/** Instruments of one source that are not in the catalogue. */
export const MAX_NEW_INSTRUMENTS = 500;
/** Series (companies and brands) per instrument and source: each price is compared with all of them. */
export const MAX_SERIES_PER_INSTRUMENT = 200;

/** Limits the instruments and series of one source, including stored ones. New ones beyond a limit are refused. */
export class ProviderSeriesLimiter {
  readonly #series: Set<SeriesId>;
  readonly #isStored: (instrument: string) => boolean;
  readonly #counts = new Map<string, number>();
  #newInstruments = 0;

  /** @param isStored whether an instrument has quotes of any source */
  constructor(stored: readonly SeriesId[], isStored: (instrument: string) => boolean) {
    this.#series = new Set(stored);
    this.#isStored = isStored;
    for (const id of this.#series) this.#count(parseSeriesId(id).instrument);
  }

  /** Adds a series. @returns why it is refused; undefined if it is accepted */
  add(quote: Pick<Quote, 'instrument' | 'provider' | 'company' | 'brand'>): string | undefined {
    const id = seriesId(quote);
    if (this.#series.has(id)) return undefined;
    const { instrument } = quote;
    const isNew = !this.#counts.has(instrument) && !this.#isStored(instrument) && !isCatalogued(instrument);
    if (isNew && this.#newInstruments >= MAX_NEW_INSTRUMENTS) {
      return `it is a new instrument, and its source already has ${MAX_NEW_INSTRUMENTS}, the limit of new ones`;
    }
    if (this.#series.size >= MAX_SERIES_PER_SOURCE)
      return `its source already has ${MAX_SERIES_PER_SOURCE} series, which is the limit`;
    if ((this.#counts.get(instrument) ?? 0) >= MAX_SERIES_PER_INSTRUMENT) {
      return `its source already has ${MAX_SERIES_PER_INSTRUMENT} series of the instrument, which is the limit`;
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
  return findCatalogueInstrument(instrument)?.id === instrument;
}
