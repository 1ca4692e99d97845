import { AppError, type ErrorCode } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { defined } from '../domain/defined.ts';
import type { EventName, EventParams } from '../protocol/events.ts';
import type { MethodName, MethodParams, MethodResult } from '../protocol/methods.ts';
import { Client, type ConnectOptions } from './client.ts';
import { callSafely, EventListeners } from './event-listeners.ts';
import {
  type LateResult,
  type MessageParams,
  Outbox,
  type OutboxCall,
  type OutboxResult,
  type OutboxStorage,
  type PostParams,
  type PublishedPost,
} from './outbox.ts';
import { ReconnectDelay } from './reconnect-delay.ts';
import { retryWhenBusy } from './retry-when-busy.ts';
import { describeTarget, failoverOrder, type Target } from './target.ts';

/** What to subscribe to while online, and to resume after a reconnect. */
export type ClientSubscription = Pick<MethodParams<'watch'>, 'rates' | 'forum' | 'members' | 'files'>;

/** Events passed on to listeners. `bye` shows up as a state. */
export type ClientEvent = Exclude<EventName, 'bye'>;

export type ReconnectState =
  | { readonly kind: 'connecting' }
  /** Connected; `ReconnectingClient.name` says whether a member is signed in. */
  | { readonly kind: 'online' }
  /** It retries by itself. Times are ms of the monotonic clock (`performance.now()`). */
  | {
      readonly kind: 'offline';
      /** Start of the outage; attempts in between do not change it. */
      readonly since: number;
      readonly nextTryAt: number;
      /** A sentence for people. */
      readonly reason: string;
      readonly failure: AppError;
    }
  /** It does not retry. `failure` is missing if that was intended: not started yet, or stopped. */
  | { readonly kind: 'ended'; readonly reason: string; readonly failure?: AppError };

export interface ResumeInfo {
  /**
   * Posts and messages continue without gap or repeat, for the same member. Otherwise re-read what is shown of them.
   * Rates, members and unread counts must be re-read in both cases.
   */
  readonly resumed: boolean;
  /** The daemon's head when this connection (or sign-in) began. */
  readonly seq: number;
}

export interface ReconnectingClientOptions
  extends Pick<ConnectOptions, 'target' | 'home' | 'onFirstUse' | 'timeoutMs' | 'client'> {
  readonly subscription?: ClientSubscription;
  /** An open connection to use first; this client closes it in the end. */
  readonly initialClient?: Client;
  /** For one call, in ms: a daemon that answers nothing for this long counts as lost. Default 30 s. */
  readonly callTimeoutMs?: number;
  readonly onState?: (state: ReconnectState) => void;
  /** Called when events begin: what is read from here on is not older than the events. */
  readonly onOnline?: (online: ResumeInfo) => void;
  /** Called when online without a signed-in member; with the error if a stored token did not sign in. */
  readonly onSignedOut?: (error: AppError | undefined) => void;
  /** Called when the daemon rejects the subscription after a reconnect. */
  readonly onSubscriptionRejected?: (error: AppError) => void;
  /** Called with the number of posts that are not acknowledged. */
  readonly onPendingPosts?: (count: number) => void;
  /** Keeps posts and direct messages on disk until they are acknowledged. Without it, they end with this client. */
  readonly outbox?: OutboxStorage | undefined;
  /** Called with what became of a post or message that an earlier process left in the outbox. */
  readonly onLateResult?: (late: LateResult) => void;
  /** Called when the outbox of earlier processes cannot be read. */
  readonly onOutboxError?: (error: AppError) => void;
  /** Jitter; as Math.random. */
  readonly random?: () => number;
}

/** Errors that may pass by themselves; any other connect error is final. */
const TRANSIENT_CODES: ReadonlySet<ErrorCode> = new Set([
  'NO_DAEMON',
  'CONNECTION_ENDED',
  'TOO_SLOW',
  'TOO_MANY_REQUESTS',
  'NOT_AVAILABLE',
  'STORE_FAILED',
  'INTERNAL',
]);
/** Whether events of a kind have sequence numbers: those arrive once, in order, across connections. */
const IS_SEQUENCED: Readonly<Record<Exclude<ClientEvent, 'notice'>, boolean>> = {
  post: true,
  message: true,
  listing: true,
  peer: false,
  quote: false,
  member: false,
  role: false,
  unread: false,
};
/** A connection that the daemon ended sooner is not replaced at once. */
const MIN_UPTIME_MS = 1000;

