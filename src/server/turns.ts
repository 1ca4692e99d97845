/** Something whose input waits to be worked on. */
export interface Reader {
  /** Who pays for it. Readers of one payer share one place in the rotation. */
  readonly payer: string;
  /** Work that a turn causes and that is done after it, in milliseconds. */
  readonly costMs?: number;
  /**
   * Works for a moment.
   * @returns milliseconds until it can go on, 0 where it has more to do now; undefined where nothing is left to do or
   * where it calls `Turns.ready` itself
   */
  turn(): number | undefined;
}

/** All readers together have the event loop for so long before others get it. */
const LOOP_MS = 8;
/** Who has nothing left rests at least so long: many connections of one payer need not wake for each unit. */
const REST_MS = 20;

interface Sleeper {
  readonly readers: Set<Reader>;
  readonly timer: NodeJS.Timeout;
}

/**
 * Gives readers their turns: payers in rotation, and the readers of one payer in rotation. So a payer with a thousand
 * connections delays another payer by one turn, not by a thousand.
 */
export class Turns {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Those who can go on now, by payer; the first payer is next. */
  readonly #rotation = new Map<string, Set<Reader>>();
  /** Those whose payer has nothing left. */
  readonly #sleeping = new Map<string, Sleeper>();
  /** By reader, the payer under which it waits. */
  readonly #waiting = new Map<Reader, string>();
  /** Milliseconds that were used in this iteration of the event loop. */
  #spent = 0;
  #scheduled = false;

  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** A reader has input. It runs at once if no other reader waits and time is left in this loop; otherwise it is queued. */
  ready(reader: Reader): void {
    if (this.#waiting.has(reader)) return;
    if (this.#rotation.size === 0 && this.#spent < LOOP_MS) this.#run(reader);
    else this.#queue(reader);
  }

  /** Its input is not wanted any more. */
  forget(reader: Reader): void {
    const payer = this.#waiting.get(reader);
    if (payer === undefined) return;
    this.#waiting.delete(reader);
    const queued = this.#rotation.get(payer);
    if (queued?.delete(reader) && queued.size === 0) this.#rotation.delete(payer);
    const sleeper = this.#sleeping.get(payer);
    if (sleeper?.readers.delete(reader) && sleeper.readers.size === 0) {
      clearTimeout(sleeper.timer);
      this.#sleeping.delete(payer);
    }
  }

  #run(reader: Reader): void {
    const begun = this.now();
    const wait = reader.turn();
    this.#spent += this.now() - begun + (reader.costMs ?? 0);
    this.#schedule();
    if (wait === undefined) return;
    if (wait === 0) this.#queue(reader);
    else this.#sleep(reader, wait);
  }

  #queue(reader: Reader): void {
    const { payer } = reader;
    this.#waiting.set(reader, payer);
    const queued = this.#rotation.get(payer);
    if (queued) queued.add(reader);
    else this.#rotation.set(payer, new Set([reader]));
    this.#schedule();
  }

  /** All sleepers of one payer wake together: they wait for the same account. */
  #sleep(reader: Reader, ms: number): void {
    const { payer } = reader;
    this.#waiting.set(reader, payer);
    const sleeper = this.#sleeping.get(payer);
    if (sleeper) {
      sleeper.readers.add(reader);
      return;
    }
    const timer = setTimeout(() => this.#wake(payer), Math.max(ms, REST_MS)).unref();
    this.#sleeping.set(payer, { readers: new Set([reader]), timer });
  }

  #wake(payer: string): void {
    const sleeper = this.#sleeping.get(payer);
    this.#sleeping.delete(payer);
    const [first, ...others] = sleeper?.readers ?? [];
    // The first one used up what there was: it comes last now, or the others would never get anything.
    for (const reader of first ? [...others, first] : []) {
      this.#waiting.delete(reader);
      this.#queue(reader);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#loop());
  }

  /** Called once in an iteration of the event loop in which there was anything to do. */
  #loop(): void {
    this.#scheduled = false;
    this.#spent = 0;
    while (this.#spent < LOOP_MS) {
      const [next] = this.#rotation;
      if (!next) return;
      const [payer, readers] = next;
      const [reader] = readers;
      this.#rotation.delete(payer);
      readers.delete(reader!);
      if (readers.size > 0) this.#rotation.set(payer, readers); // last in the rotation, and its other readers are next
      this.#waiting.delete(reader!);
      this.#run(reader!);
    }
    if (this.#rotation.size > 0) this.#schedule();
  }
}
