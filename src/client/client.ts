import type { Socket } from 'node:net';
import { FAILURES, Failure, type FailureCode, type FailureData } from '../domain/failure.ts';
import type { Home } from '../home.ts';
import type { EventName, EventParams } from '../protocol/events.ts';
import {
  type ErrorObject,
  encodeRequest,
  encodeResult,
  type Line,
  LineSplitter,
  PROTOCOL,
  parseLine,
} from '../protocol/line.ts';
import type { MethodName, Params, Result } from '../protocol/methods.ts';
import { version } from '../version.ts';
import { Credentials, type FoundCredential, type ServerIdentity } from './credentials.ts';
import { KnownHosts } from './known-hosts.ts';
import { checkEvent, checkResult } from './received.ts';
import { describeServer, describeTarget, rotations, serverId, type Target } from './target.ts';
import { noDaemon, openTransport, tooLate } from './transport.ts';

/** The longest line a client takes: a page of posts or quotes is one line. */
const ANSWER_BYTES = 8 * 1024 * 1024;
/** What an orderly close may take before the socket is torn down. */
const CLOSE_MS = 1000;
/** Status of an answered ping. */
const PONG = 203;

/** For one of several servers: the next one is tried after it. */
const EACH_MS = 2500;
/** What keeps somebody from one server, and not from the others of the room. */
const OF_ONE_SERVER: ReadonlySet<FailureCode> = new Set([
  'NO_DAEMON',
  'CONNECTION_ENDED',
  'CERTIFICATE_CHANGED',
  'TOO_SLOW',
  'TOO_MANY_REQUESTS',
  'NOT_AVAILABLE',
]);

type Role = Result<'account.signIn'>['role'];

/** A token is kept for other servers of the room, and this one was never given it. */
export interface Confirmation {
  readonly server: Target;
  /** SHA-256 of its certificate, hex; undefined where there is none. */
  readonly fingerprint: string | undefined;
  /** Whose token it is. */
  readonly name: string;
}

export interface ConnectOptions {
  readonly target: Target;
  readonly home: Home;
  /** Gives up the attempt, and later the connection. */
  readonly signal?: AbortSignal;
  /** Told once the certificate of a server that was never met before is kept. SHA-256, hex. */
  readonly onFirstUse?: (fingerprint: string, server: Target) => void;
  /** Told where another server of the room was taken because the one before it shows another certificate than it did. */
  readonly onPassedOver?: (failure: Failure) => void;
  /**
   * Asked whether a server may have the token of the room, as it never had it before, or had another certificate then.
   * Without it, no such server gets it.
   */
  readonly confirmServer?: ((confirmation: Confirmation) => Promise<boolean>) | undefined;
  /** Sign in by the kept token, where there is one. Default true. */
  readonly resume?: boolean;
  /** For connection and `hello` together, in milliseconds. Default 10 s. */
  readonly timeoutMs?: number;
  /** For one call, in milliseconds. Default 60 s. */
  readonly callTimeoutMs?: number;
  /** Name and version of the program that calls. Default goldctl's own. */
  readonly client?: string;
}

interface Pending {
  readonly method: string;
  readonly resolve: (result: never) => void;
  readonly reject: (failure: Failure) => void;
  readonly timer: NodeJS.Timeout;
}