/**
 * Keeps a client connected: reconnects after a loss, signs in with the stored token, resumes events where they stopped,
 * and sends each post exactly once. A decision by people (kicked, banned, signed in elsewhere, changed certificate)
 * ends it instead.
 */
export class ReconnectingClient {
  readonly #options: ReconnectingClientOptions;
  readonly #outbox: Outbox;
  readonly #backoff: ReconnectDelay;
  readonly #listeners = new EventListeners();
  /** The server to try next. */
  #target: Target;
  #subscription: ClientSubscription;
  #state: ReconnectState = { kind: 'ended', reason: 'The connection was not started.' };
  #attempt = new AbortController();
  #client: Client | undefined;
  #initialClient: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #firstState: Deferred<ReconnectState> | undefined;
  #onlineAt = 0;
  #lostAt: number | undefined;
  #lastMember: string | null = null;
  /** Seq of the last sequenced event passed on, or from which on they are wanted. */
  #cursor: number | undefined;
  /** The member whose events the cursor counts. */
  #cursorOwner: string | null = null;
  /** Events were skipped: sequenced events are ignored until the replay starts. */
  #isResyncing = false;
  /** The watch call in flight on this connection; only one runs at a time. */
  #pendingWatch: Promise<void> | undefined;
  /** Why there is no connection. */
  #lastError: AppError | undefined;
  #hasReportedSignedOut = false;

