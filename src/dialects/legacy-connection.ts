import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalName } from '../domain/account.ts';
import { addressSeenBy, normalizeIp } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import type { Account } from '../projections/accounts.ts';
import type { Writer } from '../room/forum.ts';
import type { LegacyClient } from '../room/presence-connection.ts';
import type { ClientConnection } from '../server/client-connection.ts';
import { ClientSocket } from '../server/client-socket.ts';
import type { ConnectionSlot } from '../server/connection-limiter.ts';
import type { ScheduledReader } from '../server/read-scheduler.ts';
import { TokenBucket } from '../server/token-bucket.ts';
import { lineWorkUnits, type WorkAccount } from '../server/work-budget.ts';
import {
  type DecodedRequest,
  FinalReply,
  type LegacyProtocol,
  type LegacyServices,
  type LegacySession,
  type OptionalReply,
  type ProtocolClient,
  type Reply,
  truncateUtf8,
} from './legacy-protocol.ts';

/** Pieces of one request arrive within this time of each other. */
const REQUEST_GAP_MS = 50;
/** Retry interval while the password hashing queue is full. */
const HASH_RETRY_MS = 100;
/** A longer wait is refused at once. */
const MAX_HASH_WAIT_MS = 10_000;

export interface LegacyConnectionOptions {
  readonly address: string;
  /** Undefined if the client is refused. */
  readonly slot: ConnectionSlot | undefined;
  readonly services: LegacyServices;
  readonly protocols: readonly LegacyProtocol[];
  /** Selects a protocol by the first bytes; undefined while they are incomplete, null for none. */
  readonly selectProtocol: (bytes: Buffer) => LegacyProtocol | undefined | null;
  /** The closing message while the protocol is unknown. */
  readonly closingMessage: (reason: string) => Reply;
  /** The protocol must no longer be served on this port. */
  readonly onTerminate: (protocol: LegacyProtocol) => void;
}

/** A legacy client's connection. It handles one request at a time, in turn with all other connections. */
export class LegacyConnection implements ClientConnection, ProtocolClient, ScheduledReader {
  readonly address: string;
  readonly local = false;
  readonly transport = 'dialect';
  readonly peer = undefined;
  /** Legacy clients have no token: every connection is a session of its own. */
  readonly session = `old:${randomUUID()}`;
  readonly #socket: Socket;
  readonly #client: ClientSocket;
  readonly #localAddress: string;
  readonly #services: LegacyServices;
  readonly #options: LegacyConnectionOptions;
  readonly #bucket: TokenBucket;
  /** Pays for requests: the member's account, or the address's while nobody is signed in. */
  #workAccount: WorkAccount;
  #protocol: LegacyProtocol | undefined;
  #protocolSession: LegacySession<unknown> | undefined;
  #unread: Buffer = Buffer.alloc(0);
  /** A request is served: nothing is read meanwhile. */
  #isServing = false;
  #isQuiet = false;
  #isHalfClosed = false;
  readonly #abort = new AbortController();
  #member: Writer | undefined;
  #port: number | undefined;
  #lastActive = performance.now();
  #deadline: NodeJS.Timeout | undefined;
  #quietTimer: NodeJS.Timeout | undefined;
  #resolveDrained: (() => void) | undefined;

  constructor(socket: Socket, options: LegacyConnectionOptions) {
    this.#socket = socket;
    this.#client = new ClientSocket(socket, (reason) => this.#onClosed(reason));
    this.#options = options;
    this.#services = options.services;
    this.address = options.address;
    this.#localAddress = normalizeIp(socket.localAddress ?? '');
    const { limits } = options.services;
    this.#bucket = new TokenBucket(limits.callsPerSecond, limits.callsBurst, performance.now());
    this.#workAccount = options.services.budget.addressAccount(options.address);
    // TCP detects a dead client: legacy clients cannot be pinged.
    socket.setKeepAlive(true, limits.pingMs);
    this.#setDeadline(Math.max(...options.protocols.map(({ timeoutMs }) => timeoutMs)));
  }