/** One connection to a daemon. Ends once and stays ended: who wants another one connects anew. */
export class Client {
  /**
   * Connects, says hello, and signs in by the kept token; where the target names several servers, at the first one
   * that answers.
   * @throws Failure NO_DAEMON, CERTIFICATE_CHANGED, CONNECTION_ENDED, or what the daemon answers to `hello`.
   */
  static async connect(options: ConnectOptions): Promise<Client> {
    const servers = rotations(options.target);
    if (servers.length === 1) return await Client.#open(options);
    const timeoutMs = Math.min(options.timeoutMs ?? EACH_MS, EACH_MS);
    const failures: Failure[] = [];
    let chosen: Client | undefined;
    for (const target of servers) {
      try {
        const client = await Client.#open({ ...options, target, timeoutMs });
        // One that may not have the token is taken where no other one answers.
        if (chosen && client.#isUnconfirmed) await client.close();
        else {
          await chosen?.close();
          chosen = client;
        }
        if (!client.#isUnconfirmed) break;
      } catch (thrown) {
        const failure = Failure.from(thrown);
        if (options.signal?.aborted || !OF_ONE_SERVER.has(failure.code)) {
          await chosen?.close();
          throw thrown;
        }
        failures.push(failure);
      }
    }
    if (!chosen) throw noServer(failures);
    for (const failure of failures) if (failure.code === 'CERTIFICATE_CHANGED') options.onPassedOver?.(failure);
    return chosen;
  }

  static async #open(options: ConnectOptions): Promise<Client> {
    const { target, home, signal, timeoutMs = 10_000 } = options;
    const attempt = new AbortController();
    const giveUp = () => attempt.abort(new Failure('CONNECTION_ENDED', 'The connection was given up.'));
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp);
    const late = setTimeout(() => attempt.abort(tooLate(target, timeoutMs)), timeoutMs);
    let client: Client | undefined;
    try {
      if (target.kind === 'local') await home.checkControl();
      const { socket, fingerprint } = await openTransport(target, attempt.signal);
      client = new Client(socket, options, fingerprint);
      const ended = client;
      attempt.signal.addEventListener('abort', () => ended.#end(attempt.signal.reason));
      const hosts = new KnownHosts(home.knownHostsFile);
      const met = fingerprint === undefined ? 'known' : await hosts.check(target.key, fingerprint);
      await client.#greet();
      if (met === 'new') {
        await hosts.add(target.key, fingerprint!);
        options.onFirstUse?.(fingerprint!, target);
      }
      clearTimeout(late);
      if (options.resume !== false && client.name === null) await client.#resume();
      void client.closed.then(() => signal?.removeEventListener('abort', giveUp));
      return client;
    } catch (thrown) {
      signal?.removeEventListener('abort', giveUp);
      if (client) client.#end(Failure.from(thrown));
      throw thrown;
    } finally {
      clearTimeout(late);
    }
  }

  /** Ends when the connection does: with a Failure when it was lost or ended by the daemon, else undefined. */
  readonly closed: Promise<Failure | undefined>;

  readonly #socket: Socket;
  readonly #target: Target;
  readonly #home: Home;
  readonly #credentials: Credentials;
  readonly #callTimeoutMs: number;
  readonly #clientName: string;
  readonly #fingerprint: string | undefined;
  readonly #confirmServer: ConnectOptions['confirmServer'];
  readonly #splitter = new LineSplitter(ANSWER_BYTES);
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, Set<(params: never) => void>>();
  readonly #settleClosed: (failure: Failure | undefined) => void;
  #hello: Result<'hello'> | undefined;
  #name: string | null = null;
  #role: Role | null = null;
  #token: string | undefined;
  #resumeFailure: Failure | undefined;
  /** There is a token that this server may not have. */
  #isUnconfirmed = false;
  #bye: EventParams<'bye'> | undefined;
  #socketError: NodeJS.ErrnoException | undefined;
  #nextId = 1;
  #heardAt = performance.now();
  #ended = false;
  /** The other side ended the connection and did not say why. */
  #cutOff = false;
  #ending: Failure | undefined;

  private constructor(
    socket: Socket,
    { target, home, callTimeoutMs = 60_000, client, confirmServer }: ConnectOptions,
    fingerprint: string | undefined,
  ) {
    this.#socket = socket;
    this.#target = target;
    this.#home = home;
    this.#credentials = new Credentials(home.credentialsFile);
    this.#callTimeoutMs = callTimeoutMs;
    this.#fingerprint = fingerprint;
    this.#confirmServer = confirmServer;
    this.#clientName = client ?? `goldctl/${version()}`;
    let settle!: (failure: Failure | undefined) => void;
    this.closed = new Promise((resolve) => {
      settle = resolve;
    });
    this.#settleClosed = settle;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => {
      this.#socketError = error;
    });
    socket.on('close', () => {
      this.#cutOff = !this.#ended && this.#bye === undefined;
      this.#end(this.#lost());
    });
  }

  /** What the daemon said of itself. */
  get hello(): Result<'hello'> {
    return this.#hello!; // set before connect() hands the client out
  }

  /** The member that this connection is signed in as. */
  get name(): string | null {
    return this.#name;
  }

  get role(): Role | null {
    return this.#role;
  }

  get target(): Target {
    return this.#target;
  }

  /** Where its token and the server's certificate are kept. */
  get home(): Home {
    return this.#home;
  }

  /** IP address of the daemon; undefined on the control socket. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  /** When the daemon was last heard, in ms of the monotonic clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Why the kept token did not sign in, where it did not. */
  get resumeFailure(): Failure | undefined {
    return this.#resumeFailure;
  }

  /**
   * One call.
   * @throws Failure as the daemon answers; CONNECTION_ENDED when the connection ends first; TOO_SLOW.
   */
  async call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>> {
    try {
      return await this.#request<Result<M>>(method, params);
    } catch (thrown) {
      // "Sign in first" puzzles somebody who did: the answer to the token tells more.
      const kept = this.#resumeFailure;
      if (kept && thrown instanceof Failure && thrown.code === 'NOT_SIGNED_IN' && this.#name === null) {
        throw new Failure(kept.code, kept.message, { cause: thrown, data: kept.data });
      }
      throw thrown;
    }
  }

  /** Listens to one kind of event; what is returned ends it. Listen before you call `watch`: events may follow at once. */
  on<E extends EventName>(event: E, listener: (params: EventParams<E>) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  async signUp(params: Params<'account.signUp'>): Promise<Result<'account.signUp'>> {
    const result = await this.call('account.signUp', params);
    await this.#signedIn(result);
    return result;
  }

  async signIn(params: Params<'account.signIn'>): Promise<Result<'account.signIn'>> {
    const result = await this.call('account.signIn', params);
    await this.#signedIn(result);
    return result;
  }

  /** Ends the session everywhere. A kept token that was void already is forgotten all the same. */
  async signOut(): Promise<void> {
    await this.call('account.signOut', {});
    if (this.#token !== undefined) {
      await this.#credentials.remove([this.#identity.server, ...this.#otherServers], this.#token);
    }
    this.#name = null;
    this.#role = null;
    this.#token = undefined;
    this.#resumeFailure = undefined;
  }

  /** Ends the connection, after what was written has left. Calls that wait are rejected. */
  async close(): Promise<void> {
    if (!this.#ended) {
      this.#end(undefined);
      this.#socket.destroySoon();
      const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS);
      this.#socket.once('close', () => clearTimeout(timer));
    }
    if (!this.#socket.destroyed) await new Promise((resolve) => this.#socket.once('close', resolve));
  }

  /**
   * Gives the sign-in of this connection to the other servers of the room that were never given it, as far as they answer
   * and `confirmServer` says so.
   * @returns why the others did not get it
   */
  async confirmOthers(options: Pick<ConnectOptions, 'confirmServer' | 'onFirstUse'>): Promise<Failure[]> {
    const failures: Failure[] = [];
    for (const target of rotations(this.#target).slice(1)) {
      if (await this.#credentials.isConfirmed(serverId(target))) continue;
      try {
        const other = await Client.#open({ ...options, target, home: this.#home, timeoutMs: EACH_MS });
        if (other.resumeFailure) failures.push(other.resumeFailure);
        await other.close();
      } catch (thrown) {
        failures.push(Failure.from(thrown));
      }
    }
    return failures;
  }

  async #greet(): Promise<void> {
    try {
      this.#hello = await this.#request<Result<'hello'>>('hello', { protocol: PROTOCOL, client: this.#clientName });
    } catch (thrown) {
      // Cut off without a word: whatever listens there, it is no daemon that serves us.
      if (this.#cutOff) {
        throw noDaemon(this.#target, this.#socketError);
      }
      throw thrown;
    }
    this.#name = this.#hello.name;
  }

  async #resume(): Promise<void> {
    const kept = await this.#credentials.find(this.#identity, this.#otherServers);
    if (!kept) return;
    if (!kept.isConfirmed && !(await this.#askToConfirm(kept.name))) {
      this.#isUnconfirmed = true;
      this.#resumeFailure = this.#unconfirmed(kept);
      return;
    }
    try {
      await this.#signedIn(await this.#request<Result<'account.resume'>>('account.resume', { token: kept.token }));
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.code === 'CONNECTION_ENDED' || failure.code === 'STORE_FAILED') throw failure;
      this.#resumeFailure = failure;
      if (failure.code !== 'NOT_SIGNED_IN') return;
      // Of this server only: another one says for itself whether it takes the token.
      await this.#credentials.remove([this.#identity.server], kept.token);
      this.#resumeFailure = new Failure(
        'NOT_SIGNED_IN',
        `The sign-in of ${kept.name} is void by now. Sign in again with \`goldctl account signin ${kept.name}\`.`,
        { cause: failure, data: failure.data },
      );
    }
  }

  async #signedIn({ name, role, token }: { name: string; role: Role; token: string }): Promise<void> {
    this.#name = name;
    this.#role = role;
    this.#token = token;
    this.#resumeFailure = undefined;
    this.#isUnconfirmed = false;
    await this.#credentials.set(this.#identity, this.#otherServers, { name, token });
  }

  get #identity(): ServerIdentity {
    return { server: serverId(this.#target), certificate: this.#fingerprint ?? null };
  }

  /** Whoever is signed in at one server of a room is so at all. */
  get #otherServers(): string[] {
    return rotations(this.#target).slice(1).map(serverId);
  }

  async #askToConfirm(name: string): Promise<boolean> {
    const confirmation = { server: this.#target, fingerprint: this.#fingerprint, name };
    return (await this.#confirmServer?.(confirmation)) === true;
  }

  #unconfirmed({ name, server }: FoundCredential): Failure {
    const here = describeServer(this.#target);
    const why =
      server === this.#identity.server
        ? `its certificate is another one than when ${name} signed in there`
        : `${name} never signed in there, and it shows another certificate than ${server.replace('tls://', '')}`;
    const servers = [this.#target, ...rotations(this.#target).slice(1)].map(describeServer).join();
    return new Failure(
      'NOT_SIGNED_IN',
      `${here} was not given the sign-in of ${name}: ${why}. If it is a server of the room, \`goldctl account whoami --server ${servers}\` asks whether it may have it.`,
      { data: { server: here, name } },
    );
  }

  #request<T>(method: string, params: unknown): Promise<T> {
    if (this.#ended)
      return Promise.reject(this.#ending ?? new Failure('CONNECTION_ENDED', 'The connection is closed.'));
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        const seconds = this.#callTimeoutMs / 1000;
        reject(new Failure('TOO_SLOW', `The daemon did not answer ${method} within ${seconds} s. Try again.`));
      }, this.#callTimeoutMs);
      this.#pending.set(id, { method, resolve, reject, timer });
      this.#socket.write(encodeRequest(id, method, params));
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#heardAt = performance.now();
    try {
      for (const text of this.#splitter.push(chunk)) {
        if (this.#ended) return; // by a line before it that does not fit the protocol
        if (text !== '') this.#take(parseLine(text));
      }
    } catch (cause) {
      this.#end(
        new Failure(
          'CONNECTION_ENDED',
          `The answer of ${describeTarget(this.#target)} cannot be read: ${Failure.from(cause).message}`,
          { cause },
        ),
      );
    }
  }

  #take(line: Line): void {
    if (line.method === undefined) this.#answer(line);
    else if (line.id === undefined) this.#event(line.method, line.params);
    else if (line.method === 'ping') this.#socket.write(encodeResult(line.id, `{"status":${PONG}}`));
    else {
      const error: ErrorObject = {
        code: -32601,
        message: 'A client answers ping only.',
        data: { reason: 'NO_SUCH_METHOD' },
      };
      this.#socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: line.id, error })}\n`);
    }
  }

  #answer({ id, result, error }: Line): void {
    const pending = this.#pending.get(id as number);
    if (!pending) {
      // An error without id is about bytes, not about one call; an answer after its time-out has nobody left.
      if (error !== undefined && (id === null || id === undefined))
        this.#bye ??= { status: 405, reason: toFailure(error).message };
      return;
    }
    if (error === undefined) {
      const path = checkResult(pending.method, result);
      if (path !== undefined) {
        const { method } = pending;
        this.#end(
          method === 'hello' ? strangeDaemon(this.#target) : unexpected(this.#target, `answer to ${method}`, path),
        );
        return;
      }
    }
    this.#pending.delete(id as number);
    clearTimeout(pending.timer);
    if (error === undefined) pending.resolve(result as never);
    else pending.reject(toFailure(error));
  }

  #event(name: string, params: unknown): void {
    const path = checkEvent(name, params);
    if (path !== undefined) {
      this.#end(unexpected(this.#target, `event ${name}`, path));
      return;
    }
    if (name === 'bye') this.#bye = params as EventParams<'bye'>;
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(params as never);
      } catch (thrown) {
        queueMicrotask(() => {
          throw thrown; // a listener's own fault: it must show, and must not cost the others their events
        });
      }
    }
  }

  #lost(): Failure {
    if (this.#bye) {
      const { reason, retryAfterMs, final } = this.#bye;
      return new Failure('CONNECTION_ENDED', `The server ended the connection: ${reason}`, {
        data: {
          why: reason,
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
          ...(final === undefined ? {} : { final }),
        },
      });
    }
    const why = this.#socketError?.code ? ` (${this.#socketError.code})` : '';
    return new Failure('CONNECTION_ENDED', `The connection to ${describeTarget(this.#target)} was lost${why}.`, {
      cause: this.#socketError,
    });
  }

  #end(failure: Failure | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ending = failure;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of pending) {
      clearTimeout(timer);
      reject(failure ?? new Failure('CONNECTION_ENDED', 'The connection was closed.'));
    }
    if (failure && !this.#socket.destroyed) this.#socket.destroy();
    this.#settleClosed(failure);
  }
}

