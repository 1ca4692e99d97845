import type { Socket } from 'node:net';
import { canonicalName } from '../domain/account.ts';
import { AppError, type ErrorCode } from '../domain/app-error.ts';
import { deferred } from '../domain/deferred.ts';
import { defined } from '../domain/defined.ts';
import type { HomeDirectory } from '../home-directory.ts';
import type { EventName, EventParams } from '../protocol/events.ts';
import {
  encodeRequest,
  encodeResult,
  LineDecoder,
  PROTOCOL_VERSION,
  parseRpcMessage,
  type RpcError,
  type RpcMessage,
} from '../protocol/jsonrpc.ts';
import type { MethodName, MethodParams, MethodResult } from '../protocol/methods.ts';
import { version } from '../version.ts';
import {
  connectionClosedError,
  errorFromRpc,
  noServerError,
  notADaemonError,
  protocolViolationError,
} from './client-errors.ts';
import { type CredentialMatch, CredentialStore, type ServerIdentity } from './credential-store.ts';
import { EventListeners } from './event-listeners.ts';
import { KnownHosts } from './known-hosts.ts';
import { validateEvent, validateResult } from './message-validation.ts';
import { describeServer, describeTarget, failoverOrder, serverId, type Target } from './target.ts';
import { connectError, connectTimeoutError, openTransport } from './transport.ts';

/** The longest line accepted: a page of posts or quotes is one line. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** How long an orderly close may take before the socket is destroyed. */
const CLOSE_TIMEOUT_MS = 1000;
const PONG_STATUS = 203;

/** For each of several servers, before the next one is tried. */
const MAX_ATTEMPT_MS = 2500;
/** Errors that justify trying the next server. */
const FAILOVER_CODES: ReadonlySet<ErrorCode> = new Set([
  'NO_DAEMON',
  'CONNECTION_ENDED',
  'CERTIFICATE_CHANGED',
  'TOO_SLOW',
  'TOO_MANY_REQUESTS',
  'NOT_AVAILABLE',
]);

type MemberRole = MethodResult<'account.signIn'>['role'];

/** The user must confirm that a server which never had the token may receive it. */
export interface ServerConfirmation {
  readonly server: Target;
  /** SHA-256 of its certificate, hex; undefined without TLS. */
  readonly fingerprint: string | undefined;
  /** Owner of the token. */
  readonly name: string;
}

export interface ConnectOptions {
  readonly target: Target;
  readonly home: HomeDirectory;
  /** Aborts the attempt, and later the connection. */
  readonly signal?: AbortSignal;
  /** Called after the certificate of a new server is stored. SHA-256, hex. */
  readonly onFirstUse?: (fingerprint: string, server: Target) => void;
  /** Called when a server was skipped because its certificate changed. */
  readonly onServerSkipped?: (error: AppError) => void;
  /** Asks whether a new or changed server may receive the token. Without this, none does. */
  readonly confirmServer?: ((confirmation: ServerConfirmation) => Promise<boolean>) | undefined;
  /** Sign in with the stored token, if there is one. Default true. */
  readonly resume?: boolean;
  /** For connection and `hello` together, in milliseconds. Default 10 s. */
  readonly timeoutMs?: number;
  /** For one call, in milliseconds. Default 60 s. */
  readonly callTimeoutMs?: number;
  /** Name and version of the calling program. Default: goldctl's own. */
  readonly client?: string;
}

interface PendingCall {
  readonly method: string;
  readonly resolve: (result: never) => void;
  readonly reject: (error: AppError) => void;
  readonly timer: NodeJS.Timeout;
}

