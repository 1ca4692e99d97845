import { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import type { ImportRow } from '../protocol/rates.ts';
import type { Input } from './input.ts';
import { type QuoteLines, readQuotes } from './quote-file.ts';
import type { UnderstoodFile } from './quote-import.ts';
import type { Series } from './quote-series.ts';
import { readTygia } from './tygia-file.ts';

/** Series of a file whose ranges are kept. */
const MAX_SERIES = 50_000;

/** From when to when a file has quotes of each series: `[first, last + 1)`. */
export class SeriesRanges implements QuoteLines {
  readonly #ranges = new Map<string, [from: Instant, to: Instant]>();

  of(series: Series): [from: Instant, to: Instant] | undefined {
    return this.#ranges.get(keyOf(series));
  }

  begin(): void {}

  row(_line: number, series: Series, [at]: ImportRow): void {
    const key = keyOf(series);
    const range = this.#ranges.get(key);
    if (range) {
      range[0] = Math.min(range[0], at);
      range[1] = Math.max(range[1], at + 1);
      return;
    }
    if (this.#ranges.size === MAX_SERIES) {
      throw new Failure('TOO_LARGE', `--replace takes files of at most ${MAX_SERIES} series. Import it in parts.`);
    }
    this.#ranges.set(key, [at, at + 1]);
  }

  bad(): void {}

  async ready(): Promise<void> {}
}

/** Reads a file once more for the times that it covers. */
export async function rangesOf(
  input: Input,
  understood: UnderstoodFile | undefined,
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
  else await readTygia(input.read(), ranges, Date.now(), { coins });
  return ranges;
}

function keyOf({ aliases: _, ...series }: Series): string {
  return JSON.stringify(series);
}
