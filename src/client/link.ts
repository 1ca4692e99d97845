import { type Deferred, deferred } from '../domain/deferred.ts';
import { Failure, type FailureCode } from '../domain/failure.ts';
import type { EventName, EventParams } from '../protocol/events.ts';
import type { MethodName, Params, Result } from '../protocol/methods.ts';
import { Backoff } from './backoff.ts';
import { Client, type ConnectOptions } from './client.ts';
import { type NewPost, Outbox, type Posted } from './outbox.ts';
import { describeTarget, rotations, type Target } from './target.ts';

/** What a link is told of while it is online, and goes on with when it is back. */
export type LinkWatch = Pick<Params<'watch'>, 'rates' | 'forum' | 'members' | 'files'>;

/** Events that a link hands on. `bye` shows as a state. */
export type LinkEvent = Exclude<EventName, 'bye'>;

export type LinkState =
  | { readonly kind: 'connecting' }
  /** There is a connection. Whether somebody is signed in on it: `Link.name`. */
  | { readonly kind: 'online' }
  /** It tries again by itself. Moments are ms of the monotonic clock (`performance.now()`). */
  | {
      readonly kind: 'offline';
      /** Since when there has been no connection: attempts in between do not change it. */
      readonly since: number;
      readonly nextTryAt: number;
      /** A sentence for people. */
      readonly reason: string;
      readonly failure: Failure;
    }
  /** It does not try again. `failure` is missing where nobody wanted it to: not started yet, or stopped. */
  | { readonly kind: 'ended'; readonly reason: string; readonly failure?: Failure };

export interface Online {
  /**
   * Posts and messages go on where they ended, without gap or repeat, for the same member. Else: read anew whatever is
   * shown of them. Rates, members and unread counts are to be read anew in either case.
   */
  readonly resumed: boolean;
  /** The daemon's head when this connection (or sign-in) began. */
  readonly seq: number;
}

export interface LinkOptions extends Pick<ConnectOptions, 'target' | 'home' | 'onFirstUse' | 'timeoutMs' | 'client'> {
  readonly watch?: LinkWatch;
  /** A connection that is there already, taken as the first one; the link closes it in the end. */
  readonly connected?: Client;
  /** For one call, in milliseconds: a daemon that answers nothing for so long counts as lost. Default 30 s. */
  readonly callTimeoutMs?: number;
  /** Told every change of state. */
  readonly onState?: (state: LinkState) => void;
  /**
   * Told whenever events begin, at first and after every return or sign-in: what is read from here on (rates, members)
   * is not older than what the events will change.
   */
  readonly onOnline?: (online: Online) => void;
  /** Told whenever the link is online with nobody signed in; with the failure where a kept token did not sign in. */
  readonly onSignedOut?: (failure: Failure | undefined) => void;
  /** Told when the daemon refuses what the link wanted to watch after its return. */
  readonly onRefused?: (failure: Failure) => void;
  /** Told how many posts are not acknowledged. */
  readonly onWaiting?: (count: number) => void;
  /** Jitter; as Math.random. */
  readonly random?: () => number;
}

/** What may pass by itself; anything else that keeps a connection from coming about ends the link. */
const PASSING: ReadonlySet<FailureCode> = new Set([
  'NO_DAEMON',
  'CONNECTION_ENDED',
  'TOO_SLOW',
  'TOO_MANY_REQUESTS',
  'NOT_AVAILABLE',
  'STORE_FAILED',
  'INTERNAL',
]);
/** Events, and whether they are told from a seq on: those come once, in order, across connections. */
const EVENTS: Readonly<Record<Exclude<LinkEvent, 'notice'>, boolean>> = {
  post: true,
  message: true,
  listing: true,
  peer: false,
  quote: false,
  member: false,
  unread: false,
};
/** A connection that a daemon ended sooner is not worth another one at once. */
const STRANGER_MS = 1000;
const LATER_MS = 1000;

