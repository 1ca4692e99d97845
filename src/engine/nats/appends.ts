import { randomUUID } from 'node:crypto';
import { type Deferred, deferred } from '../../domain/deferred.ts';
import { Failure } from '../../domain/failure.ts';
import type { Appended } from '../contract.ts';
import type { Feed } from './feed.ts';
import { PublishError, type Publisher } from './publisher.ts';
import { REACH } from './repeats.ts';

/** What the cluster is asked to take. */
export interface Append {
  readonly subject: string;
  readonly payload: string;
  /** Seq of the last record of the subject; undefined where any will do. */
  readonly expect: number | undefined;
}

export interface AppendsSettings {
  /** What the cluster has not taken after so long is refused. Default 10 s: a leader's death takes 5. */
  readonly appendMs?: number | undefined;
  /** One was refused because the cluster does not take writes. */
  readonly onRefused: (failure: Failure) => void;
  /** Resolves when all that the stream has now is applied here. @throws Failure */
  readonly catchUp: () => Promise<void>;
}

/** What appends go out by, and come back, while the engine runs. */
export interface Route {
  readonly publisher: Publisher;
  readonly feed: Feed;
}

interface Pending extends Append {
  readonly id: string;
  /** In the order of the appends. */
  readonly number: number;
  readonly since: number;
  readonly deadline: number;
  readonly appended: Deferred<Appended>;
  /** The cluster has answered, or the record has come. */
  settled: boolean;
}

const APPEND_MS = 10_000;
/** One try; the next has the same id, so that the stream takes one of them. */
const ATTEMPT_MS = 1000;
const RETRY_MS = 100;
/** Published and not answered: nats-server refuses what goes far beyond. */
const IN_FLIGHT = 2048;
/** An earlier try of an append may still be on its way into the stream. */
const ON_ITS_WAY_MS = 250;

// JetStream's own numbers of errors.
const DUPLICATE_IN_PROCESS = 10_158;
const NO_ROOM = 10_023;
const WRONG_LAST: ReadonlySet<number | undefined> = new Set<number | undefined>([10_071, 10_164]);

/**
 * What was appended here and is not known to be durable and applied. Each is published with an id of its own, as often
 * as it takes, until the feed brings it, the cluster refuses it or its time is over.
 */
export class Appends {
  readonly #settings: AppendsSettings;
  readonly #pending = new Map<string, Pending>();
  #queue: Pending[] = [];
  #inFlight = 0;
  #pumping = false;
  #route: Route | undefined;
  #emptied: Deferred<void> | undefined;
  readonly #instance = randomUUID();
  #count = 0;

  constructor(settings: AppendsSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#pending.size;
  }

  run(route: Route): void {
    this.#route = route;
  }

  /** Resolves when its record is durable and applied here. @throws Failure */
  add(append: Append): Promise<Appended> {
    const { appendMs = APPEND_MS } = this.#settings;
    this.#count += 1;
    const now = performance.now();
    const pending: Pending = {
      ...append,
      id: `${this.#instance}.${this.#count}`,
      number: this.#count,
      since: now,
      deadline: now + appendMs,
      appended: deferred<Appended>(),
      settled: false,
    };
    this.#pending.set(pending.id, pending);
    this.#queue.push(pending);
    this.#pump();
    return pending.appended.promise;
  }

