import { randomUUID } from 'node:crypto';
import { AppError } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import type { EpochMs } from '../domain/time.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import { ReconnectDelay } from './reconnect-delay.ts';

export type PostParams = MethodParams<'forum.post'>;
export type PublishedPost = MethodResult<'forum.post'>['post'];
export type MessageParams = MethodParams<'messages.send'>;

/** A write that must not be lost. The daemon executes each `clientId` once. */
export type OutboxCall =
  | { readonly method: 'forum.post'; readonly params: PostParams }
  | { readonly method: 'messages.send'; readonly params: MessageParams };
export type OutboxResult = MethodResult<OutboxCall['method']>;

/** Sends one call. @throws AppError as `Client.call` */
export type SendCall = (call: OutboxCall) => Promise<OutboxResult>;

/** A call that was kept, and when it was written. */
export interface KeptCall {
  readonly call: OutboxCall;
  readonly at: EpochMs;
}

/** Where calls outlive the process. */
export interface OutboxStorage {
  /** @throws AppError STORE_FAILED */
  keep(author: string, call: OutboxCall): Promise<void>;
  release(author: string, call: OutboxCall): Promise<void>;
  /** Calls that earlier processes left behind, oldest first. @throws AppError STORE_FAILED */
  load(author: string): Promise<KeptCall[]>;
}

/** What became of a call of an earlier process. */
export interface LateResult {
  readonly call: OutboxCall;
  /** When it was written. */
  readonly at: EpochMs;
  readonly outcome: { readonly result: OutboxResult } | { readonly failure: AppError };
}

export interface OutboxOptions {
  /** Jitter; as Math.random. */
  readonly random?: () => number;
  /** Without it, calls are kept in memory. */
  readonly storage?: OutboxStorage | undefined;
  readonly onPendingCount?: (count: number) => void;
  readonly onLateResult?: (late: LateResult) => void;
  /** What earlier processes left behind cannot be read. */
  readonly onStorageError?: (error: AppError) => void;
}

interface PendingCall {
  readonly call: OutboxCall;
  /** The author; null: whoever the stored token signs in. */
  author: string | null;
  /** It is stored, or cannot be: it may be sent. */
  isReady: boolean;
  isKept: boolean;
  isInFlight: boolean;
  /** An attempt got no answer, or an unclear one. */
  isUnanswered: boolean;
  readonly done: Deferred<OutboxResult>;
}

const MAX_PENDING_CALLS = 1000;
const CONNECTION_LOST_CODES: ReadonlySet<string> = new Set(['CONNECTION_ENDED', 'NO_DAEMON', 'TOO_SLOW']);
const RETRYABLE_CODES: ReadonlySet<string> = new Set(['TOO_MANY_REQUESTS', 'NOT_AVAILABLE', 'STORE_FAILED']);

