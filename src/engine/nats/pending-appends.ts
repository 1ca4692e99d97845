import { randomUUID } from 'node:crypto';
import { AppError } from '../../domain/app-error.ts';
import { type Deferred, deferred } from '../../domain/deferred.ts';
import { sleep } from '../../sleep.ts';
import type { AppendResult } from '../types.ts';
import { DEDUP_WINDOW } from './dedup.ts';
import { PublishError, type Publisher } from './publisher.ts';
import type { StreamFollower } from './stream-follower.ts';

export interface AppendRequest {
  readonly subject: string;
  readonly payload: string;
  /** Sequence number of the subject's last record; undefined to skip the check. */
  readonly expectedSeq: number | undefined;
}

export interface PendingAppendsSettings {
  /** An append that is not accepted within this time is rejected. Default 10 s: a leader election takes 5 s. */
  readonly appendMs?: number | undefined;
  /** Called when an append was rejected because the cluster does not accept writes. */
  readonly onWriteRefused: (failure: AppError) => void;
  /** Resolves when everything that is in the stream now is applied here. @throws AppError */
  readonly catchUp: () => Promise<void>;
}

/** How requests are sent and their records received while the engine runs. */
export interface JournalTransport {
  readonly publisher: Publisher;
  readonly follower: StreamFollower;
}

interface PendingRequest extends AppendRequest {
  readonly id: string;
  readonly number: number;
  readonly queuedAt: number;
  readonly deadlineAt: number;
  readonly result: Deferred<AppendResult>;
  /** The cluster has replied, or the record has arrived. */
  isSettled: boolean;
}

const APPEND_TIMEOUT_MS = 10_000;
/** Timeout of one attempt. The next attempt has the same id, so the stream keeps only one of them. */
const ATTEMPT_TIMEOUT_MS = 1000;
const RETRY_DELAY_MS = 100;
/** Published without a reply. nats-server rejects connections with far more. */
const MAX_IN_FLIGHT = 2048;
/** How long an earlier attempt may still be on its way into the stream. */
const LATE_DELIVERY_MS = 250;

const ERR_DUPLICATE_IN_PROCESS = 10_158;
const ERR_INSUFFICIENT_RESOURCES = 10_023;
const ERR_WRONG_LAST_SEQUENCE: ReadonlySet<number | undefined> = new Set<number | undefined>([10_071, 10_164]);

/**
 * Appends of this daemon that are not known to be durable and applied. Each has its own id and is published repeatedly,
 * until the follower receives it, the cluster rejects it or it times out.
 */
export class PendingAppends {
  readonly #settings: PendingAppendsSettings;
  readonly #pending = new Map<string, PendingRequest>();
  #queue: PendingRequest[] = [];
  #inFlight = 0;
  #isPumping = false;
  #transport: JournalTransport | undefined;
  #drained: Deferred<void> | undefined;
  readonly #producerId = randomUUID();
  #requestCount = 0;

  constructor(settings: PendingAppendsSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#pending.size;
  }

  start(transport: JournalTransport): void {
    this.#transport = transport;
  }

  /** Resolves when the record is durable and applied here. @throws AppError */
  add(append: AppendRequest): Promise<AppendResult> {
    const { appendMs = APPEND_TIMEOUT_MS } = this.#settings;
    this.#requestCount += 1;
    const now = performance.now();
    const pending: PendingRequest = {
      ...append,
      id: `${this.#producerId}.${this.#requestCount}`,
      number: this.#requestCount,
      queuedAt: now,
      deadlineAt: now + appendMs,
      result: deferred<AppendResult>(),
      isSettled: false,
    };
    this.#pending.set(pending.id, pending);
    this.#queue.push(pending);
    this.#pump();
    return pending.result.promise;
  }