/**
 * Keeps a client connected. Connects anew after a loss, signs in by the kept token, goes on with the events where they
 * ended, and posts exactly once what `post` was given. What somebody decided (kicked, banned, signed in elsewhere,
 * another certificate) ends it instead.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #outbox: Outbox;
  readonly #backoff: Backoff;
  readonly #listeners = new Map<LinkEvent, Set<(params: never) => void>>();
  /** Of several servers of the room, the one to try next. */
  #target: Target;
  #watch: LinkWatch;
  #state: LinkState = { kind: 'ended', reason: 'The link was not started.' };
  #attempt = new AbortController();
  #client: Client | undefined;
  #connected: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #settled: Deferred<LinkState> | undefined;
  #onlineAt = 0;
  #lostAt: number | undefined;
  /** The member who was signed in last. */
  #member: string | null = null;
  /** Seq of the last post or message event that was handed on, or from which on they are wanted. */
  #cursor: number | undefined;
  /** Whose events the cursor counts. */
  #reader: string | null = null;
  /** Events were left out: posts and messages mean nothing until those are being repeated. */
  #deaf = false;
  /** The watch call under way on this connection: the daemon is asked one at a time. */
  #asking: Promise<void> | undefined;
  /** Why there is no connection, while there is none. */
  #loss: Failure | undefined;
  /** The user knows that nobody is signed in. */
  #toldSignedOut = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#watch = options.watch ?? {};
    this.#connected = options.connected;
    const { random, onWaiting } = options;
    this.#backoff = new Backoff(random);
    this.#outbox = new Outbox({
      ...(random ? { random } : {}),
      ...(onWaiting ? { onWaiting: (count) => tell(onWaiting, count) } : {}),
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Where it is connected, or tries to be. */
  get target(): Target {
    return this.#target;
  }

  /** The member who is signed in; while there is no connection, who was last. */
  get name(): string | null {
    return this.#client ? this.#client.name : this.#member;
  }

  get role(): Result<'account.signIn'>['role'] | null {
    return this.#client?.role ?? null;
  }

  /** What the daemon said of itself on the connection that is there. */
  get hello(): Result<'hello'> | undefined {
    return this.#client?.hello;
  }

  /** IP address of the daemon, while there is a connection by network. */
  get remoteAddress(): string | undefined {
    return this.#client?.remoteAddress;
  }

  /** Posts that are not acknowledged yet. */
  get waiting(): number {
    return this.#outbox.size;
  }

  /**
   * Begins, also again after an end. Resolves after the first attempt with the state that it led to (online, offline
   * or ended); never rejects.
   */
  start(): Promise<LinkState> {
    if (this.#state.kind !== 'ended') return this.#settled?.promise ?? Promise.resolve(this.#state);
    const settled = deferred<LinkState>();
    this.#settled = settled;
    this.#backoff.reset();
    this.#lostAt = undefined;
    this.#toldSignedOut = false;
    this.#loss = undefined;
    if (this.#connected) this.#arrived(this.#connected);
    else void this.#connect();
    return settled.promise;
  }

  /** Ends the connection. Posts that wait are rejected: nobody would send them any more. */
  async stop(): Promise<void> {
    const client = this.#client ?? this.#connected;
    this.#connected = undefined;
    if (this.#state.kind !== 'ended') this.#end({ kind: 'ended', reason: 'The connection was closed.' });
    await client?.close();
  }

  /** Tries now where it waits for the next attempt. */
  retryNow(): void {
    if (this.#state.kind === 'offline') void this.#connect();
  }

  /**
   * One call over the connection that is there.
   * @throws Failure as `Client.call`; at once NO_DAEMON or CONNECTION_ENDED when there is no connection
   */
  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>> {
    return this.#over((client) => client.call(method, params));
  }

  /**
   * Posts exactly once: kept in memory, in order, until the daemon has it on disk, and sent again after every loss
   * under the same `clientId`. A post of somebody who is signed out by then waits until he is back.
   * @throws Failure what the daemon refuses it with (429 and 503 are tried again); NOT_SIGNED_IN; TOO_MANY_REQUESTS
   * when 1,000 wait; CONNECTION_ENDED when the link ends first
   */
  post(params: NewPost): Promise<Posted> {
    if (this.#state.kind === 'ended') return Promise.reject(this.#noConnection());
    if (this.#client && this.#client.name === null) return Promise.reject(signedOut(this.#client));
    return this.#outbox.post(params, this.name);
  }

  /** @throws Failure as the daemon answers; at once when there is no connection */
  signUp(params: Params<'account.signUp'>): Promise<Result<'account.signUp'>> {
    return this.#sign((client) => client.signUp(params));
  }

  signIn(params: Params<'account.signIn'>): Promise<Result<'account.signIn'>> {
    return this.#sign((client) => client.signIn(params));
  }

  /** Ends the session everywhere; this connection stays. Posts that wait are rejected. */
  async signOut(): Promise<void> {
    await this.#over((client) => client.signOut());
    this.#member = null;
    this.#outbox.rejectAll(new Failure('NOT_SIGNED_IN', 'You signed out before this was posted.'));
    this.#tellSignedOut(undefined);
  }

  /**
   * Watches something else from now on. Offline it is asked for on return.
   * @throws Failure as the daemon answers, NOT_SIGNED_IN; then what was watched before stays
   */
  async watch(watch: LinkWatch): Promise<void> {
    const client = this.#client;
    if (client && !mayRead(client)) throw signedOut(client);
    const before = this.#watch;
    this.#watch = watch;
    // Whoever did not hear of posts so far wants them from now on, not from where others ended.
    if (!before.forum) this.#cursor = undefined;
    if (!client) return;
    try {
      await this.#ask(client);
    } catch (thrown) {
      if (client !== this.#client) return; // asked for on return
      if (this.#watch === watch) this.#watch = before;
      if (this.#deaf) this.#askAgain(client);
      throw thrown;
    }
  }

  /** Listens to one kind of event, across connections; what is returned ends it. */
  on<E extends LinkEvent>(event: E, listener: (params: EventParams<E>) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    const attempt = new AbortController();
    this.#attempt = attempt;
    this.#become({ kind: 'connecting' });
    if (attempt.signal.aborted) return;
    const { home, onFirstUse, timeoutMs, client: program, callTimeoutMs = 30_000 } = this.#options;
    try {
      const client = await Client.connect({
        target: this.#target,
        home,
        callTimeoutMs,
        signal: attempt.signal,
        onPassedOver: ({ message }) => this.#emit('notice', { text: message }),
        ...(onFirstUse ? { onFirstUse } : {}),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        ...(program === undefined ? {} : { client: program }),
      });
      const { resumeFailure } = client;
      if (resumeFailure && PASSING.has(resumeFailure.code)) {
        await client.close();
        throw resumeFailure;
      }
      if (attempt.signal.aborted) await client.close();
      else this.#arrived(client);
    } catch (thrown) {
      if (!attempt.signal.aborted) this.#failed(Failure.from(thrown));
    }
  }

  #arrived(client: Client): void {
    this.#attempt = new AbortController(); // the attempt is over: nobody cuts off what came of it
    this.#connected = undefined;
    this.#client = client;
    this.#target = client.target;
    this.#loss = undefined;
    this.#onlineAt = performance.now();
    this.#deaf = false;
    this.#asking = undefined;
    client.on('notice', (event) => {
      if (client !== this.#client) return;
      if (event.resync === undefined) this.#emit('notice', event);
      else if (!this.#deaf) {
        this.#deaf = true;
        this.#askAgain(client);
      }
    });
    for (const [name, inOrder] of Object.entries(EVENTS) as [keyof typeof EVENTS, boolean][]) {
      client.on(name, (event: object) => {
        if (client === this.#client && (!inOrder || this.#isNext(event as { seq: number }))) {
          this.#emit(name, event as never);
        }
      });
    }
    void client.closed.then((failure) => this.#lost(client, failure ?? new Failure('CONNECTION_ENDED')));
    this.#become({ kind: 'online' });
    if (client !== this.#client) return; // a listener may have ended it
    this.#enter(client, client.hello.seq);
  }

  #isNext({ seq }: { seq: number }): boolean {
    if (this.#deaf || (this.#cursor !== undefined && seq <= this.#cursor)) return false;
    this.#cursor = seq;
    return true;
  }

  /** Whatever a connection can do for who is signed in on it, or for nobody. */
  #enter(client: Client, seq: number): void {
    const { name } = client;
    if (name === null) {
      this.#outbox.rejectNameless(signedOut(client));
    } else {
      this.#member = name;
      this.#toldSignedOut = false;
      this.#outbox.open(name, (params) => this.#over((on) => on.call('forum.post', params), client));
    }
    if (mayRead(client)) {
      // A journal that is shorter than it was is another one: a backup, or a new room at the old address.
      const same = this.#cursor !== undefined && this.#cursor <= seq && this.#reader === name;
      const resumed = this.#watch.forum === true && same;
      if (!resumed) this.#cursor = seq;
      this.#reader = name;
      const { rates, forum, members, files } = this.#watch;
      // Written before the user is told: the daemon takes it before whatever he asks.
      if (rates !== undefined || forum || members || files) this.#askAgain(client);
      const { onOnline } = this.#options;
      if (onOnline) tell(onOnline, { resumed, seq });
    }
    if (name === null && client === this.#client) this.#tellSignedOut(client.resumeFailure);
  }

  #tellSignedOut(failure: Failure | undefined): void {
    const { onSignedOut } = this.#options;
    if (onSignedOut && (!this.#toldSignedOut || failure)) tell(onSignedOut, failure);
    this.#toldSignedOut = true;
  }

  async #sign<T extends { readonly seq: number }>(sign: (client: Client) => Promise<T>): Promise<T> {
    const client = this.#client;
    const result = await this.#over(sign);
    if (client && client === this.#client) this.#enter(client, result.seq);
    return result;
  }

  /** Asks for what is watched: at once, or after what is being asked. */
  #ask(client: Client): Promise<void> {
    const asked = this.#asking ? this.#asking.then(() => this.#askNow(client)) : this.#askNow(client);
    const asking: Promise<void> = asked
      .catch(() => {}) // told to who asked
      .then(() => {
        if (this.#asking === asking) this.#asking = undefined;
      });
    this.#asking = asking;
    return asked;
  }

  #askAgain(client: Client): void {
    void this.#ask(client).catch((thrown) => {
      if (client !== this.#client) return;
      const failure = Failure.from(thrown);
      const { onRefused } = this.#options;
      // The answer comes behind all that is repeated, which may take long; what is heard meanwhile shows that it goes on.
      if (failure.code === 'TOO_SLOW') {
        if (this.#deaf) this.#askAgain(client);
      } else if (onRefused) tell(onRefused, failure);
    });
  }

  async #askNow(client: Client): Promise<void> {
    const { forum, ...others } = this.#watch;
    const ask = (params: Params<'watch'>) =>
      this.#patiently(client, () => this.#over((on) => on.call('watch', params), client));
    if (this.#deaf) {
      // Without posts first: those that come after this answer are the repeated ones, and live ones behind them.
      await ask(others);
      this.#deaf = false;
    }
    const sinceSeq = this.#cursor;
    const { seq } = await ask(forum && sinceSeq !== undefined ? { ...others, forum, sinceSeq } : this.#watch);
    if (forum && client === this.#client) this.#cursor ??= seq;
  }

  async #patiently<T>(client: Client, call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (thrown) {
        const { code, data } = Failure.from(thrown);
        const later = code === 'TOO_MANY_REQUESTS' || code === 'NOT_AVAILABLE';
        if (!later || client !== this.#client) throw thrown;
        const wait = typeof data.retryAfterMs === 'number' ? data.retryAfterMs : LATER_MS;
        await new Promise((resolve) => setTimeout(resolve, wait).unref());
      }
    }
  }

  /**
   * A call that is not answered, on a connection on which nothing else is heard, ends the connection. One that is
   * shows that it is a good one: the next loss begins with short waits again.
   */
  async #over<T>(call: (client: Client) => Promise<T>, client = this.#client): Promise<T> {
    if (!client) throw this.#noConnection();
    const asked = performance.now();
    try {
      const result = await call(client);
      if (client === this.#client) this.#backoff.reset();
      return result;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.code === 'TOO_SLOW' && client.heardAt < asked) {
        this.#lost(client, failure);
        void client.close();
      }
      throw thrown;
    }
  }

  #lost(client: Client, failure: Failure): void {
    if (client !== this.#client) return;
    this.#leave();
    this.#loss = failure;
    const { why, final } = failure.data;
    const lived = performance.now() - this.#onlineAt;
    // The daemon has no time for strangers; somebody who still looks for his password is connected anew.
    if (client.name === null && why !== undefined && final !== true && lived >= STRANGER_MS) void this.#connect();
    else this.#failed(failure);
  }

  #failed(failure: Failure): void {
    const { final, retryAfterMs } = failure.data;
    if (final === true || !PASSING.has(failure.code)) {
      this.#end({ kind: 'ended', reason: failure.message, failure });
      return;
    }
    this.#loss = failure;
    const now = performance.now();
    this.#lostAt ??= now;
    const [, another] = rotations(this.#target);
    this.#target = another ?? this.#target;
    // One that comes back in a while is waited for only where there is no other.
    const wait = this.#backoff.next(typeof retryAfterMs === 'number' && !another ? retryAfterMs : 0);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), wait);
    const [since, nextTryAt, reason] = [this.#lostAt, now + wait, failure.message];
    this.#become({ kind: 'offline', since, nextTryAt, reason, failure });
  }

  #end(state: LinkState & { kind: 'ended' }): void {
    clearTimeout(this.#timer);
    this.#attempt.abort();
    this.#leave();
    this.#become(state);
    this.#outbox.rejectAll(this.#noConnection());
  }

  #leave(): void {
    this.#client = undefined;
    this.#outbox.shut();
  }

  #become(state: LinkState): void {
    this.#state = state;
    if (state.kind === 'online') this.#lostAt = undefined;
    if (state.kind !== 'connecting') {
      this.#settled?.resolve(state);
      this.#settled = undefined;
    }
    const { onState } = this.#options;
    if (onState) tell(onState, state);
  }

  #emit<E extends LinkEvent>(event: E, params: EventParams<E>): void {
    for (const listener of this.#listeners.get(event) ?? []) tell(listener, params as never);
  }

  #noConnection(): Failure {
    const state = this.#state;
    if (state.kind === 'ended') return state.failure ?? new Failure('CONNECTION_ENDED', state.reason);
    const loss = this.#loss;
    if (!loss) return new Failure('CONNECTION_ENDED', `There is no connection to ${describeTarget(this.target)} yet.`);
    return new Failure(loss.code === 'NO_DAEMON' ? 'NO_DAEMON' : 'CONNECTION_ENDED', loss.message, { cause: loss });
  }
}

/** On the control socket nobody needs to sign in to read. */
function mayRead({ name, target }: Client): boolean {
  return name !== null || target.kind === 'local';
}

function signedOut({ resumeFailure }: Client): Failure {
  return resumeFailure ?? new Failure('NOT_SIGNED_IN');
}

/** A listener's own fault must show, and must not keep the link from its work. */
function tell<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
