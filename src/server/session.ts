import { setMaxListeners } from 'node:events';
import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import type { PeerRegistration } from '../domain/peer.ts';
import { sanitizeText } from '../domain/text.ts';
import type { EventParams } from '../protocol/events.ts';
import {
  encodeError,
  encodeNotification,
  encodeRequest,
  encodeResult,
  parseRpcMessage,
  type RequestId,
  type RpcMessage,
} from '../protocol/jsonrpc.ts';
import type { Access } from '../protocol/method.ts';
import type { RegisteredPeer } from '../room/presence-connection.ts';
import type { Author } from '../room/write-quota.ts';
import type { ClientConnection, TransportKind } from './client-connection.ts';
import type { CloseOptions, Connection, LineReceiver } from './connection.ts';
import type { EventBatch } from './event-batch.ts';
import type { Subscriber, Subscription } from './event-broadcaster.ts';
import {
  AUTH_METHODS,
  BACKGROUND_METHODS,
  type CompiledMethod,
  EXCLUSIVE_METHODS,
  EXTRA_WORK_UNITS,
  invalidParamsError,
  type MethodTable,
  PreEncodedResult,
  SCAN_METHODS,
} from './method-table.ts';
import type { ParsedCall } from './parsed-call-cache.ts';
import { PendingPings } from './pending-pings.ts';
import type { Services } from './services.ts';
import { TokenBucket } from './token-bucket.ts';
import { lineWorkUnits, type WorkAccount } from './work-budget.ts';

/** The signed-in member. The role is read from the journal at each call (`Session.isOwner`), never kept here. */
export interface SignedInMember {
  readonly name: string;
  /** Hash of the session token. */
  readonly token: string;
}

const NO_SUBSCRIPTION: Subscription = { rates: undefined, forum: false, members: false, files: false };

/** The connection ends after this many lines that are not requests. */
const MAX_MALFORMED_LINES = 10;

/** One connection from `hello` to `bye`: identity, permissions, subscription. */
export class Session implements LineReceiver, Subscriber, ClientConnection {
  readonly connection: Connection;
  readonly services: Services;
  readonly #table: MethodTable;
  readonly #callBucket: TokenBucket;
  /** The member's account, or the address's while nobody is signed in. Undefined on the control socket. */
  #workAccount: WorkAccount | undefined;
  #malformedLines = 0;
  #abort: AbortController | undefined;
  #hasSaidHello = false;
  #member: SignedInMember | undefined;
  #memberKey: string | undefined;
  #peer: RegisteredPeer | undefined;
  readonly #pendingPings = new PendingPings<RequestId>();
  #pingCount = 0;
  #receivedAt = performance.now();
  #lastActive = this.#receivedAt;
  #markedActiveAt = 0;
  #deadline: NodeJS.Timeout | undefined;
  isSigningOut = false;
  #subscription: Subscription = NO_SUBSCRIPTION;
  /** Events with a seq come from the journal first, then live. */
  #isReplaying = false;
  #closeAfterReply: { status: number; reason: string } | undefined;

  constructor(connection: Connection, services: Services, table: MethodTable) {
    this.connection = connection;
    this.services = services;
    this.#table = table;
    const { callsPerSecond, callsBurst, helloMs } = services.limits;
    this.#callBucket = new TokenBucket(callsPerSecond, callsBurst, this.#receivedAt);
    if (!connection.local) this.#workAccount = services.budget.addressAccount(connection.address);
    this.#setDeadline(helloMs, 'No hello was received in time.');
  }

  get address(): string {
    return this.connection.address;
  }

  /** The control socket: only the owner can open it. */
  get local(): boolean {
    return this.connection.local;
  }

  get transport(): TransportKind {
    if (this.local) return 'control';
    return this.connection.isEncrypted ? 'tls' : 'clear';
  }

  get queuedBytes(): number {
    return this.connection.queuedBytes;
  }

  get isBehind(): boolean {
    return this.connection.isBehind;
  }

  get isSignedIn(): boolean {
    return this.#member !== undefined;
  }

  get member(): SignedInMember | undefined {
    return this.#member;
  }

  get memberKey(): string | undefined {
    return this.#memberKey;
  }

