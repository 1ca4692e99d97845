import { instrumentIdOf, isInstrumentId, knownInstrument } from '../domain/instrument.ts';
import type { QuoteDraft } from '../domain/quote.ts';
import { type Verdict, validateQuote } from '../domain/quote-validation.ts';
import { unitFactor } from '../domain/unit.ts';
import type { ImportRow } from '../protocol/rates.ts';
import type { QuoteLines } from './quote-file.ts';
import type { Series } from './quote-series.ts';
import type { RefusedLine } from './rates-import.ts';

/**
 * A rehearsal of an import: judges each line as the daemon would, as far as that goes without the daemon's quotes and
 * the instruments that only it knows.
 */
export class QuoteJudge implements QuoteLines {
  readonly stored = 0;
  readonly duplicates = 0;
  readonly batch = undefined;
  readonly #onRefused: RefusedLine;
  readonly #onAccepted: (line: number, series: Series, row: ImportRow) => void;
  readonly #now: number;
  readonly #drafts = new WeakMap<Series, Omit<QuoteDraft, 'at' | 'buy' | 'sell'> | string | undefined>();

  constructor(
    onRefused: RefusedLine,
    now: number,
    onAccepted: (line: number, series: Series, row: ImportRow) => void = () => {},
  ) {
    this.#onRefused = onRefused;
    this.#now = now;
    this.#onAccepted = onAccepted;
  }

  begin(): void {}

  row(line: number, series: Series, row: ImportRow): void {
    const [at, buy, sell, checkedAt] = row;
    let draft = this.#drafts.get(series);
    if (draft === undefined && !this.#drafts.has(series)) {
      draft = draftOf(series);
      this.#drafts.set(series, draft);
    }
    const reason =
      typeof draft === 'string'
        ? draft
        : checkedAt !== undefined && checkedAt !== null && checkedAt < at
          ? 'checkedAt is no instant after at'
          : draft && reasonOf(validateQuote({ ...draft, at, buy, sell }, [], this.#now));
    if (reason !== undefined) this.bad(line, reason);
    else this.#onAccepted(line, series, row);
  }

  bad(line: number, reason: string): void {
    this.#onRefused(line, reason);
  }

  async ready(): Promise<void> {}

  async end(): Promise<void> {}
}

function reasonOf(verdict: Verdict): string | undefined {
  return verdict.outcome === 'accepted' ? undefined : verdict.reason;
}

/** What the quotes of a series have in common; why they are refused; undefined where only the daemon can tell. */
function draftOf(series: Series): Omit<QuoteDraft, 'at' | 'buy' | 'sell'> | string | undefined {
  const known = knownInstrument(series.instrument);
  const id = known?.id ?? instrumentIdOf(series.instrument);
  if (!isInstrumentId(id)) return `"${series.instrument}" cannot be made an instrument's id: use letters and digits`;
  const market = known?.market ?? series.market;
  const currency = series.currency ?? known?.currency;
  const unit = series.unit ?? known?.unit;
  if (market === undefined || currency === undefined || unit === undefined) return undefined;
  if (known && (known.currency !== currency || unitFactor(unit, known.unit) === undefined)) {
    return `${id} is in ${known.currency}/${known.unit}, not in ${currency}/${unit}`;
  }
  const { provider = 'import', company = '', brand = '' } = series;
  return { instrument: id, market, provider, company, brand, currency, unit };
}