/**
 * Keeps posts and direct messages until the daemon acknowledges them. Only one is in flight, which keeps their order.
 * With a storage, each is on disk before it counts as waiting; what is left at the end is sent by the next process.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pending: PendingCall[] = [];
  readonly #writes = new Set<Promise<void>>();
  #send: SendCall | undefined;
  /** Becomes `#send` once the calls of earlier processes are loaded. */
  #nextSend: SendCall | undefined;
  #isSending = false;
  #wake: (() => void) | undefined;

  constructor(options: OutboxOptions = {}) {
    this.#options = options;
  }

  /** Calls that are not acknowledged yet. */
  get size(): number {
    return this.#pending.length;
  }

  /** Whether calls outlive the process. */
  get isDurable(): boolean {
    return this.#options.storage !== undefined;
  }

  /** Resolves once the call is executed, across reconnects. @throws AppError */
  send(call: OutboxCall, author: string | null): Promise<OutboxResult> {
    if (this.#pending.length >= MAX_PENDING_CALLS) {
      return Promise.reject(
        new AppError(
          'TOO_MANY_REQUESTS',
          `${MAX_PENDING_CALLS} posts are already waiting for the connection. Try again once it is back.`,
        ),
      );
    }
    const pending = createPending(withClientId(call), author);
    this.#pending.push(pending);
    const { storage } = this.#options;
    if (author === null || !storage) this.#admit(pending);
    else this.#track(this.#store(pending, author, storage));
    return pending.done.promise;
  }

  /**
   * The client is signed in as `author`. Calls of other authors are rejected: they must not appear under this name. Stored
   * ones stay on disk for their author.
   */
  resume(author: string, send: SendCall): void {
    for (const pending of this.#pending) pending.author ??= author;
    for (const pending of [...this.#pending]) {
      if (pending.author === author) continue;
      const why = `This was written as ${pending.author}, not as ${author}.`;
      this.#reject(pending, new AppError('NOT_SIGNED_IN', why), 'keep');
    }
    const { storage } = this.#options;
    if (storage) {
      this.#nextSend = send;
      this.#track(this.#adopt(author, storage, send));
    } else {
      this.#start(send);
    }
  }

  /** The connection was lost, or nobody is signed in. */
  pause(): void {
    this.#send = undefined;
    this.#nextSend = undefined;
    this.#wake?.();
  }

  /** Nobody is signed in: rejects calls without an author. Those of a member wait for that member. */
  rejectAnonymous(error: AppError): void {
    for (const pending of [...this.#pending]) if (pending.author === null) this.#reject(pending, error, 'keep');
  }

  /** Stored calls stay on disk, for the next time that their author is here. */
  rejectAll(error: AppError): void {
    this.pause();
    for (const pending of [...this.#pending]) this.#reject(pending, error, 'keep');
  }

  /** Resolves when nothing is being written to disk. */
  async waitForWrites(): Promise<void> {
    while (this.#writes.size > 0) await Promise.all(this.#writes);
  }

  async #store(pending: PendingCall, author: string, storage: OutboxStorage): Promise<void> {
    pending.isKept = true; // also if it is rejected meanwhile: `waitForWrites` completes the file
    try {
      await storage.keep(author, pending.call);
    } catch (thrown) {
      pending.isKept = false;
      // Online, the daemon stores it in a moment. Offline, it would be lost with this process.
      if (!this.#send) return void this.#reject(pending, AppError.from(thrown), 'drop');
    }
    this.#admit(pending);
  }

  #admit(pending: PendingCall): void {
    pending.isReady = true;
    if (!this.#pending.includes(pending)) return;
    this.#reportCount();
    void this.#sendPending();
  }

  /** Takes over what earlier processes left behind, and then starts to send. */
  async #adopt(author: string, storage: OutboxStorage, send: SendCall): Promise<void> {
    const kept = await storage.load(author).catch((thrown) => {
      this.#options.onStorageError?.(AppError.from(thrown));
      return [];
    });
    if (this.#nextSend !== send) return;
    const known = new Set(this.#pending.map(({ call }) => call.params.clientId));
    const fresh = kept.filter(({ call }) => !known.has(call.params.clientId));
    const adopted = fresh
      .slice(0, MAX_PENDING_CALLS - this.#pending.length)
      .map((each) => this.#toPending(each, author));
    this.#pending.splice(this.#pending[0]?.isInFlight ? 1 : 0, 0, ...adopted); // they are older
    if (adopted.length > 0) this.#reportCount();
    this.#start(send);
  }

  /** Nobody waits for the result of an earlier process: it is reported. */
  #toPending({ call, at }: KeptCall, author: string): PendingCall {
    const { onLateResult = () => {} } = this.#options;
    const pending = { ...createPending(call, author), isReady: true, isKept: true };
    pending.done.promise.then(
      (result) => onLateResult({ call, at, outcome: { result } }),
      (thrown) => {
        if (!pending.isKept) onLateResult({ call, at, outcome: { failure: AppError.from(thrown) } });
      },
    );
    return pending;
  }

  #start(send: SendCall): void {
    this.#send = send;
    this.#wake?.();
    void this.#sendPending();
  }

  async #sendPending(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    const backoff = new ReconnectDelay(this.#options.random ?? Math.random);
    while (this.#send && this.#pending[0]?.isReady) {
      const first = this.#pending[0];
      const send = this.#send;
      first.isInFlight = true;
      try {
        const result = await send(first.call);
        this.#remove(first);
        this.#release(first);
        first.done.resolve(result);
        backoff.reset();
      } catch (thrown) {
        const error = AppError.from(thrown);
        const { retryAfterMs } = error.data;
        first.isInFlight = false;
        if (CONNECTION_LOST_CODES.has(error.code)) {
          first.isUnanswered = true;
          // The owner of the connection learns of the loss too, maybe a moment later.
          if (error.code !== 'TOO_SLOW' && this.#send === send) this.#send = undefined;
        } else if (RETRYABLE_CODES.has(error.code)) {
          await this.#sleep(backoff.nextDelayMs(typeof retryAfterMs === 'number' ? retryAfterMs : 0));
        } else {
          if (error.code === 'INTERNAL') first.isUnanswered = true;
          this.#reject(first, error, error.code === 'NOT_SIGNED_IN' ? 'keep' : 'drop');
        }
      }
    }
    this.#isSending = false;
  }

  /** Ends early when the connection is lost or restored. */
  async #sleep(ms: number): Promise<void> {
    if (!this.#send) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** @param file whether its file, if any, stays for the next process */
  #reject(pending: PendingCall, error: AppError, file: 'keep' | 'drop'): void {
    if (!this.#remove(pending)) return;
    if (file === 'drop') this.#release(pending);
    const { code, message, data } = error;
    const outlook = pending.isKept
      ? ` It is kept, and will be sent the next time that ${pending.author} is signed in here.`
      : pending.isUnanswered || pending.isInFlight
        ? ' The post may have reached the forum anyway: check before you post it again.'
        : '';
    pending.done.reject(outlook === '' ? error : new AppError(code, `${message}${outlook}`, { cause: error, data }));
  }

  #release(pending: PendingCall): void {
    if (!pending.isKept || pending.author === null) return;
    pending.isKept = false;
    // A file that stays is sent once more, and the daemon ignores the repetition.
    this.#track(this.#options.storage!.release(pending.author, pending.call).catch(() => {}));
  }

  #remove(pending: PendingCall): boolean {
    const index = this.#pending.indexOf(pending);
    if (index < 0) return false;
    this.#pending.splice(index, 1);
    this.#reportCount();
    return true;
  }

  #reportCount(): void {
    this.#options.onPendingCount?.(this.#pending.length);
  }

  #track(write: Promise<void>): void {
    this.#writes.add(write);
    void write.finally(() => this.#writes.delete(write));
  }
}

function createPending(call: OutboxCall, author: string | null): PendingCall {
  const done = deferred<OutboxResult>();
  return { call, author, isReady: false, isKept: false, isInFlight: false, isUnanswered: false, done };
}

function withClientId(call: OutboxCall): OutboxCall {
  const clientId = call.params.clientId ?? randomUUID();
  return { ...call, params: { ...call.params, clientId } } as OutboxCall;
}
