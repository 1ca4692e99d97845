import { AppError } from '../domain/app-error.ts';
import type { EpochMs } from '../domain/time.ts';
import type { QuoteImportRow } from '../protocol/rates.ts';
import type { AnalyzedFile } from './file-analysis.ts';
import type { ImportInput } from './import-input.ts';
import { type QuoteConsumer, readQuotes } from './quote-file-reader.ts';
import type { ImportSeries } from './quote-series.ts';
import { readTygiaFile } from './tygia-file.ts';

/** Bounds memory. */
const MAX_SERIES = 50_000;

/** The period that a file covers for each series: `[first, last + 1)`. */
export class SeriesRanges implements QuoteConsumer {
  readonly #ranges = new Map<string, [from: EpochMs, to: EpochMs]>();

  rangeOf(series: ImportSeries): [from: EpochMs, to: EpochMs] | undefined {
    return this.#ranges.get(seriesKey(series));
  }

  begin(): void {}

  addQuote(_line: number, series: ImportSeries, [at]: QuoteImportRow): void {
    const key = seriesKey(series);
    const range = this.#ranges.get(key);
    if (range) {
      range[0] = Math.min(range[0], at);
      range[1] = Math.max(range[1], at + 1);
      return;
    }
    if (this.#ranges.size === MAX_SERIES) {
      throw new AppError('TOO_LARGE', `--replace supports at most ${MAX_SERIES} series per file. Split the file.`);
    }
    this.#ranges.set(key, [at, at + 1]);
  }

  addRejected(): void {}

  async waitUntilReady(): Promise<void> {}
}

/** Reads the file once more to find the periods that it covers. */
export async function readSeriesRanges(
  input: ImportInput,
  understood: AnalyzedFile | undefined,
  { coins }: { readonly coins: boolean },
): Promise<SeriesRanges> {
  const ranges = new SeriesRanges();
  if (understood)
    await readQuotes(
      understood.table,
      understood.plan,
      ranges,
      () => {},
      () => {},
    );
  else await readTygiaFile(input.read(), ranges, Date.now(), { coins });
  return ranges;
}

function seriesKey({ aliases: _, ...series }: ImportSeries): string {
  return JSON.stringify(series);
}
