import type { Instant } from '../domain/instant.ts';
import type { SeriesId } from '../domain/quote.ts';
import { seriesId } from '../domain/quote.ts';
import type { Draft } from '../store/draft.ts';
import { keys, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { NewHeldQuote } from './records.ts';

/** Held quotes that are kept at most; of more, the oldest go. The journal has all of them. */
export const MAX_HELD = 1000;
/** Of one series: levels that a broken source jumps between. */
const MAX_PER_SERIES = 5;

export interface HeldQuote extends NewHeldQuote {
  readonly id: number;
  readonly heldAt: Instant;
  /** The owner discarded it: prices of its level are not held again. */
  readonly discarded?: true;
}

/** Prices that do not fit what is known, until it is decided about them. */
export class HeldQuotes {
  readonly #byId = new Map<number, HeldQuote>();
  readonly #bySeries = new Map<SeriesId, number[]>();
  readonly #byInstrument = new Map<string, Set<SeriesId>>();

  async load(store: Store): Promise<void> {
    for await (const [, text] of store.range(within(keys.heldQuotes))) this.remember(JSON.parse(text) as HeldQuote);
  }

  /** Also one that is discarded. */
  get(id: number): HeldQuote | undefined {
    return this.#byId.get(id);
  }

  /** Oldest first. */
  list(): HeldQuote[] {
    return [...this.#byId.values()].filter(isUndecided);
  }

  of(series: SeriesId): HeldQuote[] {
    return this.allOf(series).filter(isUndecided);
  }

  /** With the discarded ones. */
  allOf(series: SeriesId): HeldQuote[] {
    return (this.#bySeries.get(series) ?? []).map((id) => this.#byId.get(id)!);
  }

  ofInstrument(instrument: string): HeldQuote[] {
    return [...(this.#byInstrument.get(instrument) ?? [])].flatMap((series) => this.of(series));
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Stages newly held quotes. @returns them, and the ids of those that they push out */
  stage(quotes: readonly NewHeldQuote[], heldAt: Instant, draft: Draft): { added: HeldQuote[]; dropped: number[] } {
    let count = draft.read<number>(keys.heldCount) ?? 0;
    const added = quotes.map((quote): HeldQuote => ({ ...quote, id: ++count, heldAt }));
    for (const held of added) draft.write(keys.held(held.id), held);
    draft.write(keys.heldCount, count);
    const dropped: number[] = [];
    // By number alone, so that what is dropped does not depend on what this process remembers.
    for (const { id } of added) {
      const last = id - MAX_HELD;
      if (last > 0 && draft.has(keys.held(last))) {
        draft.delete(keys.held(last));
        dropped.push(last);
      }
    }
    return { added, dropped };
  }

  /** A newly held quote, or a known one that is discarded now. */
  remember(held: HeldQuote): void {
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

function isUndecided({ discarded }: HeldQuote): boolean {
  return !discarded;
}
