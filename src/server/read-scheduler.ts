/** A connection whose input waits to be handled. */
export interface ScheduledReader {
  /** Who pays for the work. All readers of one payer share one place in the rotation. */
  readonly payer: string;
  /** Work that a turn causes after it ends, in milliseconds. */
  readonly costMs?: number;
  /**
   * Works for a moment.
   * @returns milliseconds until it can continue, 0 if it has more to do now; undefined if nothing is left to do or it
   * calls `schedule` itself
   */
  runTurn(): number | undefined;
}

/** Time for all readers per event-loop iteration. */
const LOOP_BUDGET_MS = 8;
/** Minimum sleep of a payer without budget: its connections need not wake for each unit. */
const MIN_SLEEP_MS = 20;

interface SleepingPayer {
  readonly readers: Set<ScheduledReader>;
  readonly timer: NodeJS.Timeout;
}

/** Round-robin over payers: one with a thousand connections delays others by one turn, not by a thousand. */
export class ReadScheduler {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Runnable readers by payer; the first payer is next. */
  readonly #rotation = new Map<string, Set<ScheduledReader>>();
  /** Readers of payers without budget. */
  readonly #sleeping = new Map<string, SleepingPayer>();
  /** The payer under which each reader waits. */
  readonly #payerOf = new Map<ScheduledReader, string>();
  /** Time used in this event-loop iteration. */
  #spentMs = 0;
  #isLoopScheduled = false;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** Runs the reader at once if no other one waits and time is left in this iteration. */
  schedule(reader: ScheduledReader): void {
    if (this.#payerOf.has(reader)) return;
    if (this.#rotation.size === 0 && this.#spentMs < LOOP_BUDGET_MS) this.#run(reader);
    else this.#enqueue(reader);
  }

  remove(reader: ScheduledReader): void {
    const payer = this.#payerOf.get(reader);
    if (payer === undefined) return;
    this.#payerOf.delete(reader);
    const queued = this.#rotation.get(payer);
    if (queued?.delete(reader) && queued.size === 0) this.#rotation.delete(payer);
    const sleeper = this.#sleeping.get(payer);
    if (sleeper?.readers.delete(reader) && sleeper.readers.size === 0) {
      clearTimeout(sleeper.timer);
      this.#sleeping.delete(payer);
    }
  }

  #run(reader: ScheduledReader): void {
    const startedAt = this.now();
    const waitMs = reader.runTurn();
    this.#spentMs += this.now() - startedAt + (reader.costMs ?? 0);
    this.#scheduleLoop();
    if (waitMs === undefined) return;
    if (waitMs === 0) this.#enqueue(reader);
    else this.#sleep(reader, waitMs);
  }

  #enqueue(reader: ScheduledReader): void {
    const { payer } = reader;
    this.#payerOf.set(reader, payer);
    const queued = this.#rotation.get(payer);
    if (queued) queued.add(reader);
    else this.#rotation.set(payer, new Set([reader]));
    this.#scheduleLoop();
  }

  /** All sleepers of one payer wake together: they wait for the same account. */
  #sleep(reader: ScheduledReader, ms: number): void {
    const { payer } = reader;
    this.#payerOf.set(reader, payer);
    const sleeper = this.#sleeping.get(payer);
    if (sleeper) {
      sleeper.readers.add(reader);
      return;
    }
    const timer = setTimeout(() => this.#wake(payer), Math.max(ms, MIN_SLEEP_MS)).unref();
    this.#sleeping.set(payer, { readers: new Set([reader]), timer });
  }

  #wake(payer: string): void {
    const sleeper = this.#sleeping.get(payer);
    this.#sleeping.delete(payer);
    const [first, ...others] = sleeper?.readers ?? [];
    // The first reader used up the budget last time: it goes last, or the others would starve.
    for (const reader of first ? [...others, first] : []) {
      this.#payerOf.delete(reader);
      this.#enqueue(reader);
    }
  }

  #scheduleLoop(): void {
    if (this.#isLoopScheduled) return;
    this.#isLoopScheduled = true;
    setImmediate(() => this.#runLoop());
  }

  /** Runs once per event-loop iteration with work. */
  #runLoop(): void {
    this.#isLoopScheduled = false;
    this.#spentMs = 0;
    while (this.#spentMs < LOOP_BUDGET_MS) {
      const [next] = this.#rotation;
      if (!next) return;
      const [payer, readers] = next;
      const [reader] = readers;
      this.#rotation.delete(payer);
      readers.delete(reader!);
      if (readers.size > 0) this.#rotation.set(payer, readers); // the payer goes last; its other readers are next
      this.#payerOf.delete(reader!);
      this.#run(reader!);
    }
    if (this.#rotation.size > 0) this.#scheduleLoop();
  }
}