  /** The record of this id was applied, or `failed`. @returns since when it waited (performance.now); undefined where it was not appended here. */
  applied(id: string, appended: Appended, failed: unknown): number | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    this.#settle(pending, ({ resolve, reject }) => {
      if (failed === undefined) resolve(appended);
      else reject(new Failure('INTERNAL', undefined, { cause: failed }));
    });
    return pending.since;
  }

  /** Refuses what waits beyond its time: the stream has it, maybe, and cannot be read. */
  expire(): void {
    const now = performance.now();
    for (const pending of this.#pending.values()) {
      if (pending.deadline > now) return; // so do those behind it
      this.#giveUp(pending);
    }
  }

  /** Refuses all that wait. */
  refuse(failure: Failure): void {
    this.#queue = [];
    for (const pending of [...this.#pending.values()]) this.#settle(pending, ({ reject }) => reject(failure));
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    if (this.#pending.size === 0) return;
    this.#emptied = deferred();
    await this.#emptied.promise;
  }

  #settle(pending: Pending, settle: (appended: Deferred<Appended>) => void): void {
    pending.settled = true;
    if (!this.#pending.delete(pending.id)) return;
    settle(pending.appended);
    this.#pump();
    if (this.#pending.size === 0) this.#emptied?.resolve();
  }

  #pump(): void {
    if (this.#pumping) return; // whoever gives up at once comes here again
    this.#pumping = true;
    for (let next = this.#next(); next.length > 0; next = this.#next()) {
      for (const pending of next) {
        this.#inFlight += 1;
        void this.#publish(pending).finally(() => {
          this.#inFlight -= 1;
          this.#pump();
        });
      }
    }
    this.#pumping = false;
  }

  /** Those to be published now: none so far ahead of one that is not settled that a repeat of that would not be known. */
  #next(): Pending[] {
    const [first] = this.#queue;
    const [oldest] = this.#pending.values();
    if (!first || !oldest) return [];
    return this.#queue.splice(
      0,
      Math.max(0, Math.min(IN_FLIGHT - this.#inFlight, oldest.number + REACH - first.number)),
    );
  }

  /** Publishes until it is known what became of it, or nobody waits any more. Never rejects. */
  async #publish(pending: Pending): Promise<void> {
    const { publisher, feed } = this.#route!;
    /** A try may have got through. */
    let ambiguous = false;
    let cause: unknown;
    while (!pending.settled && performance.now() < pending.deadline) {
      try {
        const seq = await publisher.publish({
          ...pending,
          timeoutMs: Math.max(1, Math.min(ATTEMPT_MS, pending.deadline - performance.now())),
        });
        if (seq > 0) {
          feed.expect(seq);
          return; // it is durable, and settled when it is applied
        }
        // An earlier try is on its way, and may stay there: before 2.12 that is told as a duplicate of nothing.
        ambiguous = true;
      } catch (thrown) {
        cause = thrown;
        if (pending.settled) return;
        const code = thrown instanceof PublishError ? thrown.code : undefined;
        if (WRONG_LAST.has(code)) {
          if (await this.#lost(pending, ambiguous)) return;
          ambiguous = true;
        } else if (code !== undefined && code !== DUPLICATE_IN_PROCESS && !passing(thrown as PublishError)) {
          const text = `The NATS cluster refuses the record: ${(thrown as Error).message}.`;
          const failure = new Failure('STORE_FAILED', text, { cause });
          this.#settle(pending, ({ reject }) => reject(failure));
          return;
        } else {
          ambiguous = true;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    if (!pending.settled) this.#giveUp(pending, cause);
  }

  #giveUp(pending: Pending, cause?: unknown): void {
    const failure = notTaken(cause);
    this.#settle(pending, ({ reject }) => reject(failure));
    this.#settings.onRefused(failure);
  }

  /** Another record of the subject came first: or is it an earlier try of this one? @returns false when nobody can say */
  async #lost(pending: Pending, ambiguous: boolean): Promise<boolean> {
    try {
      if (ambiguous) await new Promise((resolve) => setTimeout(resolve, ON_ITS_WAY_MS));
      // Whoever is told of a conflict looks again, and must see what the other one wrote.
      await this.#settings.catchUp();
    } catch (failure) {
      if (ambiguous || !(failure instanceof Failure)) return false;
    }
    if (!pending.settled) this.#settle(pending, ({ reject }) => reject(new Failure('CONFLICT')));
    return true;
  }
}

/** JetStream's own trouble, which goes by: no leader yet, a node that starts, too much at a time. */
function passing({ status, code }: PublishError): boolean {
  return [408, 429, 503].includes(status) && code !== NO_ROOM;
}

function notTaken(cause: unknown): Failure {
  return new Failure(
    'NOT_AVAILABLE',
    'The NATS cluster does not take writes: most of its nodes do not answer. Reading goes on; writing does when they are back.',
    { cause },
  );
}
