import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { setImmediate as nextLoop, setTimeout as sleep } from 'node:timers/promises';
import { addressSeenBy } from '../address.ts';
import { bareAddress } from '../domain/address.ts';
import { Failure } from '../domain/failure.ts';
import { nameKey } from '../domain/name.ts';
import type { Writer } from '../room/forum.ts';
import type { OldClient } from '../room/presence.ts';
import type { Arrival } from '../server/arrivals.ts';
import { Bucket } from '../server/bucket.ts';
import { lineUnits, type Account as WorkAccount } from '../server/budget.ts';
import type { Visitor } from '../server/visitor.ts';
import type { Account } from '../view/accounts.ts';
import { type Answer, type Conversation, type Cut, type Dialect, type DialectRoom, Last, type Say } from './dialect.ts';
import { shorten } from './shorten.ts';

/** How long a client has to take the last words before the socket is cut. */
const LINGER_MS = 2000;
/** Bytes that belong together are there within this time of one another. */
const QUIET_MS = 50;
/** Between two tries of a client that waits for its password to be checked. */
const RETRY_MS = 100;
/** What is free later than this is refused at once. */
const LONGEST_WAIT_MS = 10_000;

export interface GuestOptions {
  readonly address: string;
  /** How it is counted; undefined where it is not let in. */
  readonly arrival: Arrival | undefined;
  readonly room: DialectRoom;
  /** The dialects of its port. */
  readonly dialects: readonly Dialect[];
  /** Of several, the one that its first bytes are of; undefined while that is open, null for none. */
  readonly choose: (bytes: Buffer) => Dialect | undefined | null;
  /** The last words to it while that is open. */
  readonly farewell: (reason: string) => Say;
  /** Its dialect is not to be spoken on this port any more. */
  readonly onTerminate: (dialect: Dialect) => void;
}

/**
 * An old client's connection: bytes in, one write a reply out. One request is answered at a time, as fast as the limit
 * of calls has it, and nothing is read meanwhile. It is of the room like everybody else.
 */
export class Guest implements Visitor {
  readonly address: string;
  readonly local = false;
  readonly door = 'dialect';
  readonly peer = undefined;
  /** An old client has no token: every connection is a session of its own. */
  readonly session = `old:${randomUUID()}`;
  readonly #socket: Socket;
  readonly #here: string;
  readonly #room: DialectRoom;
  readonly #options: GuestOptions;
  readonly #bucket: Bucket;
  /** Pays for its requests: the member's, or that of the address while nobody is signed in. */
  #workAccount: WorkAccount;
  #dialect: Dialect | undefined;
  #conversation: Conversation<unknown> | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #serving = false;
  #halfClosed = false;
  #ended: string | undefined;
  /** Aborted when the connection closes. */
  readonly #abort = new AbortController();
  #member: Writer | undefined;
  #port: number | undefined;
  #lastActive = performance.now();
  #deadline: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #behindSince: number | undefined;
  #progress = 0;
  #drained: (() => void) | undefined;

  constructor(socket: Socket, options: GuestOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#room = options.room;
    this.address = options.address;
    this.#here = bareAddress(socket.localAddress ?? '');
    const { limits } = options.room;
    this.#bucket = new Bucket(limits.callsPerSecond, limits.callsBurst, performance.now());
    this.#workAccount = options.room.budget.ofAddress(options.address);
    // A machine that went without a word is noticed by TCP: an old client cannot be asked.
    socket.setKeepAlive(true, limits.pingMs);
    this.#expect(Math.max(...options.dialects.map(({ patienceMs }) => patienceMs)));
  }