/** One connection to a daemon. It ends once; reconnecting takes a new Client. */
export class Client {
  /**
   * Connects, says hello, and signs in with the stored token; with several servers, at the first one that answers.
   * @throws AppError NO_DAEMON, CERTIFICATE_CHANGED, CONNECTION_ENDED, or the daemon's answer to `hello`
   */
  static async connect(options: ConnectOptions): Promise<Client> {
    const servers = failoverOrder(options.target);
    if (servers.length === 1) return await Client.#connectTo(options);
    const timeoutMs = Math.min(options.timeoutMs ?? MAX_ATTEMPT_MS, MAX_ATTEMPT_MS);
    const errors: AppError[] = [];
    let chosen: Client | undefined;
    for (const target of servers) {
      try {
        const client = await Client.#connectTo({ ...options, target, timeoutMs });
        // A server that may not have the token is used only if no other one answers.
        if (chosen && client.#isUnconfirmed) await client.close();
        else {
          await chosen?.close();
          chosen = client;
        }
        if (!client.#isUnconfirmed) break;
      } catch (thrown) {
        const error = AppError.from(thrown);
        if (options.signal?.aborted || !FAILOVER_CODES.has(error.code)) {
          await chosen?.close();
          throw thrown;
        }
        errors.push(error);
      }
    }
    if (!chosen) throw noServerError(errors);
    for (const error of errors) if (error.code === 'CERTIFICATE_CHANGED') options.onServerSkipped?.(error);
    return chosen;
  }

  static async #connectTo(options: ConnectOptions): Promise<Client> {
    const { target, home, signal, timeoutMs = 10_000 } = options;
    const attempt = new AbortController();
    const abort = () => attempt.abort(new AppError('CONNECTION_ENDED', 'The connection attempt was cancelled.'));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    const timeout = setTimeout(() => attempt.abort(connectTimeoutError(target, timeoutMs)), timeoutMs);
    let client: Client | undefined;
    try {
      if (target.kind === 'local') await home.assertControlSocketOwned();
      const { socket, fingerprint } = await openTransport(target, attempt.signal);
      client = new Client(socket, options, fingerprint);
      const ended = client;
      attempt.signal.addEventListener('abort', () => ended.#end(attempt.signal.reason));
      const hosts = new KnownHosts(home.knownHostsFile);
      const trust = fingerprint === undefined ? 'known' : await hosts.check(target.key, fingerprint);
      await client.#sayHello();
      if (trust === 'new') {
        await hosts.add(target.key, fingerprint!);
        options.onFirstUse?.(fingerprint!, target);
      }
      clearTimeout(timeout);
      if (options.resume !== false && client.name === null) await client.#resumeSession();
      void client.closed.then(() => signal?.removeEventListener('abort', abort));
      return client;
    } catch (thrown) {
      signal?.removeEventListener('abort', abort);
      if (client) client.#end(AppError.from(thrown));
      throw thrown;
    } finally {
      clearTimeout(timeout);
    }
  }

  /** Resolves when the connection ends: with an error if it was lost or ended by the daemon. */
  readonly closed: Promise<AppError | undefined>;
  readonly target: Target;
  /** Where the token and the server's certificate are stored. */
  readonly home: HomeDirectory;

  readonly #socket: Socket;
  readonly #credentials: CredentialStore;
  readonly #callTimeoutMs: number;
  readonly #clientName: string;
  readonly #fingerprint: string | undefined;
  readonly #confirmServer: ConnectOptions['confirmServer'];
  readonly #decoder = new LineDecoder(MAX_MESSAGE_BYTES);
  readonly #pending = new Map<number, PendingCall>();
  readonly #listeners = new EventListeners();
  readonly #closed = deferred<AppError | undefined>();
  #hello: MethodResult<'hello'> | undefined;
  #name: string | null = null;
  #role: MemberRole | null = null;
  #token: string | undefined;
  #resumeFailure: AppError | undefined;
  /** There is a token that this server may not have. */
  #isUnconfirmed = false;
  #bye: EventParams<'bye'> | undefined;
  #socketError: NodeJS.ErrnoException | undefined;
  #nextId = 1;
  #lastReceivedAt = performance.now();
  #hasEnded = false;
  /** The other side closed the connection without a reason. */
  #wasCutOff = false;
  #endReason: AppError | undefined;

  private constructor(
    socket: Socket,
    { target, home, callTimeoutMs = 60_000, client, confirmServer }: ConnectOptions,
    fingerprint: string | undefined,
  ) {
    this.#socket = socket;
    this.target = target;
    this.home = home;
    this.closed = this.#closed.promise;
    this.#credentials = new CredentialStore(home.credentialsFile);
    this.#callTimeoutMs = callTimeoutMs;
    this.#fingerprint = fingerprint;
    this.#confirmServer = confirmServer;
    this.#clientName = client ?? `goldctl/${version()}`;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => {
      this.#socketError = error;
    });
    socket.on('close', () => {
      this.#wasCutOff = !this.#hasEnded && this.#bye === undefined;
      this.#end(this.#connectionLostError());
    });
  }

  get hello(): MethodResult<'hello'> {
    return this.#hello!; // set before connect() returns the client
  }

  get name(): string | null {
    return this.#name;
  }

  get role(): MemberRole | null {
    return this.#role;
  }

  /** IP address of the daemon; undefined on the control socket. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  /** When the last data arrived, in ms of the monotonic clock. */
  get lastReceivedAt(): number {
    return this.#lastReceivedAt;
  }

  /** Why the stored token did not sign in, if it did not. */
  get resumeFailure(): AppError | undefined {
    return this.#resumeFailure;
  }

