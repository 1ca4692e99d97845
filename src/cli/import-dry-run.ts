import { findCatalogueInstrument, isInstrumentId, makeInstrumentId } from '../domain/instrument.ts';
import type { NewQuote } from '../domain/quote.ts';
import { type QuoteVerdict, validateQuote } from '../domain/quote-validation.ts';
import { unitConversionFactor } from '../domain/unit.ts';
import type { QuoteImportRow } from '../protocol/rates.ts';
import type { QuoteConsumer } from './quote-file-reader.ts';
import type { ImportSeries } from './quote-series.ts';
import type { RejectedLineListener } from './quote-uploader.ts';

/** Validates each line like the daemon, as far as possible without the daemon's quotes and its own instruments. */
export class ImportDryRun implements QuoteConsumer {
  readonly stored = 0;
  readonly duplicates = 0;
  readonly batch = undefined;
  readonly #onRejected: RejectedLineListener;
  readonly #onAccepted: (line: number, series: ImportSeries, row: QuoteImportRow) => void;
  readonly #now: number;
  readonly #templates = new WeakMap<ImportSeries, Omit<NewQuote, 'at' | 'buy' | 'sell'> | string | undefined>();

  constructor(
    onRefused: RejectedLineListener,
    now: number,
    onAccepted: (line: number, series: ImportSeries, row: QuoteImportRow) => void = () => {},
  ) {
    this.#onRejected = onRefused;
    this.#now = now;
    this.#onAccepted = onAccepted;
  }

  begin(): void {}

  addQuote(line: number, series: ImportSeries, row: QuoteImportRow): void {
    const [at, buy, sell, checkedAt] = row;
    let draft = this.#templates.get(series);
    if (draft === undefined && !this.#templates.has(series)) {
      draft = createQuoteTemplate(series);
      this.#templates.set(series, draft);
    }
    const reason =
      typeof draft === 'string'
        ? draft
        : checkedAt !== undefined && checkedAt !== null && checkedAt < at
          ? 'checkedAt is before at'
          : draft && rejectionReasonOf(validateQuote({ ...draft, at, buy, sell }, [], this.#now));
    if (reason !== undefined) this.addRejected(line, reason);
    else this.#onAccepted(line, series, row);
  }

  addRejected(line: number, reason: string): void {
    this.#onRejected(line, reason);
  }

  async waitUntilReady(): Promise<void> {}

  async finish(): Promise<void> {}
}

function rejectionReasonOf(verdict: QuoteVerdict): string | undefined {
  return verdict.outcome === 'accepted' ? undefined : verdict.reason;
}

/** The common part of the quotes of a series, or why they are rejected; undefined if only the daemon can tell. */
function createQuoteTemplate(series: ImportSeries): Omit<NewQuote, 'at' | 'buy' | 'sell'> | string | undefined {
  const known = findCatalogueInstrument(series.instrument);
  const id = known?.id ?? makeInstrumentId(series.instrument);
  if (!isInstrumentId(id))
    return `"${series.instrument}" cannot be converted to an instrument id: use letters and digits`;
  const market = known?.market ?? series.market;
  const currency = series.currency ?? known?.currency;
  const unit = series.unit ?? known?.unit;
  if (market === undefined || currency === undefined || unit === undefined) return undefined;
  if (known && (known.currency !== currency || unitConversionFactor(unit, known.unit) === undefined)) {
    return `${id} is quoted in ${known.currency}/${known.unit}, not in ${currency}/${unit}`;
  }
  const { provider = 'import', company = '', brand = '' } = series;
  return { instrument: id, market, provider, company, brand, currency, unit };
}