  constructor(options: ReconnectingClientOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#subscription = options.subscription ?? {};
    this.#initialClient = options.initialClient;
    const { random, outbox, onPendingPosts, onLateResult, onOutboxError } = options;
    this.#backoff = new ReconnectDelay(random);
    this.#outbox = new Outbox({
      ...(random ? { random } : {}),
      storage: outbox,
      ...(onPendingPosts ? { onPendingCount: (count) => callSafely(onPendingPosts, count) } : {}),
      ...(onLateResult ? { onLateResult: (late) => callSafely(onLateResult, late) } : {}),
      ...(onOutboxError ? { onStorageError: (error) => callSafely(onOutboxError, error) } : {}),
    });
  }

  get state(): ReconnectState {
    return this.#state;
  }

  /** The server that it is connected to, or tries to reach. */
  get target(): Target {
    return this.#target;
  }

  /** The signed-in member; while offline, the last one. */
  get name(): string | null {
    return this.#client ? this.#client.name : this.#lastMember;
  }

  get role(): MethodResult<'account.signIn'>['role'] | null {
    return this.#client?.role ?? null;
  }

  get hello(): MethodResult<'hello'> | undefined {
    return this.#client?.hello;
  }

  /** IP address of the daemon; undefined on the control socket and while offline. */
  get remoteAddress(): string | undefined {
    return this.#client?.remoteAddress;
  }

  /** Posts and direct messages that are not acknowledged yet. */
  get pendingPosts(): number {
    return this.#outbox.size;
  }

  /** Whether posts and direct messages outlive the process. */
  get keepsPosts(): boolean {
    return this.#outbox.isDurable;
  }

  /** Starts or restarts. Resolves after the first attempt with its state (online, offline or ended); never rejects. */
  start(): Promise<ReconnectState> {
    if (this.#state.kind !== 'ended') return this.#firstState?.promise ?? Promise.resolve(this.#state);
    const firstState = deferred<ReconnectState>();
    this.#firstState = firstState;
    this.#backoff.reset();
    this.#lostAt = undefined;
    this.#hasReportedSignedOut = false;
    this.#lastError = undefined;
    if (this.#initialClient) this.#onConnected(this.#initialClient);
    else void this.#connect();
    return firstState.promise;
  }

  /** Closes the connection. Pending posts are rejected; an outbox on disk keeps them for the next process. */
  async stop(): Promise<void> {
    const client = this.#client ?? this.#initialClient;
    this.#initialClient = undefined;
    if (this.#state.kind !== 'ended') this.#end({ kind: 'ended', reason: 'The connection was closed.' });
    await client?.close();
    await this.#outbox.waitForWrites();
  }

  /** Skips the wait for the next attempt. */
  retryNow(): void {
    if (this.#state.kind === 'offline') void this.#connect();
  }

  /** @throws AppError as `Client.call`; NO_DAEMON or CONNECTION_ENDED at once while offline */
  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    return this.#callOn((client) => client.call(method, params));
  }

  /**
   * Posts exactly once: the post is kept, in order, until the daemon has it on disk, and is resent after every loss under
   * the same `clientId`. If its author is signed out by then, it waits until they return.
   * @throws AppError the daemon's refusal (429 and 503 are retried); NOT_SIGNED_IN; TOO_MANY_REQUESTS if 1,000 posts
   * wait; CONNECTION_ENDED if this client ends first
   */
  async post(params: PostParams): Promise<PublishedPost> {
    const { post } = (await this.#sendOnce({ method: 'forum.post', params })) as MethodResult<'forum.post'>;
    return post;
  }

  /** Sends a direct message exactly once, as `post`. */
  async sendMessage(params: MessageParams): Promise<MethodResult<'messages.send'>> {
    return (await this.#sendOnce({ method: 'messages.send', params })) as MethodResult<'messages.send'>;
  }

  async #sendOnce(call: OutboxCall): Promise<OutboxResult> {
    if (this.#state.kind === 'ended') throw this.#noConnectionError();
    if (this.#client && this.#client.name === null) throw signedOutError(this.#client);
    return await this.#outbox.send(call, this.name);
  }

  /** @throws AppError as the daemon answers; at once while offline */
  signUp(params: MethodParams<'account.signUp'>): Promise<MethodResult<'account.signUp'>> {
    return this.#authenticate((client) => client.signUp(params));
  }

  signIn(params: MethodParams<'account.signIn'>): Promise<MethodResult<'account.signIn'>> {
    return this.#authenticate((client) => client.signIn(params));
  }

  /** Ends the session everywhere, but not this connection. Pending posts are rejected, as in `stop`. */
  async signOut(): Promise<void> {
    await this.#callOn((client) => client.signOut());
    this.#lastMember = null;
    this.#outbox.rejectAll(new AppError('NOT_SIGNED_IN', 'You signed out before this was posted.'));
    this.#reportSignedOut(undefined);
  }

  /** Changes the subscription. @throws AppError; the previous subscription then stays */
  async watch(subscription: ClientSubscription): Promise<void> {
    const client = this.#client;
    if (client && !canRead(client)) throw signedOutError(client);
    const before = this.#subscription;
    this.#subscription = subscription;
    // A new forum subscription starts now, not where an earlier one stopped.
    if (!before.forum) this.#cursor = undefined;
    if (!client) return;
    try {
      await this.#requestWatch(client);
    } catch (thrown) {
      if (client !== this.#client) return; // sent after the reconnect
      if (this.#subscription === subscription) this.#subscription = before;
      if (this.#isResyncing) this.#restoreWatch(client);
      throw thrown;
    }
  }

  /** Subscribes to one kind of event, across connections. @returns unsubscribe */
  on<E extends ClientEvent>(event: E, listener: (params: EventParams<E>) => void): () => void {
    return this.#listeners.add(event, listener);
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#setState({ kind: 'connecting' });
    if (attempt.signal.aborted) return;
    const { home, onFirstUse, timeoutMs, client: clientName, callTimeoutMs = 30_000 } = this.#options;
    try {
      const client = await Client.connect({
        target: this.#target,
        home,
        callTimeoutMs,
        signal: attempt.signal,
        onServerSkipped: ({ message }) => this.#listeners.emit('notice', { text: message }),
        ...(onFirstUse ? { onFirstUse } : {}),
        ...defined({ timeoutMs, client: clientName }),
      });
      const { resumeFailure } = client;
      if (resumeFailure && TRANSIENT_CODES.has(resumeFailure.code)) {
        await client.close();
        throw resumeFailure;
      }
      if (attempt.signal.aborted) await client.close();
      else this.#onConnected(client);
    } catch (thrown) {
      if (!attempt.signal.aborted) this.#onConnectFailed(AppError.from(thrown));
    }
  }

  #onConnected(client: Client): void {
    this.#attempt = new AbortController(); // the attempt is over: later aborts must not close this client
    this.#initialClient = undefined;
    this.#client = client;
    this.#target = client.target;
    this.#lastError = undefined;
    this.#onlineAt = performance.now();
    this.#isResyncing = false;
    this.#pendingWatch = undefined;
    client.on('notice', (event) => {
      if (client !== this.#client) return;
      if (event.resync === undefined) this.#listeners.emit('notice', event);
      else if (!this.#isResyncing) {
        this.#isResyncing = true;
        this.#restoreWatch(client);
      }
    });
    for (const [name, inOrder] of Object.entries(IS_SEQUENCED) as [keyof typeof IS_SEQUENCED, boolean][]) {
      client.on(name, (event: object) => {
        if (client === this.#client && (!inOrder || this.#acceptSequenced(event as { seq: number }))) {
          this.#listeners.emit(name, event as never);
        }
      });
    }
    void client.closed.then((error) => this.#onConnectionLost(client, error ?? new AppError('CONNECTION_ENDED')));
    this.#setState({ kind: 'online' });
    if (client !== this.#client) return; // a listener may have ended it
    this.#onReady(client, client.hello.seq);
  }

  #acceptSequenced({ seq }: { seq: number }): boolean {
    if (this.#isResyncing || (this.#cursor !== undefined && seq <= this.#cursor)) return false;
    this.#cursor = seq;
    return true;
  }

  /** Starts what this connection permits, signed in or not. */
  #onReady(client: Client, seq: number): void {
    const { name } = client;
    if (name === null) {
      this.#outbox.rejectAnonymous(signedOutError(client));
    } else {
      this.#lastMember = name;
      this.#hasReportedSignedOut = false;
      this.#outbox.resume(name, (call) => this.#callOn<OutboxResult>((on) => sendOn(on, call), client));
    }
    if (canRead(client)) {
      // A journal shorter than before is another one: a restored backup, or another daemon at the address.
      const isSameJournal = this.#cursor !== undefined && this.#cursor <= seq && this.#cursorOwner === name;
      const isResumed = this.#subscription.forum === true && isSameJournal;
      if (!isResumed) this.#cursor = seq;
      this.#cursorOwner = name;
      const { rates, forum, members, files } = this.#subscription;
      // Sent before the user is notified, so that the daemon handles it before the user's calls.
      if (rates !== undefined || forum || members || files) this.#restoreWatch(client);
      const { onOnline } = this.#options;
      if (onOnline) callSafely(onOnline, { resumed: isResumed, seq });
    }
    if (name === null && client === this.#client) this.#reportSignedOut(client.resumeFailure);
  }

  #reportSignedOut(error: AppError | undefined): void {
    const { onSignedOut } = this.#options;
    if (onSignedOut && (!this.#hasReportedSignedOut || error)) callSafely(onSignedOut, error);
    this.#hasReportedSignedOut = true;
  }

  async #authenticate<T extends { readonly seq: number }>(sign: (client: Client) => Promise<T>): Promise<T> {
    const client = this.#client;
    const result = await this.#callOn(sign);
    if (client && client === this.#client) this.#onReady(client, result.seq);
    return result;
  }

  /** Sends the subscription, after a pending watch call. */
  #requestWatch(client: Client): Promise<void> {
    const watch = this.#pendingWatch ? this.#pendingWatch.then(() => this.#sendWatch(client)) : this.#sendWatch(client);
    const pending: Promise<void> = watch
      .catch(() => {}) // reported to the caller
      .then(() => {
        if (this.#pendingWatch === pending) this.#pendingWatch = undefined;
      });
    this.#pendingWatch = pending;
    return watch;
  }

  #restoreWatch(client: Client): void {
    void this.#requestWatch(client).catch((thrown) => {
      if (client !== this.#client) return;
      const error = AppError.from(thrown);
      const { onSubscriptionRejected } = this.#options;
      // The answer comes after the replay, which may take long; events that arrive meanwhile prove that it proceeds.
      if (error.code === 'TOO_SLOW') {
        if (this.#isResyncing) this.#restoreWatch(client);
      } else if (onSubscriptionRejected) callSafely(onSubscriptionRejected, error);
    });
  }

  async #sendWatch(client: Client): Promise<void> {
    const { forum, ...others } = this.#subscription;
    const ask = (params: MethodParams<'watch'>) =>
      retryWhenBusy(() => this.#callOn((on) => on.call('watch', params), client), {
        codes: ['TOO_MANY_REQUESTS', 'NOT_AVAILABLE'],
        isWanted: () => client === this.#client,
      });
    if (this.#isResyncing) {
      // Unsubscribe from posts first, so that everything after the next reply is replay followed by live events.
      await ask(others);
      this.#isResyncing = false;
    }
    const sinceSeq = this.#cursor;
    const { seq } = await ask(forum && sinceSeq !== undefined ? { ...others, forum, sinceSeq } : this.#subscription);
    if (forum && client === this.#client) this.#cursor ??= seq;
  }

  /** Ends the connection if a call is not answered and nothing else arrives. */
  async #callOn<T>(call: (client: Client) => Promise<T>, client = this.#client): Promise<T> {
    if (!client) throw this.#noConnectionError();
    const startedAt = performance.now();
    try {
      const result = await call(client);
      if (client === this.#client) this.#backoff.reset(); // a good connection: next time, begin with short waits
      return result;
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code === 'TOO_SLOW' && client.lastReceivedAt < startedAt) {
        this.#onConnectionLost(client, error);
        void client.close();
      }
      throw thrown;
    }
  }

  #onConnectionLost(client: Client, error: AppError): void {
    if (client !== this.#client) return;
    this.#dropClient();
    this.#lastError = error;
    const { why, final } = error.data;
    const uptimeMs = performance.now() - this.#onlineAt;
    // The daemon ends anonymous connections after a while; a user who is still typing a password is reconnected.
    if (client.name === null && why !== undefined && final !== true && uptimeMs >= MIN_UPTIME_MS) void this.#connect();
    else this.#onConnectFailed(error);
  }

  #onConnectFailed(error: AppError): void {
    const { final, retryAfterMs } = error.data;
    if (final === true || !TRANSIENT_CODES.has(error.code)) {
      this.#end({ kind: 'ended', reason: error.message, failure: error });
      return;
    }
    this.#lastError = error;
    const now = performance.now();
    this.#lostAt ??= now;
    const [, fallback] = failoverOrder(this.#target);
    this.#target = fallback ?? this.#target;
    // The daemon's own delay counts only if there is no other server.
    const delayMs = this.#backoff.nextDelayMs(typeof retryAfterMs === 'number' && !fallback ? retryAfterMs : 0);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), delayMs);
    const [since, nextTryAt, reason] = [this.#lostAt, now + delayMs, error.message];
    this.#setState({ kind: 'offline', since, nextTryAt, reason, failure: error });
  }

  #end(state: ReconnectState & { kind: 'ended' }): void {
    clearTimeout(this.#timer);
    this.#attempt.abort();
    this.#dropClient();
    this.#setState(state);
    this.#outbox.rejectAll(this.#noConnectionError());
  }

  #dropClient(): void {
    this.#client = undefined;
    this.#outbox.pause();
  }

  #setState(state: ReconnectState): void {
    this.#state = state;
    if (state.kind === 'online') this.#lostAt = undefined;
    if (state.kind !== 'connecting') {
      this.#firstState?.resolve(state);
      this.#firstState = undefined;
    }
    const { onState } = this.#options;
    if (onState) callSafely(onState, state);
  }

  #noConnectionError(): AppError {
    const state = this.#state;
    if (state.kind === 'ended') return state.failure ?? new AppError('CONNECTION_ENDED', state.reason);
    const error = this.#lastError;
    if (!error) return new AppError('CONNECTION_ENDED', `Not connected to ${describeTarget(this.target)} yet.`);
    return new AppError(error.code === 'NO_DAEMON' ? 'NO_DAEMON' : 'CONNECTION_ENDED', error.message, { cause: error });
  }
}

function sendOn(client: Client, call: OutboxCall): Promise<OutboxResult> {
  return call.method === 'forum.post' ? client.call(call.method, call.params) : client.call(call.method, call.params);
}

/** The control socket allows reading without sign-in. */
function canRead({ name, target }: Client): boolean {
  return name !== null || target.kind === 'local';
}

function signedOutError({ resumeFailure }: Client): AppError {
  return resumeFailure ?? new AppError('NOT_SIGNED_IN');
}
