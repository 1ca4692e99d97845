import { randomUUID } from 'node:crypto';
import { AppError } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import { Backoff } from './backoff.ts';

export type PostParams = MethodParams<'forum.post'>;
export type PublishedPost = MethodResult<'forum.post'>['post'];

/** Sends one post. @throws AppError as `Client.call` */
export type SendPost = (post: PostParams) => Promise<{ post: PublishedPost }>;

interface PendingPost {
  readonly params: PostParams;
  /** The author; null: whoever the stored token signs in. */
  author: string | null;
  isInFlight: boolean;
  /** An attempt got no answer, or an unclear one. */
  isUnanswered: boolean;
  readonly posted: Deferred<PublishedPost>;
}

const MAX_PENDING_POSTS = 1000;
const CONNECTION_LOST_CODES: ReadonlySet<string> = new Set(['CONNECTION_ENDED', 'NO_DAEMON', 'TOO_SLOW']);
const RETRYABLE_CODES: ReadonlySet<string> = new Set(['TOO_MANY_REQUESTS', 'NOT_AVAILABLE', 'STORE_FAILED']);

/** Keeps posts until the daemon acknowledges them. Only one is in flight, which keeps their order. */
export class Outbox {
  readonly #random: () => number;
  readonly #onPendingCount: (count: number) => void;
  readonly #pending: PendingPost[] = [];
  #send: SendPost | undefined;
  #isSending = false;
  #wake: (() => void) | undefined;

  constructor({ random, onWaiting = () => {} }: { random?: () => number; onWaiting?: (count: number) => void } = {}) {
    this.#random = random ?? Math.random;
    this.#onPendingCount = onWaiting;
  }

  /** Posts that are not acknowledged yet. */
  get size(): number {
    return this.#pending.length;
  }

  /** Resolves once the post is durable, across reconnects. @throws AppError */
  post(params: PostParams, author: string | null): Promise<PublishedPost> {
    if (this.#pending.length >= MAX_PENDING_POSTS) {
      return Promise.reject(
        new AppError(
          'TOO_MANY_REQUESTS',
          `${MAX_PENDING_POSTS} posts are already waiting for the connection. Try again once it is back.`,
        ),
      );
    }
    const published = deferred<PublishedPost>();
    const clientId = params.clientId ?? randomUUID();
    const post = { ...params, clientId };
    this.#pending.push({ params: post, author, isInFlight: false, isUnanswered: false, posted: published });
    this.#onPendingCount(this.#pending.length);
    void this.#sendPending();
    return published.promise;
  }

  /** The client is signed in as `author`. Posts of other authors are rejected: they must not appear under this name. */
  resume(author: string, send: SendPost): void {
    for (const pending of this.#pending) pending.author ??= author;
    for (const pending of [...this.#pending]) {
      if (pending.author === author) continue;
      this.#reject(pending, new AppError('NOT_SIGNED_IN', `This was written as ${pending.author}, not as ${author}.`));
    }
    this.#send = send;
    this.#wake?.();
    void this.#sendPending();
  }

  /** The connection was lost, or nobody is signed in. */
  pause(): void {
    this.#send = undefined;
    this.#wake?.();
  }

  /** Nobody is signed in: rejects posts without an author. Posts of a member wait for that member. */
  rejectAnonymous(error: AppError): void {
    for (const pending of [...this.#pending]) if (pending.author === null) this.#reject(pending, error);
  }

  rejectAll(error: AppError): void {
    this.pause();
    for (const pending of [...this.#pending]) this.#reject(pending, error);
  }

  async #sendPending(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    const backoff = new Backoff(this.#random);
    while (this.#send && this.#pending.length > 0) {
      const first = this.#pending[0]!;
      const send = this.#send;
      first.isInFlight = true;
      try {
        const { post } = await send(first.params);
        this.#remove(first);
        first.posted.resolve(post);
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
          this.#reject(first, error);
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

  #reject(pending: PendingPost, error: AppError): void {
    if (!this.#remove(pending)) return;
    const { code, message, data } = error;
    pending.posted.reject(
      pending.isUnanswered || pending.isInFlight
        ? new AppError(code, `${message} The post may have reached the forum anyway: check before you post it again.`, {
            cause: error,
            data,
          })
        : error,
    );
  }

  #remove(pending: PendingPost): boolean {
    const index = this.#pending.indexOf(pending);
    if (index < 0) return false;
    this.#pending.splice(index, 1);
    this.#onPendingCount(this.#pending.length);
    return true;
  }
}