  /** The record with this id was applied, or `failed`. @returns when it was queued; undefined if by another daemon */
  onApplied(id: string, appended: AppendResult, failed: unknown): number | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    this.#settle(pending, ({ resolve, reject }) => {
      if (failed === undefined) resolve(appended);
      else reject(new AppError('INTERNAL', undefined, { cause: failed }));
    });
    return pending.queuedAt;
  }

  /** Rejects appends that have timed out, because the stream may have them but cannot be read. */
  expire(): void {
    const now = performance.now();
    for (const pending of this.#pending.values()) {
      if (pending.deadlineAt > now) return; // later ones expire later
      this.#timeOut(pending);
    }
  }

  rejectAll(failure: AppError): void {
    this.#queue = [];
    for (const pending of [...this.#pending.values()]) this.#settle(pending, ({ reject }) => reject(failure));
  }

  async waitUntilDrained(): Promise<void> {
    if (this.#pending.size === 0) return;
    this.#drained = deferred();
    await this.#drained.promise;
  }

  #settle(pending: PendingRequest, action: (appended: Deferred<AppendResult>) => void): void {
    pending.isSettled = true;
    if (!this.#pending.delete(pending.id)) return;
    action(pending.result);
    this.#pump();
    if (this.#pending.size === 0) this.#drained?.resolve();
  }

  #pump(): void {
    if (this.#isPumping) return; // a request that times out at once calls this again
    this.#isPumping = true;
    for (let next = this.#takePublishable(); next.length > 0; next = this.#takePublishable()) {
      for (const pending of next) {
        this.#inFlight += 1;
        void this.#publish(pending).finally(() => {
          this.#inFlight -= 1;
          this.#pump();
        });
      }
    }
    this.#isPumping = false;
  }

  /** The requests to publish now: within the deduplication window of the oldest unsettled one. */
  #takePublishable(): PendingRequest[] {
    const [first] = this.#queue;
    const [oldest] = this.#pending.values();
    if (!first || !oldest) return [];
    return this.#queue.splice(
      0,
      Math.max(0, Math.min(MAX_IN_FLIGHT - this.#inFlight, oldest.number + DEDUP_WINDOW - first.number)),
    );
  }

  /** Publishes until the outcome is known or nobody waits for it. Never rejects. */
  async #publish(pending: PendingRequest): Promise<void> {
    const { publisher, follower } = this.#transport!;
    let isAmbiguous = false; // an attempt may have succeeded without a reply
    let cause: unknown;
    while (!pending.isSettled && performance.now() < pending.deadlineAt) {
      try {
        const seq = await publisher.publish({
          ...pending,
          timeoutMs: Math.max(1, Math.min(ATTEMPT_TIMEOUT_MS, pending.deadlineAt - performance.now())),
        });
        if (seq > 0) {
          follower.expectUpTo(seq);
          return; // durable; settled once it is applied
        }
        // An earlier attempt is in process and may stay so. nats-server before 2.12 reports it with seq 0.
        isAmbiguous = true;
      } catch (thrown) {
        cause = thrown;
        if (pending.isSettled) return;
        const code = thrown instanceof PublishError ? thrown.code : undefined;
        if (ERR_WRONG_LAST_SEQUENCE.has(code)) {
          if (await this.#resolveConflict(pending, isAmbiguous)) return;
          isAmbiguous = true;
        } else if (code !== undefined && code !== ERR_DUPLICATE_IN_PROCESS && !isTransient(thrown as PublishError)) {
          const text = `The NATS cluster rejected the record: ${(thrown as Error).message}.`;
          const failure = new AppError('STORE_FAILED', text, { cause });
          this.#settle(pending, ({ reject }) => reject(failure));
          return;
        } else {
          isAmbiguous = true;
        }
      }
      await sleep(RETRY_DELAY_MS);
    }
    if (!pending.isSettled) this.#timeOut(pending, cause);
  }

  #timeOut(pending: PendingRequest, cause?: unknown): void {
    const failure = clusterNotWritableError(cause);
    this.#settle(pending, ({ reject }) => reject(failure));
    this.#settings.onWriteRefused(failure);
  }

  /** Another record came first, or an earlier attempt of this one. @returns false when that is unknown */
  async #resolveConflict(pending: PendingRequest, isAmbiguous: boolean): Promise<boolean> {
    try {
      if (isAmbiguous) await sleep(LATE_DELIVERY_MS);
      // A writer that sees a conflict reads again, and must then see the other writer's record.
      await this.#settings.catchUp();
    } catch (failure) {
      if (isAmbiguous || !(failure instanceof AppError)) return false;
    }
    if (!pending.isSettled) this.#settle(pending, ({ reject }) => reject(new AppError('CONFLICT')));
    return true;
  }
}

/** Temporary JetStream errors: no leader yet, a node that is starting, too many requests. */
function isTransient({ status, code }: PublishError): boolean {
  return [408, 429, 503].includes(status) && code !== ERR_INSUFFICIENT_RESOURCES;
}

function clusterNotWritableError(cause: unknown): AppError {
  return new AppError(
    'NOT_AVAILABLE',
    'The NATS cluster does not accept writes: most of its nodes do not respond. Reads continue; writes resume when the nodes are back.',
    { cause },
  );
}
