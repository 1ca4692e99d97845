import { expect } from 'chai';
import type { AppError } from '../../../src/domain/app-error.ts';
import type { NatsEngine } from '../../../src/engine/nats/engine.ts';

const PAUSE_MS = 50;
/** A stream that is silent for less than this is still used (engine.ts). */
const SILENCE_MS = 6000;
/** Time for a cluster to settle after the last fault. */
const SETTLED_MS = 20_000;

/** Writers at several daemons of one room, which continue through faults of the cluster. */
export class Load {
  readonly acknowledged = new Map<number, string>();
  /** Error codes. */
  readonly refused: string[] = [];
  /** Of all appends, in ms. */
  longest = 0;
  readonly #engines: readonly NatsEngine[];
  readonly #writers: Promise<void>[];
  #going = true;

  /** @param each number of writers at each daemon */
  constructor(engines: readonly NatsEngine[], each: number) {
    this.#engines = engines;
    this.#writers = engines.flatMap((engine, i) =>
      Array.from({ length: each }, (_, j) => this.#write(engine, `${i}.${j}`)),
    );
    for (const writer of this.#writers) writer.catch(() => {}); // reported by `stop`
  }

  /** Resolves once `count` more are acknowledged. */
  async grown(by: number): Promise<void> {
    const wanted = this.acknowledged.size + by;
    while (this.acknowledged.size < wanted) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async stop(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#writers);
  }

  /**
   * Checks that each daemon has every acknowledged record once, at its seq, without gaps.
   * @param late one that joined afterwards
   */
  async verify(late: NatsEngine): Promise<void> {
    // Long silence of a cluster, as on a busy machine, is no fault: it is logged, and an append waits as long.
    if (this.longest < SILENCE_MS) expect(this.refused).to.deep.equal([]);
    expect(this.refused.filter((code) => code !== 'NOT_AVAILABLE')).to.deep.equal([]);
    const last = Math.max(...this.acknowledged.keys());
    for (const engine of [...this.#engines, late]) {
      await caughtUp(engine, last);
      const seen = new Set<string>();
      let next = 1;
      const abort = new AbortController();
      for await (const { seq, kind, text } of engine.journal.follow(0, abort.signal)) {
        expect(seq).to.equal(next++);
        if (kind !== 'void') {
          expect(seen.has(text as string), `${text} twice`).to.equal(false);
          seen.add(text as string);
        }
        if (this.acknowledged.has(seq)) expect(text).to.equal(this.acknowledged.get(seq));
        if (seq === engine.journal.head()) abort.abort();
      }
      for (const text of this.acknowledged.values()) expect(seen.has(text), text).to.equal(true);
    }
  }

  toString(): string {
    const { acknowledged, refused, longest } = this;
    return `${acknowledged.size} records, ${refused.length} refused, longest append ${longest.toFixed(0)} ms`;
  }

  async #write(engine: NatsEngine, name: string): Promise<void> {
    for (let i = 0; this.#going; i++) {
      const text = `${name} ${i}`;
      const begun = performance.now();
      try {
        const { seq, changes } = await engine.journal.append({ kind: 'test.text', at: 1, text });
        expect(this.acknowledged.has(seq), `two of ${seq}`).to.equal(false);
        expect(changes).to.deep.equal([{ type: 'text', text }]);
        this.acknowledged.set(seq, text);
      } catch (thrown) {
        const { code } = thrown as Partial<AppError>;
        if (code === undefined || (thrown as Error).name === 'AssertionError') throw thrown;
        this.refused.push(code);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS)); // refusals may come immediately, repeatedly
      }
      this.longest = Math.max(this.longest, performance.now() - begun);
    }
  }
}

/** A newly elected leader may not have applied its whole log, and reports an earlier end. */
async function caughtUp(engine: NatsEngine, last: number): Promise<void> {
  const until = performance.now() + SETTLED_MS;
  for (;;) {
    try {
      await engine.journal.catchUp();
      if (engine.journal.head() >= last || performance.now() > until) return;
    } catch (thrown) {
      if ((thrown as AppError).code !== 'NOT_AVAILABLE' || performance.now() > until) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