function strangeDaemon(target: Target): Failure {
  return new Failure('NO_DAEMON', `What answers at ${describeTarget(target)} is no goldctl daemon. Check the address.`);
}

/** Nothing of such a daemon is used: not connecting again by itself is what `final` asks for. */
function unexpected(target: Target, what: string, path: string): Failure {
  const where = path === '' ? '' : ` (${path})`;
  return new Failure(
    'CONNECTION_ENDED',
    `The connection to ${describeTarget(target)} was ended: its ${what} does not fit the protocol${where}. Check that it is a goldctl daemon of this version.`,
    { data: { final: true } },
  );
}

/** Why none of several servers is had: a certificate that changed comes before what may pass by itself. */
function noServer(failures: readonly Failure[]): Failure {
  const changed = failures.find(({ code }) => code === 'CERTIFICATE_CHANGED');
  if (changed) return changed;
  const last = failures.at(-1)!;
  if (failures.some(({ code }) => code !== 'NO_DAEMON')) return last;
  const all = failures.map(({ message }) => message.replace(/\. Check .*$/s, '.')).join(' ');
  return new Failure(
    'NO_DAEMON',
    `None of the ${failures.length} servers answers. ${all} Check the addresses, and that a daemon runs at one of them.`,
    { cause: last, data: last.data },
  );
}

/** A daemon's error as it was thrown there. Reasons that this version does not know are INTERNAL, with their message. */
function toFailure(error: Partial<ErrorObject>): Failure {
  const { reason, ...rest } = (typeof error.data === 'object' && error.data !== null ? error.data : {}) as Record<
    string,
    unknown
  >;
  const known = typeof reason === 'string' && Object.hasOwn(FAILURES, reason);
  const data: Record<string, FailureData[string]> = {};
  for (const [key, value] of Object.entries(rest)) {
    const plain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    if (plain || (Array.isArray(value) && value.every((item) => typeof item === 'string')))
      data[key] = value as FailureData[string];
  }
  return new Failure(
    known ? (reason as FailureCode) : 'INTERNAL',
    typeof error.message === 'string' ? error.message : undefined,
    { data },
  );
}