  /** @throws AppError as the daemon answers; CONNECTION_ENDED if the connection ends first; TOO_SLOW */
  async call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    try {
      return await this.#request<MethodResult<M>>(method, params);
    } catch (thrown) {
      // "Sign in first" confuses a user who did; the answer to the token explains more.
      const stored = this.#resumeFailure;
      if (stored && thrown instanceof AppError && thrown.code === 'NOT_SIGNED_IN' && this.#name === null) {
        throw new AppError(stored.code, stored.message, { cause: thrown, data: stored.data });
      }
      throw thrown;
    }
  }

  /** Subscribes to one kind of event. Do so before calling `watch`: events may follow at once. @returns unsubscribe */
  on<E extends EventName>(event: E, listener: (params: EventParams<E>) => void): () => void {
    return this.#listeners.add(event, listener);
  }

  async signUp(params: MethodParams<'account.signUp'>): Promise<MethodResult<'account.signUp'>> {
    const result = await this.call('account.signUp', params);
    await this.#onSignedIn(result);
    return result;
  }

  async signIn(params: MethodParams<'account.signIn'>): Promise<MethodResult<'account.signIn'>> {
    const result = await this.call('account.signIn', params);
    await this.#onSignedIn(result);
    return result;
  }

  /** Ends the session everywhere. A token that was already revoked is removed too. */
  async signOut(): Promise<void> {
    await this.call('account.signOut', {});
    if (this.#token !== undefined) {
      await this.#credentials.remove([this.#identity.server, ...this.#fallbackIds], this.#token);
    }
    this.#name = null;
    this.#role = null;
    this.#token = undefined;
    this.#resumeFailure = undefined;
  }

  /** Closes the connection after flushing. Pending calls are rejected. */
  async close(): Promise<void> {
    if (!this.#hasEnded) {
      this.#end(undefined);
      this.#socket.destroySoon();
      const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
      this.#socket.once('close', () => clearTimeout(timer));
    }
    if (!this.#socket.destroyed) await new Promise((resolve) => this.#socket.once('close', resolve));
  }

  /** Gives this sign-in to the other servers, if `confirmServer` agrees. @returns why others did not get it */
  async confirmFallbacks(options: Pick<ConnectOptions, 'confirmServer' | 'onFirstUse'>): Promise<AppError[]> {
    const errors: AppError[] = [];
    for (const target of failoverOrder(this.target).slice(1)) {
      if (await this.#credentials.isConfirmed(serverId(target))) continue;
      try {
        const other = await Client.#connectTo({ ...options, target, home: this.home, timeoutMs: MAX_ATTEMPT_MS });
        if (other.resumeFailure) errors.push(other.resumeFailure);
        await other.close();
      } catch (thrown) {
        errors.push(AppError.from(thrown));
      }
    }
    return errors;
  }

  async #sayHello(): Promise<void> {
    try {
      const params = { protocol: PROTOCOL_VERSION, client: this.#clientName };
      this.#hello = await this.#request<MethodResult<'hello'>>('hello', params);
    } catch (thrown) {
      // Closed without a word: not a daemon that serves us.
      if (this.#wasCutOff) {
        throw connectError(this.target, this.#socketError);
      }
      throw thrown;
    }
    this.#name = this.#hello.name;
  }

  async #resumeSession(): Promise<void> {
    const stored = await this.#credentials.find(this.#identity, this.#fallbackIds);
    if (!stored) return;
    if (!stored.isConfirmed && !(await this.#askToConfirm(stored.name))) {
      this.#isUnconfirmed = true;
      this.#resumeFailure = this.#unconfirmedServerError(stored);
      return;
    }
    try {
      const { token } = stored;
      await this.#onSignedIn(await this.#request<MethodResult<'account.resume'>>('account.resume', { token }));
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code === 'CONNECTION_ENDED' || error.code === 'STORE_FAILED') throw error;
      this.#resumeFailure = error;
      if (error.code !== 'NOT_SIGNED_IN') return;
      // For this server only: another one decides for itself whether the token is valid.
      await this.#credentials.remove([this.#identity.server], stored.token);
      this.#resumeFailure = new AppError(
        'NOT_SIGNED_IN',
        `The sign-in of ${stored.name} is no longer valid. Sign in again with \`goldctl account signin ${stored.name}\`.`,
        { cause: error, data: error.data },
      );
    }
  }

  async #onSignedIn({ name, role, token }: { name: string; role: MemberRole; token: string }): Promise<void> {
    this.#name = name;
    this.#role = role;
    this.#token = token;
    this.#resumeFailure = undefined;
    this.#isUnconfirmed = false;
    await this.#credentials.save(this.#identity, this.#fallbackIds, { name, token });
  }

  get #identity(): ServerIdentity {
    return { server: serverId(this.target), certificate: this.#fingerprint ?? null };
  }

  /** A sign-in at one server of a cluster is valid at all of them. */
  get #fallbackIds(): string[] {
    return failoverOrder(this.target).slice(1).map(serverId);
  }

  async #askToConfirm(name: string): Promise<boolean> {
    const confirmation = { server: this.target, fingerprint: this.#fingerprint, name };
    return (await this.#confirmServer?.(confirmation)) === true;
  }

  #unconfirmedServerError({ name, server }: CredentialMatch): AppError {
    const here = describeServer(this.target);
    const why =
      server === this.#identity.server
        ? `its certificate has changed since ${name} signed in there`
        : `${name} never signed in there, and its certificate differs from that of ${server.replace('tls://', '')}`;
    const servers = [this.target, ...failoverOrder(this.target).slice(1)].map(describeServer).join();
    return new AppError(
      'NOT_SIGNED_IN',
      `${here} did not receive the sign-in of ${name}: ${why}. If it is a server of the cluster, confirm it with \`goldctl account whoami --server ${servers}\`.`,
      { data: { server: here, name } },
    );
  }

  #request<T>(method: string, params: unknown): Promise<T> {
    if (this.#hasEnded) return Promise.reject(this.#endReason ?? connectionClosedError());
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        const seconds = this.#callTimeoutMs / 1000;
        reject(new AppError('TOO_SLOW', `The daemon did not answer ${method} within ${seconds} s. Try again.`));
      }, this.#callTimeoutMs);
      this.#pending.set(id, { method, resolve, reject, timer });
      this.#socket.write(encodeRequest(id, method, params));
    });
  }

  #onData(chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#lastReceivedAt = performance.now();
    try {
      for (const text of this.#decoder.push(chunk)) {
        if (this.#hasEnded) return; // a line before it violated the protocol
        if (text !== '') this.#onMessage(parseRpcMessage(text));
      }
    } catch (cause) {
      const message = `The answer of ${describeTarget(this.target)} cannot be read: ${AppError.from(cause).message}`;
      this.#end(new AppError('CONNECTION_ENDED', message, { cause }));
    }
  }

  #onMessage(message: RpcMessage): void {
    if (message.method === undefined) this.#onResponse(message);
    else if (message.id === undefined) this.#onEvent(message.method, message.params);
    else if (message.method === 'ping') this.#socket.write(encodeResult(message.id, `{"status":${PONG_STATUS}}`));
    else {
      const data = { reason: 'NO_SUCH_METHOD' };
      const error: RpcError = { code: -32601, message: 'A client answers only ping.', data };
      this.#socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, error })}\n`);
    }
  }

  #onResponse({ id, result, error }: RpcMessage): void {
    const pending = this.#pending.get(id as number);
    if (!pending) {
      // An error without id is about bytes, not about one call; an answer after its timeout has no caller.
      if (error !== undefined && (id === null || id === undefined))
        this.#bye ??= { status: 405, reason: errorFromRpc(error).message };
      return;
    }
    if (error === undefined) {
      const path = validateResult(pending.method, result);
      if (path !== undefined) {
        if (pending.method === 'hello') this.#end(notADaemonError(this.target));
        else this.#end(protocolViolationError(this.target, `answer to ${pending.method}`, path));
        return;
      }
    }
    this.#pending.delete(id as number);
    clearTimeout(pending.timer);
    if (error === undefined) pending.resolve(result as never);
    else pending.reject(errorFromRpc(error));
  }

  #onEvent(name: string, params: unknown): void {
    const path = validateEvent(name, params);
    if (path !== undefined) {
      this.#end(protocolViolationError(this.target, `event ${name}`, path));
      return;
    }
    if (name === 'bye') this.#bye = params as EventParams<'bye'>;
    if (name === 'role') this.#onRole(params as EventParams<'role'>);
    this.#listeners.emit(name, params);
  }

  #onRole({ name, role }: EventParams<'role'>): void {
    if (this.#name !== null && canonicalName(name) === canonicalName(this.#name)) this.#role = role;
  }

  #connectionLostError(): AppError {
    if (this.#bye) {
      const { reason, retryAfterMs, final } = this.#bye;
      return new AppError('CONNECTION_ENDED', `The server ended the connection: ${reason}`, {
        data: { why: reason, ...defined({ retryAfterMs, final }) },
      });
    }
    const why = this.#socketError?.code ? ` (${this.#socketError.code})` : '';
    return new AppError('CONNECTION_ENDED', `The connection to ${describeTarget(this.target)} was lost${why}.`, {
      cause: this.#socketError,
    });
  }

  #end(error: AppError | undefined): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#endReason = error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of pending) {
      clearTimeout(timer);
      reject(error ?? connectionClosedError());
    }
    if (error && !this.#socket.destroyed) this.#socket.destroy();
    this.#closed.resolve(error);
  }
}