  get writer(): SignedInMember {
    if (!this.#member) throw new AppError('NOT_SIGNED_IN');
    return this.#member;
  }

  /** The signed-in member with their address. @throws AppError NOT_SIGNED_IN */
  get author(): SignedInMember & Author {
    return { ...this.writer, ...(this.local ? undefined : { address: this.address }) };
  }

  /** Read from the journal at each call, so that a demotion takes effect at once. */
  get isOwner(): boolean {
    if (this.local) return true;
    return this.#member !== undefined && this.services.view.accounts.roleOf(this.#member.name) === 'owner';
  } /** Who acts, for logs and records: on the control socket, the owner. */
  get actor(): string {
    return this.#member?.name ?? 'owner';
  }

  /** Hash of the token: all connections of one token are one session. */
  get session(): string {
    return this.#member?.token ?? '';
  }

  get payer(): string {
    return this.#workAccount?.payer ?? 'local';
  }

  /** Aborted when the connection closes. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      setMaxListeners(0, this.#abort.signal);
      if (this.connection.hasEnded) this.#abort.abort(new AppError('CONNECTION_ENDED'));
    }
    return this.#abort.signal;
  }

  charge(characters: number, now: number): number {
    return this.#workAccount?.tryCharge(lineWorkUnits(characters), now) ?? 0;
  }

  /** The registered peer, by which other members reach this one for files. */
  get peer(): RegisteredPeer | undefined {
    return this.#peer;
  }

  get subscription(): Subscription {
    return this.#subscription;
  }

  get isReplaying(): boolean {
    return this.#isReplaying;
  }

  lastActive(): number {
    return this.#lastActive;
  }

  /** Starts the sign-in deadline. A repeated `hello` does not extend it. */
  onHello(): void {
    if (this.#hasSaidHello) return;
    this.#hasSaidHello = true;
    this.#setSignInDeadline();
  }

  /** @throws AppError ALREADY_SIGNED_IN, TOO_MANY_REQUESTS */
  signIn(member: SignedInMember, { peer, takeOver }: { peer?: PeerRegistration | undefined; takeOver: boolean }): void {
    // The connection may have closed during the password check; a member without a connection must not be shown as
    // present.
    if (this.connection.hasEnded) throw new AppError('CONNECTION_ENDED');
    this.signOut();
    this.#member = member;
    this.#peer = peer && { ...peer, since: this.services.now() };
    this.#lastActive = performance.now();
    try {
      this.services.presence.join(member.name, this, takeOver);
    } catch (error) {
      this.#member = undefined;
      this.#peer = undefined;
      throw error;
    }
    this.#memberKey = canonicalName(member.name);
    if (!this.local) this.#workAccount = this.services.budget.memberAccount(this.#memberKey);
    this.connection.setSignedIn(true);
    this.#setDeadline(undefined, '');
  }

  signOut(): void {
    if (!this.#member) return;
    this.services.presence.leave(this.#member.name, this);
    this.#member = undefined;
    this.#memberKey = undefined;
    this.#peer = undefined;
    this.services.introductionServer.closeAllOf(this);
    if (this.local) return;
    this.#workAccount = this.services.budget.addressAccount(this.address);
    this.connection.setSignedIn(false);
    this.subscribe(NO_SUBSCRIPTION);
    this.#setSignInDeadline();
  }

  /** Registers the member's latest peer on this connection. */
  registerPeer(peer: PeerRegistration): void {
    this.#peer = { ...peer, since: this.services.now() };
    if (this.#member) this.services.presence.connectionChanged(this.#member.name);
  }

  notifyIntroduction(introduction: EventParams<'peer'>): void {
    this.connection.write(encodeNotification('peer', introduction));
  }

  get canBePinged(): boolean {
    return true;
  }

  /** Does not answer the keep-alive ping; that one is tracked separately. */
  async roundTrip(timeoutMs: number): Promise<number | undefined> {
    if (this.connection.hasEnded) return undefined;
    const id = `trip-${++this.#pingCount}`;
    return this.#pendingPings.measure(id, () => this.connection.write(encodeRequest(id, 'ping', {})), timeoutMs);
  }

  ping(now: number): void {
    this.connection.ping(now);
  }

  dropIfStalled(now: number): void {
    this.connection.dropIfStalled(now);
  }

  /** @param replaying events with a seq are read from the journal first and not delivered before `finishReplay` */
  subscribe(subscription: Subscription, { replaying: isReplaying = false }: { replaying?: boolean } = {}): void {
    this.#subscription = subscription;
    this.#isReplaying = isReplaying;
    if (!this.connection.hasEnded) this.services.broadcaster.setSubscription(this);
  }

  finishReplay(): void {
    this.#isReplaying = false;
    if (!this.connection.hasEnded) this.services.broadcaster.setSubscription(this);
  }

  deliverEvents(batch: EventBatch): void {
    this.connection.writeEvents(batch);
  }

  /** Ends the connection with `bye` 405. */
  end(reason: string, options?: CloseOptions): void {
    this.connection.end(405, reason, options);
  }

  disconnectBanned(reason: string | undefined): void {
    const why = reason === undefined ? '' : ` (${reason})`;
    this.connection.end(416, `Your address is banned${why}. Ask the owner of the room.`, { final: true });
  }

  /** Ends the connection after the answer to the current call. */
  endAfterReply(status: number, reason: string): void {
    this.#closeAfterReply = { status, reason };
  }

  receiveLine(text: string, receivedAt: number): void {
    this.#receivedAt = receivedAt;
    const cached = this.#table.parsedCalls.find(text);
    if (cached) {
      const { id, call } = cached;
      try {
        this.#respond(id, call.method, this.#callParsed(call));
      } catch (thrown) {
        this.#sendError(id, call.method, thrown);
      }
      return;
    }
    let line: RpcMessage;
    try {
      line = parseRpcMessage(text);
    } catch (thrown) {
      this.#sendError(null, undefined, thrown);
      this.#countMalformed();
      return;
    }
    const { id, method } = line;
    if (method === undefined) {
      // A line with a result or an error is a ping answer; its content does not matter.
      if ('result' in line || 'error' in line) {
        if (id !== undefined) this.#pendingPings.answer(id, receivedAt);
      } else {
        const error = new AppError('NOT_A_REQUEST', 'Expected "method".', { data: { field: 'method' } });
        this.#sendError(id ?? null, undefined, error);
        this.#countMalformed();
      }
      return;
    }
    try {
      this.#respond(id, method, this.#call(method, line.params, text));
    } catch (thrown) {
      this.#sendError(id, method, thrown);
    }
  }

  onClosed(reason: string): void {
    const { address } = this.connection;
    this.services.log.debug({ event: 'connection.closed', address, member: this.#member?.name }, reason);
    this.services.broadcaster.removeSubscriber(this);
    this.#pendingPings.cancelAll();
    this.signOut();
    this.services.introductionServer.closeAllOf(this);
    this.services.connections.delete(this);
    if (this.connection.wasDropped) this.services.connections.droppedCount += 1;
    clearTimeout(this.#deadline);
    this.#abort?.abort(new AppError('CONNECTION_ENDED'));
  }

  #countMalformed(): void {
    this.#malformedLines += 1;
    if (this.#malformedLines < MAX_MALFORMED_LINES || this.connection.hasEnded) return;
    const { address } = this;
    this.services.log.warn(
      { event: 'connection.malformed', address, member: this.#member?.name, lines: this.#malformedLines },
      'closing the connection: its lines are not requests',
    );
    this.connection.end(400, `${MAX_MALFORMED_LINES} lines were not requests.`);
  }

  #call(method: string, params: unknown, line: string): unknown {
    this.#rateLimit(method);
    const compiled = this.#table.methods.get(method);
    if (!compiled) throw new AppError('NO_SUCH_METHOD', `Unknown method "${sanitizeText(method).slice(0, 64)}".`);
    this.#authorize(compiled.access);
    const given = params ?? {};
    if (!compiled.validator.Check(given)) throw invalidParamsError(compiled.validator, given);
    // Calls of readers contain no secrets: passwords and tokens are in calls of `anyone` and of members.
    if (compiled.access === 'reader') this.#table.parsedCalls.add(line, { method, compiled, params: given });
    this.#markActive(method);
    return this.#handle(method, compiled, given);
  }

  #callParsed({ method, compiled, params }: ParsedCall<CompiledMethod>): unknown {
    this.#rateLimit(method);
    this.#authorize(compiled.access);
    this.#markActive(method);
    return this.#handle(method, compiled, params);
  }

  /** Limits concurrent scans, and skips those whose client has gone. */
  #handle(method: string, compiled: CompiledMethod, params: unknown): unknown {
    if (!SCAN_METHODS.has(method)) return compiled.handle(params as never, this as never);
    const scan = () => {
      this.#authorize(compiled.access); // it may have signed out while the call waited
      return compiled.handle(params as never, this as never);
    };
    return this.services.scanQueue.add(this.payer, scan, this.signal);
  }

  /** Marks the member active, once per chunk of lines. */
  #markActive(method: string): void {
    if (this.#markedActiveAt === this.#receivedAt || BACKGROUND_METHODS.has(method)) return;
    this.#markedActiveAt = this.#receivedAt;
    this.#lastActive = this.#receivedAt;
    if (this.#member) this.services.presence.markActive(this.#member.name);
  }

  /** @throws AppError TOO_MANY_REQUESTS */
  #rateLimit(method: string): void {
    if (!this.#workAccount) return;
    const waitMs = this.#callBucket.take(this.#receivedAt);
    if (waitMs === 0) {
      const extraUnits = EXTRA_WORK_UNITS.get(method);
      if (extraUnits !== undefined) this.#workAccount.forceCharge(extraUnits, this.#receivedAt);
      return;
    }
    throw new AppError(
      'TOO_MANY_REQUESTS',
      `More than ${this.services.limits.callsPerSecond} calls per second: wait ${waitMs} ms.`,
      { data: { retryAfterMs: waitMs } },
    );
  }

  #authorize(access: Access): void {
    if (access === 'anyone') return;
    if (access === 'reader' && (this.local || this.isSignedIn)) return;
    if (access === 'member' && this.isSignedIn) return;
    if (access === 'owner' && this.isOwner) return;
    if (!this.isSignedIn) throw new AppError('NOT_SIGNED_IN');
    throw new AppError('NOT_ALLOWED', 'Only the owner can do this.');
  }

  #respond(id: RequestId | undefined, method: string, answer: unknown): void {
    if (answer instanceof Promise) this.#respondWhenDone(id, method, answer);
    else this.#sendResult(id, method, answer);
  }

  async #respondWhenDone(id: RequestId | undefined, method: string, promise: Promise<unknown>): Promise<void> {
    const isExclusive = AUTH_METHODS.has(method) || EXCLUSIVE_METHODS.has(method);
    this.connection.beginCall(isExclusive);
    try {
      this.#sendResult(id, method, await promise);
    } catch (thrown) {
      this.#sendError(id, method, thrown);
    } finally {
      this.connection.finishCall(isExclusive);
    }
  }

  #sendResult(id: RequestId | undefined, method: string, result: unknown): void {
    this.#table.callCounts.add(method, 0);
    if (id !== undefined) {
      if (result instanceof PreEncodedResult)
        this.connection.write(encodeResult(id, result.json), result.isAscii && typeof id === 'number');
      else this.connection.write(encodeResult(id, JSON.stringify(result)));
    }
    this.#closeIfRequested();
  }

  #sendError(id: RequestId | undefined, method: string | undefined, thrown: unknown): void {
    const error = AppError.from(thrown);
    this.#table.callCounts.add(method ?? '', error.status);
    if (error.code === 'INTERNAL') {
      this.services.log.error({ event: method ?? 'line', address: this.address, err: error.cause }, 'a call failed');
    }
    if (id !== undefined) this.connection.write(encodeError(id, error));
    this.#closeIfRequested();
  }

  #closeIfRequested(): void {
    if (this.#closeAfterReply) this.connection.end(this.#closeAfterReply.status, this.#closeAfterReply.reason);
  }

  #setSignInDeadline(): void {
    if (this.local || this.#member) this.#setDeadline(undefined, '');
    else this.#setDeadline(this.services.limits.signInMs, 'Nobody signed in within the time limit.');
  }

  /** Sets or clears the time until which the client must proceed. */
  #setDeadline(ms: number | undefined, reason: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = ms === undefined ? undefined : setTimeout(() => this.connection.end(408, reason), ms).unref();
  }
}