  /** Sends the greeting and starts reading. @param refusal why the client is refused: sent instead of the greeting */
  start(refusal?: string): void {
    if (this.hasEnded) return;
    this.#services.connections.add(this);
    this.#socket
      .on('data', (chunk: Buffer) => this.#onData(chunk))
      .on('drain', () => this.#onDrain())
      .on('error', (error) => this.#client.close(error.message))
      .on('end', () => this.#onInputEnd())
      .on('close', () => this.#client.close('closed'));
    const [only, ...others] = this.#options.protocols;
    if (only && others.length === 0) this.#useProtocol(only);
    if (refusal !== undefined) this.end(refusal);
    else if (this.#protocolSession?.greeting !== undefined) this.#write(this.#protocolSession.greeting);
  }

  /** The local address that the client connected to. */
  get localAddress(): string {
    return this.#localAddress;
  }

  get protocol(): LegacyProtocol | undefined {
    return this.#protocol;
  }

  get hasEnded(): boolean {
    return this.#client.hasEnded;
  }

  get member(): Writer | undefined {
    return this.#member;
  }

  get writer(): Writer {
    if (!this.#member) throw new AppError('NOT_SIGNED_IN');
    return this.#member;
  }

  get isSignedIn(): boolean {
    return this.#member !== undefined;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  get isBehind(): boolean {
    return this.#client.isBehind;
  }

  get old(): LegacyClient {
    return { dialect: this.#protocol?.name ?? '', port: this.#port };
  }

  get port(): number | undefined {
    return this.#port;
  }

  set port(port: number | undefined) {
    this.#port = port;
    if (this.#member) this.#services.presence.connectionChanged(this.#member.name);
  }

  lastActive(): number {
    return this.#lastActive;
  }

  async signIn(name: string, password: string): Promise<Writer> {
    await this.#services.catchUp(); // another daemon may have created the account a moment ago
    const { address } = this;
    const { signal } = this.#abort;
    const account = await this.#retryWhileBusy(() =>
      this.#services.accounts.signIn({ name, password, address, signal }),
    );
    return this.#join(account, 'account.signIn');
  }

  async signUp(name: string, password: string): Promise<Writer> {
    return this.#join(await this.createAccount(name, password), 'account.signUp');
  }

  createAccount(name: string, password: string): Promise<Account> {
    const { address } = this;
    const { signal } = this.#abort;
    return this.#retryWhileBusy(() =>
      this.#services.accounts.signUp({ name, password, address, local: false, signal }),
    );
  }

  /** Legacy clients take "try again" for a refusal: they wait here, where waiting costs no hashing. */
  async #retryWhileBusy<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        const { code, data } = AppError.from(thrown);
        const wait = Number(data.retryAfterMs);
        if (code !== 'TOO_MANY_REQUESTS' || !(wait <= MAX_HASH_WAIT_MS)) throw thrown;
        await sleep(HASH_RETRY_MS);
        this.#abort.signal.throwIfAborted();
      }
    }
  }

  signOut(): void {
    if (!this.#member) return;
    this.#services.presence.leave(this.#member.name, this);
    this.#member = undefined;
    this.#workAccount = this.#services.budget.addressAccount(this.address);
    this.#options.slot?.setSignedIn(false);
    if (this.#protocol) this.#setDeadline(this.#protocol.timeoutMs);
  }

  send(reply: Reply): void {
    if (!this.hasEnded) this.#write(reply);
  }

  terminateProtocol(): void {
    if (this.#protocol) this.#options.onTerminate(this.#protocol);
  }

  end(reason: string): void {
    if (this.hasEnded) return;
    this.#closeGracefully((this.#protocolSession ?? this.#options).closingMessage(reason), reason);
  }

  disconnectBanned(reason: string | undefined): void {
    this.end(bannedMessage(reason));
  }

  /** Legacy clients have no peer. */
  notifyIntroduction(): void {}

  get canBePinged(): boolean {
    return this.#protocolSession?.roundTrip !== undefined;
  }

  async roundTrip(timeoutMs: number): Promise<number | undefined> {
    return !this.hasEnded ? this.#protocolSession?.roundTrip?.(timeoutMs) : undefined;
  }

  dropIfStalled(now: number): void {
    this.#client.dropIfStalled(now, this.#services.limits.stallMs);
  }

  async #join(account: Account, event: string): Promise<Writer> {
    const { accounts, presence, log } = this.#services;
    const { name } = account;
    const release = this.#member?.name === name ? undefined : await presence.reserveSignIn(name, undefined);
    try {
      // The connection may have closed during the password check; a member without a connection must not be shown as
      // present.
      if (this.hasEnded) throw new AppError('CONNECTION_ENDED');
      accounts.assertUnchanged(account); // a ban or a password change may have arrived meanwhile
      this.signOut();
      presence.join(name, this, false);
    } finally {
      release?.();
    }
    this.#member = { name };
    this.#workAccount = this.#services.budget.memberAccount(canonicalName(name));
    this.#options.slot?.setSignedIn(true);
    this.#setDeadline(undefined);
    const message = event === 'account.signUp' ? 'signed up' : 'signed in';
    log.info({ event, name, address: this.address, dialect: this.#protocol?.name }, message);
    return this.#member;
  }

  #useProtocol(protocol: LegacyProtocol): void {
    this.#protocol = protocol;
    this.#protocolSession = protocol.openSession(this);
    this.#setDeadline(protocol.timeoutMs);
  }

  get payer(): string {
    return this.#workAccount.payer;
  }

  #onData(chunk: Buffer): void {
    if (this.hasEnded) return;
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    if (!this.#isServing) this.#serve(false);
  }

  /** @param isQuiet no more bytes arrived for a while */
  #serve(isQuiet: boolean): void {
    clearTimeout(this.#quietTimer);
    this.#isServing = true;
    this.#isQuiet = isQuiet;
    this.#socket.pause();
    this.#services.scheduler.schedule(this);
  }

  /** Starts the next request. Every decode attempt is charged: a long incomplete request may grow byte by byte. */
  runTurn(): number | undefined {
    if (this.hasEnded) return undefined;
    const waitMs = this.#workAccount.tryCharge(lineWorkUnits(this.#unread.length), this.#services.scheduler.now());
    if (waitMs > 0) return waitMs;
    const request = this.#nextRequest(this.#isQuiet);
    if (request) void this.#handle(request.session, request.decoded).then(() => this.#onHandled());
    else this.#stopServing();
    return undefined;
  }

  #onHandled(): void {
    this.#isQuiet = false;
    if (this.hasEnded || this.#unread.length === 0) this.#stopServing();
    else this.#services.scheduler.schedule(this);
  }

  #stopServing(): void {
    this.#isServing = false;
    if (this.hasEnded) return;
    this.#socket.resume();
    if (this.#unread.length > 0 && !this.#isQuiet) this.#waitForQuiet();
    if (this.#isHalfClosed) this.#onInputEnd();
  }

  /** If this process was busy, input that has arrived is read before the timer counts. */
  #waitForQuiet(): void {
    const input = this.#unread;
    const decide = () => {
      if (this.#unread === input) this.#serve(true);
    };
    this.#quietTimer = setTimeout(() => setImmediate(decide), REQUEST_GAP_MS).unref();
  }

  /** The next complete request. */
  #nextRequest(isQuiet: boolean): { session: LegacySession<unknown>; decoded: DecodedRequest<unknown> } | undefined {
    if (this.hasEnded || this.#unread.length === 0) return undefined;
    if (!this.#protocolSession) {
      const protocol = this.#options.selectProtocol(this.#unread);
      if (protocol === null) this.#closeGracefully(undefined, 'its first bytes match no protocol of this port');
      else if (protocol) this.#useProtocol(protocol);
    }
    const session = this.#protocolSession;
    try {
      const decoded = session?.decode(this.#unread, isQuiet);
      if (session && decoded) {
        this.#unread = this.#unread.subarray(decoded.usedBytes);
        return { session, decoded };
      }
      const protocols = this.#protocol ? [this.#protocol] : this.#options.protocols;
      const requestBytes = Math.max(...protocols.map((protocol) => protocol.maxRequestBytes));
      if (this.#unread.length > requestBytes) this.end(`A request may have at most ${requestBytes} bytes.`);
    } catch (thrown) {
      this.end(AppError.from(thrown).message);
    }
    return undefined;
  }

  async #handle(session: LegacySession<unknown>, { request }: DecodedRequest<unknown>): Promise<void> {
    for (let wait = this.#rateLimitMs(); wait > 0; wait = this.#rateLimitMs()) await sleep(wait);
    if (this.hasEnded) return;
    if (!session.isBackground?.(request)) this.#markActive();
    let reply: OptionalReply;
    try {
      reply = await session.handle(request);
    } catch (thrown) {
      reply = this.#errorReply(session, thrown);
    }
    if (this.hasEnded) return;
    if (reply instanceof FinalReply) this.#closeGracefully(reply.reply, 'the session is complete');
    else if (reply !== undefined) this.#write(reply);
    if (this.hasEnded) return;
    if (this.#protocol?.hasAccounts === false) this.#setDeadline(this.#protocol.timeoutMs);
    if (this.isBehind) await new Promise<void>((resolve) => (this.#resolveDrained = resolve));
  }

  /** Legacy clients cannot retry later: their answer is delayed instead. */
  #rateLimitMs(): number {
    return !this.hasEnded ? this.#bucket.take(performance.now()) : 0;
  }

  #markActive(): void {
    this.#lastActive = performance.now();
    if (this.#member) this.#services.presence.markActive(this.#member.name);
  }

  #errorReply(session: LegacySession<unknown>, thrown: unknown): OptionalReply {
    const error = AppError.from(thrown);
    if (error.code === 'INTERNAL') {
      const where = { event: 'dialect', dialect: this.#protocol?.name, address: this.address };
      this.#services.log.error({ ...where, err: error.cause }, 'a request failed');
    }
    return session.errorReply(this.#withSeenAddress(error));
  }

  /** Replaces the address of another session by the one at which this client reaches it. */
  #withSeenAddress(error: AppError): AppError {
    const { address } = error.data;
    if (error.code !== 'ALREADY_SIGNED_IN' || typeof address !== 'string') return error;
    const seen = addressSeenBy(this, address);
    const message = error.message.replace(`from ${address}.`, `from ${seen}.`);
    return new AppError(error.code, message, { data: { address: seen } });
  }

  #encode(reply: Reply): Buffer {
    const maxBytes = this.#protocol?.maxReplyBytes;
    return Buffer.from(typeof reply === 'string' && maxBytes !== undefined ? truncateUtf8(reply, maxBytes) : reply);
  }

  #write(reply: Reply): void {
    if (!this.#socket.write(this.#encode(reply))) this.#client.markBehind();
    if (this.#socket.writableLength > this.#services.limits.queueHardBytes) this.#client.drop();
  }

  #onDrain(): void {
    this.#client.markCaughtUp();
    this.#resolveDrained?.();
  }

  /** The client half-closed: its last request is still answered. */
  #onInputEnd(): void {
    this.#isHalfClosed = true;
    if (!this.#isServing) this.#closeGracefully(undefined, 'the client closed');
  }

  /** Sets or clears the time until which the client must proceed. */
  #setDeadline(ms: number | undefined): void {
    clearTimeout(this.#deadline);
    if (ms !== undefined) this.#deadline = setTimeout(() => this.end('No request was received in time.'), ms).unref();
  }

  #closeGracefully(reply: Reply | undefined, reason: string): void {
    if (this.hasEnded) return;
    if (reply !== undefined) this.#socket.write(this.#encode(reply));
    this.#client.closeGracefully(reason);
  }

  #onClosed(reason: string): void {
    const { log, connections } = this.#services;
    const fields = { event: 'connection.closed', address: this.address, dialect: this.#protocol?.name };
    log.debug({ ...fields, member: this.#member?.name }, reason);
    this.#unread = Buffer.alloc(0);
    this.signOut();
    if (this.#client.wasDropped) connections.droppedCount += 1;
    this.#abort.abort(new AppError('CONNECTION_ENDED'));
    this.#protocolSession?.onClosed?.();
    clearTimeout(this.#deadline);
    clearTimeout(this.#quietTimer);
    this.#services.scheduler.remove(this);
    connections.delete(this);
    this.#resolveDrained?.();
  }
}

export function bannedMessage(reason: string | undefined): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  return `Your address is banned${why}. Ask the owner of the room.`;
}
