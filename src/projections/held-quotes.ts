import type { SeriesId } from '../domain/quote.ts';
import { seriesId } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';
import { keys, prefixRange } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { NewHeldQuote } from './journal-records.ts';

/** Limit of stored held quotes; the oldest are dropped. The journal has all of them. */
export const MAX_HELD_QUOTES = 1000;
/** Limit per series, for a broken source that jumps between price levels. */
const MAX_PER_SERIES = 5;

export interface StoredHeldQuote extends NewHeldQuote {
  readonly id: number;
  readonly heldAt: EpochMs;
  /** The owner discarded it: prices of the same level are not held again. */
  readonly discarded?: true;
}

/** Quotes that look implausible, until somebody or a rule decides about them. */
export class HeldQuotes {
  readonly #byId = new Map<number, StoredHeldQuote>();
  readonly #bySeries = new Map<SeriesId, number[]>();
  readonly #byInstrument = new Map<string, Set<SeriesId>>();

  async load(store: Store): Promise<void> {
    for await (const [, text] of store.range(prefixRange(keys.heldQuotes)))
      this.remember(JSON.parse(text) as StoredHeldQuote);
  }

  get(id: number): StoredHeldQuote | undefined {
    return this.#byId.get(id);
  }

  listUndecided(): StoredHeldQuote[] {
    return [...this.#byId.values()].filter(isUndecided);
  }

  undecidedOf(series: SeriesId): StoredHeldQuote[] {
    return this.allOf(series).filter(isUndecided);
  }

  allOf(series: SeriesId): StoredHeldQuote[] {
    return (this.#bySeries.get(series) ?? []).map((id) => this.#byId.get(id)!);
  }

  ofInstrument(instrument: string): StoredHeldQuote[] {
    return [...(this.#byInstrument.get(instrument) ?? [])].flatMap((series) => this.undecidedOf(series));
  }

  get size(): number {
    return this.#byId.size;
  }

  stage(
    quotes: readonly NewHeldQuote[],
    heldAt: EpochMs,
    writes: WriteBatch,
  ): { added: StoredHeldQuote[]; dropped: number[] } {
    let count = writes.read<number>(keys.heldCount) ?? 0;
    const added = quotes.map((quote): StoredHeldQuote => ({ ...quote, id: ++count, heldAt }));
    for (const held of added) writes.write(keys.held(held.id), held);
    writes.write(keys.heldCount, count);
    const dropped: number[] = [];
    // Depends on the number alone, so that every daemon drops the same quotes.
    for (const { id } of added) {
      const last = id - MAX_HELD_QUOTES;
      if (last > 0 && writes.has(keys.held(last))) {
        writes.delete(keys.held(last));
        dropped.push(last);
      }
    }
    return { added, dropped };
  }

  /** Adds a newly held quote, or updates one that was discarded. */
  remember(held: StoredHeldQuote): void {
    this.#byId.set(held.id, held);
    const series = seriesId(held.quote);
    const ids = [...(this.#bySeries.get(series) ?? []).filter((id) => id !== held.id), held.id];
    const undecided = ids.filter((id) => isUndecided(this.#byId.get(id)!));
    const oldest = undecided.length > MAX_PER_SERIES ? undecided[0] : undefined;
    this.#bySeries.set(
      series,
      ids.filter((id) => id !== oldest),
    );
    const { instrument } = held.quote;
    this.#byInstrument.set(instrument, (this.#byInstrument.get(instrument) ?? new Set()).add(series));
  }

  forget(id: number): void {
    const held = this.#byId.get(id);
    if (!held) return;
    this.#byId.delete(id);
    const series = seriesId(held.quote);
    const left = (this.#bySeries.get(series) ?? []).filter((other) => other !== id);
    if (left.length > 0) this.#bySeries.set(series, left);
    else {
      this.#bySeries.delete(series);
      this.#byInstrument.get(held.quote.instrument)?.delete(series);
    }
  }
}

function isUndecided({ discarded }: StoredHeldQuote): boolean {
  return !discarded;
}