  /**
   * Greets it, and reads from now on.
   * @param refusal why it is not let in: it is told in place of the greeting
   */
  start(refusal?: string): void {
    if (this.#ended !== undefined) return;
    this.#room.sessions.add(this);
    this.#socket
      .on('data', (chunk: Buffer) => this.#read(chunk))
      .on('drain', () => this.#caughtUp())
      .on('error', (error) => this.#close(error.message))
      .on('end', () => this.#inputEnded())
      .on('close', () => this.#close('closed'));
    const [only, ...others] = this.#options.dialects;
    if (only && others.length === 0) this.#speak(only);
    if (refusal !== undefined) this.end(refusal);
    else if (this.#conversation?.greeting !== undefined) this.#write(this.#conversation.greeting);
  }

  /** The address of this machine that it reaches. */
  get here(): string {
    return this.#here;
  }

  get dialect(): Dialect | undefined {
    return this.#dialect;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  get member(): Writer | undefined {
    return this.#member;
  }

  /** @throws Failure NOT_SIGNED_IN */
  get writer(): Writer {
    if (!this.#member) throw new Failure('NOT_SIGNED_IN');
    return this.#member;
  }

  get isSignedIn(): boolean {
    return this.#member !== undefined;
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  get behind(): boolean {
    return this.#behindSince !== undefined;
  }

  get old(): OldClient {
    return { dialect: this.#dialect?.name ?? '', port: this.#port };
  }

  /** Where it takes files, as it tells. */
  set port(port: number | undefined) {
    this.#port = port;
    if (this.#member) this.#room.presence.registered(this.#member.name);
  }

  lastActive(): number {
    return this.#lastActive;
  }

  /** @throws Failure as `Accounts.signIn` does; ALREADY_SIGNED_IN */
  async signIn(name: string, password: string): Promise<Writer> {
    await this.#room.catchUp(); // the account may have been made by another daemon a moment ago
    const { address } = this;
    const { signal } = this.#abort;
    const account = await this.#whenFree(() => this.#room.accounts.signIn({ name, password, address, signal }));
    return this.#enter(account, 'account.signIn');
  }

  /** Makes an account, and signs in. @throws Failure as `Accounts.signUp` does */
  async signUp(name: string, password: string): Promise<Writer> {
    return this.#enter(await this.makeAccount(name, password), 'account.signUp');
  }

  /** Makes an account, and no more than that. @throws Failure as `Accounts.signUp` does */
  makeAccount(name: string, password: string): Promise<Account> {
    const { address } = this;
    const { signal } = this.#abort;
    return this.#whenFree(() => this.#room.accounts.signUp({ name, password, address, local: false, signal }));
  }

  /** An old client takes "try again in a moment" for a refusal: it waits here instead, in a place that costs no hashing. */
  async #whenFree<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        const { code, data } = Failure.from(thrown);
        const wait = Number(data.retryAfterMs);
        if (code !== 'TOO_MANY_REQUESTS' || !(wait <= LONGEST_WAIT_MS)) throw thrown;
        await sleep(RETRY_MS);
        this.#abort.signal.throwIfAborted();
      }
    }
  }

  signOut(): void {
    if (!this.#member) return;
    this.#room.presence.leave(this.#member.name, this);
    this.#member = undefined;
    this.#workAccount = this.#room.budget.ofAddress(this.address);
    this.#options.arrival?.signedIn(false);
    if (this.#dialect) this.#expect(this.#dialect.patienceMs);
  }

  /** Says something that was not asked for. */
  say(say: Say): void {
    if (this.#ended === undefined) this.#write(say);
  }

  /** Ends the dialect on its port, for all others as well. */
  terminate(): void {
    if (this.#dialect) this.#options.onTerminate(this.#dialect);
  }

  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#finish((this.#conversation ?? this.#options).farewell(reason), reason);
  }

  keepOut(reason: string | undefined): void {
    this.end(banned(reason));
  }

  /** It has no peer: nobody is led to it. */
  introduced(): void {}

  get canBePinged(): boolean {
    return this.#conversation?.roundTrip !== undefined;
  }

  async roundTrip(timeoutMs: number): Promise<number | undefined> {
    return this.#ended === undefined ? this.#conversation?.roundTrip?.(timeoutMs) : undefined;
  }

  checkProgress(now: number): void {
    if (this.#behindSince === undefined) return;
    if (this.#taken !== this.#progress) this.#markProgress(now);
    else if (now - this.#behindSince > this.#room.limits.stallMs) {
      this.#cutOff('the client did not read what it was sent');
    }
  }

  async #enter(account: Account, event: string): Promise<Writer> {
    const { accounts, presence, log } = this.#room;
    const { name } = account;
    const claimed = this.#member?.name === name ? undefined : await presence.claim(name, undefined);
    try {
      // It may have closed while the password was checked: nobody may be there without a connection.
      if (this.#ended !== undefined) throw new Failure('CONNECTION_ENDED');
      accounts.confirm(account); // a ban or another password may have come in while other daemons were asked
      this.signOut();
      presence.join(name, this, false);
    } finally {
      claimed?.();
    }
    this.#member = { name };
    this.#workAccount = this.#room.budget.ofMember(nameKey(name));
    this.#options.arrival?.signedIn(true);
    this.#expect(undefined);
    const said = event === 'account.signUp' ? 'signed up' : 'signed in';
    log.info({ event, name, address: this.address, dialect: this.#dialect?.name }, said);
    return this.#member;
  }

  #speak(dialect: Dialect): void {
    this.#dialect = dialect;
    this.#conversation = dialect.converse(this);
    this.#expect(dialect.patienceMs);
  }

  #read(chunk: Buffer): void {
    if (this.#ended !== undefined) return;
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (!this.#serving) void this.#serve(false);
  }

  async #serve(quiet: boolean): Promise<void> {
    clearTimeout(this.#quiet);
    this.#serving = true;
    this.#socket.pause();
    for (let isQuiet = quiet; this.#bytes.length > 0; isQuiet = false) {
      await this.#pay();
      const request = this.#next(isQuiet);
      if (!request) break;
      await this.#answer(request.conversation, request.cut);
      await nextLoop(); // others have the event loop between two requests of one client
    }
    this.#serving = false;
    if (this.#ended !== undefined) return;
    this.#socket.resume();
    if (this.#bytes.length > 0 && !quiet) this.#awaitQuiet();
    if (this.#halfClosed) this.#inputEnded();
  }

  /** Where this process was busy meanwhile, what came is read before the timer's word counts. */
  #awaitQuiet(): void {
    const heard = this.#bytes;
    const decide = () => {
      if (this.#bytes === heard) void this.#serve(true);
    };
    this.#quiet = setTimeout(() => setImmediate(decide), QUIET_MS).unref();
  }

  /** The next request, once it is whole. */
  #next(quiet: boolean): { conversation: Conversation<unknown>; cut: Cut<unknown> } | undefined {
    if (this.#ended !== undefined || this.#bytes.length === 0) return undefined;
    if (!this.#conversation) {
      const dialect = this.#options.choose(this.#bytes);
      if (dialect === null) this.#finish(undefined, 'it speaks none of the dialects of this port');
      else if (dialect) this.#speak(dialect);
    }
    const conversation = this.#conversation;
    try {
      const cut = conversation?.cut(this.#bytes, quiet);
      if (conversation && cut) {
        this.#bytes = this.#bytes.subarray(cut.used);
        return { conversation, cut };
      }
      const dialects = this.#dialect ? [this.#dialect] : this.#options.dialects;
      const requestBytes = Math.max(...dialects.map((dialect) => dialect.requestBytes));
      if (this.#bytes.length > requestBytes) this.end(`A request has ${requestBytes} bytes at most.`);
    } catch (thrown) {
      this.end(Failure.from(thrown).message);
    }
    return undefined;
  }

  /** Every look at what came is charged: it may be a long beginning of a request that goes on byte by byte. */
  async #pay(): Promise<void> {
    const units = lineUnits(this.#bytes.length);
    while (this.#ended === undefined) {
      const wait = this.#workAccount.charge(units, performance.now());
      if (wait === 0) return;
      await sleep(wait);
    }
  }

  async #answer(conversation: Conversation<unknown>, { request }: Cut<unknown>): Promise<void> {
    for (let wait = this.#wait(); wait > 0; wait = this.#wait()) await sleep(wait);
    if (this.#ended !== undefined) return;
    if (!conversation.isByItself?.(request)) this.#stir();
    let answer: Answer;
    try {
      answer = await conversation.answer(request);
    } catch (thrown) {
      answer = this.#refuse(conversation, thrown);
    }
    if (this.#ended !== undefined) return;
    if (answer instanceof Last) this.#finish(answer.say, 'the client was told all');
    else if (answer !== undefined) this.#write(answer);
    if (this.#ended !== undefined) return;
    if (this.#dialect?.signsIn === false) this.#expect(this.#dialect.patienceMs);
    if (this.#behindSince !== undefined) await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  /** An old client knows no way to come again later: it is answered later. */
  #wait(): number {
    return this.#ended === undefined ? this.#bucket.take(performance.now()) : 0;
  }

  #stir(): void {
    this.#lastActive = performance.now();
    if (this.#member) this.#room.presence.stir(this.#member.name);
  }

  #refuse(conversation: Conversation<unknown>, thrown: unknown): Answer {
    const failure = Failure.from(thrown);
    if (failure.code === 'INTERNAL') {
      const where = { event: 'dialect', dialect: this.#dialect?.name, address: this.address };
      this.#room.log.error({ ...where, err: failure.cause }, 'a request failed');
    }
    return conversation.refuse(this.#withSeenAddress(failure));
  }

  /** Replaces the address of another session by the one at which this client reaches it. */
  #withSeenAddress(failure: Failure): Failure {
    const { address } = failure.data;
    if (failure.code !== 'ALREADY_SIGNED_IN' || typeof address !== 'string') return failure;
    const seen = addressSeenBy(this, address);
    return new Failure(failure.code, failure.message.replace(`from ${address}.`, `from ${seen}.`), {
      data: { address: seen },
    });
  }

  #bytesOf(say: Say): Buffer {
    const most = this.#dialect?.replyBytes;
    return Buffer.from(typeof say === 'string' && most !== undefined ? shorten(say, most) : say);
  }

  #write(say: Say): void {
    if (!this.#socket.write(this.#bytesOf(say)) && this.#behindSince === undefined) {
      this.#markProgress(performance.now());
    }
    if (this.#socket.writableLength > this.#room.limits.queueHardBytes) this.#cutOff('the client fell behind');
  }

  get #taken(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  #markProgress(now: number): void {
    this.#behindSince = now;
    this.#progress = this.#taken;
  }

  #caughtUp(): void {
    this.#behindSince = undefined;
    this.#drained?.();
  }

  /** The client has said all; what it asked is still answered. */
  #inputEnded(): void {
    this.#halfClosed = true;
    if (!this.#serving) this.#finish(undefined, 'the client closed');
  }

  /** Sets or lifts the time by which the client must have gone on. */
  #expect(ms: number | undefined): void {
    clearTimeout(this.#deadline);
    if (ms !== undefined) this.#deadline = setTimeout(() => this.end('Nothing was heard for too long.'), ms).unref();
  }

  #cutOff(reason: string): void {
    this.#room.sessions.dropped += 1;
    this.#socket.destroy();
    this.#close(reason);
  }

  #finish(say: Say | undefined, reason: string): void {
    if (this.#ended !== undefined) return;
    if (say === undefined) this.#socket.end();
    else this.#socket.end(this.#bytesOf(say));
    this.#socket.resume(); // or its end is never heard
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    this.#socket.once('close', () => clearTimeout(linger));
    this.#close(reason);
  }

  #close(reason: string): void {
    if (this.#ended !== undefined) return;
    const { log, sessions } = this.#room;
    const dialect = this.#dialect?.name;
    log.debug({ event: 'connection.closed', address: this.address, dialect, member: this.#member?.name }, reason);
    this.#bytes = Buffer.alloc(0);
    this.signOut();
    this.#ended = reason;
    this.#abort.abort(new Failure('CONNECTION_ENDED'));
    this.#conversation?.closed?.();
    clearTimeout(this.#deadline);
    clearTimeout(this.#quiet);
    sessions.delete(this);
    this.#drained?.();
  }
}

/** What somebody is told whose address is banned. */
export function banned(reason: string | undefined): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  return `Your address is banned${why}. Ask the owner of the room.`;
}
