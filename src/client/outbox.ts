import { randomUUID } from 'node:crypto';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { Failure } from '../domain/failure.ts';
import type { Params, Result } from '../protocol/methods.ts';
import { Backoff } from './backoff.ts';

export type NewPost = Params<'forum.post'>;
export type Posted = Result<'forum.post'>['post'];

/** Sends one post over the connection that is there. @throws Failure as `Client.call` */
export type Send = (post: NewPost) => Promise<{ post: Posted }>;

interface Waiting {
  readonly params: NewPost;
  /** The member who wrote it; null: whoever the kept token signs in. */
  author: string | null;
  inFlight: boolean;
  /** An attempt was not answered, or not clearly. */
  unanswered: boolean;
  readonly posted: Deferred<Posted>;
}

/** Posts that wait, at most: beyond it somebody types into a void. */
const LIMIT = 1000;
const LOST: ReadonlySet<string> = new Set(['CONNECTION_ENDED', 'NO_DAEMON', 'TOO_SLOW']);
const LATER: ReadonlySet<string> = new Set(['TOO_MANY_REQUESTS', 'NOT_AVAILABLE', 'STORE_FAILED']);

/**
 * Posts on their way, kept in memory until the daemon has acknowledged them: each carries an id of its own, under
 * which the daemon takes it once however often it is sent. One is in flight at a time, so they arrive in their order.
 */
export class Outbox {
  readonly #random: () => number;
  readonly #onWaiting: (count: number) => void;
  readonly #waiting: Waiting[] = [];
  #send: Send | undefined;
  #pumping = false;
  #wake: (() => void) | undefined;

  constructor({ random, onWaiting = () => {} }: { random?: () => number; onWaiting?: (count: number) => void } = {}) {
    this.#random = random ?? Math.random;
    this.#onWaiting = onWaiting;
  }

  /** Posts that are not acknowledged yet. */
  get size(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves with the post once it is durable, however many connections that takes.
   * @throws Failure what the daemon refuses it with; TOO_MANY_REQUESTS when too many wait; what `rejectAll` was given
   */
  post(params: NewPost, author: string | null): Promise<Posted> {
    if (this.#waiting.length >= LIMIT) {
      return Promise.reject(
        new Failure('TOO_MANY_REQUESTS', `${LIMIT} posts wait for the connection already. Post again once it is back.`),
      );
    }
    const posted = deferred<Posted>();
    const clientId = params.clientId ?? randomUUID();
    this.#waiting.push({ params: { ...params, clientId }, author, inFlight: false, unanswered: false, posted });
    this.#onWaiting(this.#waiting.length);
    void this.#pump();
    return posted.promise;
  }

  /** A connection is there, signed in as `author`. What others wrote is refused: it must not appear under his name. */
  open(author: string, send: Send): void {
    for (const waiting of this.#waiting) waiting.author ??= author;
    for (const waiting of [...this.#waiting]) {
      if (waiting.author === author) continue;
      this.#reject(waiting, new Failure('NOT_SIGNED_IN', `This was written as ${waiting.author}, not as ${author}.`));
    }
    this.#send = send;
    this.#wake?.();
    void this.#pump();
  }

  /** Nobody can post any more for now: the connection was lost, or nobody is signed in on it. */
  shut(): void {
    this.#send = undefined;
    this.#wake?.();
  }

  /** Nobody is signed in: refuses what nobody in particular wrote. What a member wrote waits for him. */
  rejectNameless(failure: Failure): void {
    for (const waiting of [...this.#waiting]) if (waiting.author === null) this.#reject(waiting, failure);
  }

  rejectAll(failure: Failure): void {
    this.shut();
    for (const waiting of [...this.#waiting]) this.#reject(waiting, failure);
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    const backoff = new Backoff(this.#random);
    while (this.#send && this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      const send = this.#send;
      first.inFlight = true;
      try {
        const { post } = await send(first.params);
        this.#remove(first);
        first.posted.resolve(post);
        backoff.reset();
      } catch (thrown) {
        const failure = Failure.from(thrown);
        const { retryAfterMs } = failure.data;
        first.inFlight = false;
        if (LOST.has(failure.code)) {
          first.unanswered = true;
          // The owner of the connection hears of it at the same time, and may hear of it a moment later.
          if (failure.code !== 'TOO_SLOW' && this.#send === send) this.#send = undefined;
        } else if (LATER.has(failure.code)) {
          await this.#sleep(backoff.next(typeof retryAfterMs === 'number' ? retryAfterMs : 0));
        } else {
          if (failure.code === 'INTERNAL') first.unanswered = true;
          this.#reject(first, failure);
        }
      }
    }
    this.#pumping = false;
  }

  /** Ends early when the connection comes or goes. */
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

  #reject(waiting: Waiting, failure: Failure): void {
    if (!this.#remove(waiting)) return;
    const { code, message, data } = failure;
    waiting.posted.reject(
      waiting.unanswered || waiting.inFlight
        ? new Failure(code, `${message} The post may be on the forum all the same: look before you post it again.`, {
            cause: failure,
            data,
          })
        : failure,
    );
  }

  #remove(waiting: Waiting): boolean {
    const at = this.#waiting.indexOf(waiting);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    this.#onWaiting(this.#waiting.length);
    return true;
  }
}
