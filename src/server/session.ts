import { setMaxListeners } from 'node:events';
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { nameKey } from '../domain/name.ts';
import type { Peer } from '../domain/peer.ts';
import type { EventParams } from '../protocol/events.ts';
import {
  encodeFailure,
  encodeNotification,
  encodeRequest,
  encodeResult,
  type Line,
  parseLine,
  type RequestId,
} from '../protocol/line.ts';
import type { Access } from '../protocol/method.ts';
import { METHODS, type MethodName } from '../protocol/methods.ts';
import type { RegisteredPeer } from '../room/presence.ts';
import type { Author } from '../room/write-quota.ts';
import type { Batch } from './batch.ts';
import { Bucket } from './bucket.ts';
import { type Account, lineUnits, UNITS } from './budget.ts';
import { CallCounts } from './call-counts.ts';
import type { Connection, Goodbye, LineReceiver } from './connection.ts';
import { Encoded, type Handler } from './handler.ts';
import type { Watch, Watcher } from './hub.ts';
import { type RepeatedCall, RepeatedCalls } from './repeated-calls.ts';
import type { Services } from './services.ts';
import type { Door, Visitor } from './visitor.ts';

export type HandlerTable = { readonly [M in MethodName]: Handler<M> };

/** Who is signed in. Their role is in the view alone: `Session.isOwner` reads it there for each call. */
export interface Member {
  readonly name: string;
  /** Hash of the token of the session. */
  readonly token: string;
}

interface Checked {
  readonly access: Access;
  readonly validator: Validator<Record<never, never>, TSchema>;
  readonly handle: (params: never, session: Session) => unknown;
}

/** What every line of every connection is looked up in. */
export interface MethodTable {
  readonly methods: ReadonlyMap<string, Checked>;
  readonly repeated: RepeatedCalls<Checked>;
  readonly calls: CallCounts;
}

/** Compiles the schemas once. */
export function compileTable(handlers: HandlerTable): MethodTable {
  const methods = new Map(
    Object.entries(METHODS).map(([name, { access, params }]) => [
      name,
      { access, validator: Compile(params as TSchema), handle: handlers[name as MethodName] as Checked['handle'] },
    ]),
  );
  return { methods, repeated: new RepeatedCalls(), calls: new CallCounts((method) => methods.has(method)) };
}

const NOTHING: Watch = { rates: undefined, forum: false, members: false, files: false };

/** Calls that decide who the caller is: those behind them in the same chunk are asked as that member. */
const SIGNS: ReadonlySet<string> = new Set<MethodName>([
  'account.signUp',
  'account.signIn',
  'account.resume',
  'account.signOut',
]);

/**
 * Calls whose answers are pages: one at a time, so that no more of them than one waits for a slow reader. A page may
 * be megabytes, and many of them at once would drop him who asked.
 */
const PAGES: ReadonlySet<string> = new Set<MethodName>([
  'account.export',
  'files.discover',
  'files.find',
  'forum.read',
  'forum.revisions',
  'forum.search',
  'forum.topics',
  'messages.conversations',
  'messages.read',
  'rates.export',
  'rates.history',
]);

/** What a client calls without anybody at it: a member is not there for that. */
const BY_ITSELF: ReadonlySet<string> = new Set<MethodName>([
  'watch',
  'members.active',
  'rates.providers',
  'forum.topics',
  'forum.markRead',
  'messages.conversations',
  'messages.markRead',
  'peer.register',
  'peer.connect',
]);

/** Calls that look through many records. */
const SCANS: ReadonlySet<string> = new Set<MethodName>([
  ...(PAGES as ReadonlySet<MethodName>),
  'account.list',
  'admin.backup',
  'forum.markRead',
  'messages.markRead',
  'rates.imports',
  'rates.lookup',
  'rates.trends',
]);

/** What calls cost in addition to their line. */
const EXTRA_UNITS: ReadonlyMap<string, number> = new Map<string, number>([
  ...[...SCANS].map((method) => [method, UNITS.scan] as const),
  ...(['account.signUp', 'account.signIn', 'account.changePassword'] satisfies MethodName[]).map(
    (method) => [method, UNITS.password] as const,
  ),
]);

/** Lines that are no requests; then the connection ends. */
const MAX_MALFORMED = 10;

/**
 * One connection's conversation, from hello to bye: who it is, what it may call, what it watches. A line comes in,
 * is checked, meets a handler, and its answer goes out.
 */
export class Session implements LineReceiver, Watcher, Visitor {
  readonly connection: Connection;
  readonly services: Services;
  readonly #table: MethodTable;
  readonly #bucket: Bucket;
  /** Pays for its work: the member's, or that of the address while nobody is signed in. None on the control socket. */
  #account: Account | undefined;
  #malformed = 0;
  #abort: AbortController | undefined;
  #greeted = false;
  #member: Member | undefined;
  #memberKey: string | undefined;
  #peer: RegisteredPeer | undefined;
  /** Round trips under way, by the ids of their requests. */
  readonly #trips = new Map<RequestId, (heard: number | undefined) => void>();
  #tripsMade = 0;
  #heard = performance.now();
  #lastActive = this.#heard;
  #stirred = 0;
  #deadline: NodeJS.Timeout | undefined;
  /** It signs out itself: that its token is void then is no reason to end it. */
  leaving = false;
  #watching: Watch = NOTHING;
  /** Older events are being read from the journal, and newer ones after them. */
  #replaying = false;
  #lastWords: { status: number; reason: string } | undefined;

  constructor(connection: Connection, services: Services, table: MethodTable) {
    this.connection = connection;
    this.services = services;
    this.#table = table;
    const { callsPerSecond, callsBurst, helloMs } = services.limits;
    this.#bucket = new Bucket(callsPerSecond, callsBurst, this.#heard);
    if (!connection.local) this.#account = services.budget.ofAddress(connection.address);
    this.#expect(helloMs, 'Say hello first: nothing was heard.');
  }

  get address(): string {
    return this.connection.address;
  }

  /** On the control socket: whoever can open it owns the daemon. */
  get local(): boolean {
    return this.connection.local;
  }

  get door(): Door {
    if (this.local) return 'control';
    return this.connection.encrypted ? 'tls' : 'clear';
  }

  get queued(): number {
    return this.connection.queued;
  }

  get behind(): boolean {
    return this.connection.behind;
  }

  get isSignedIn(): boolean {
    return this.#member !== undefined;
  }

  get member(): Member | undefined {
    return this.#member;
  }

  get memberKey(): string | undefined {
    return this.#memberKey;
  }

  /** The signed-in member. @throws Failure NOT_SIGNED_IN */
  get writer(): Member {
    if (!this.#member) throw new Failure('NOT_SIGNED_IN');
    return this.#member;
  }

  /** The signed-in member, with where it comes from. @throws Failure NOT_SIGNED_IN */
  get author(): Member & Author {
    return { ...this.writer, ...(this.local ? undefined : { address: this.address }) };
  }

  /** Whether it may do what owners may, as the journal has it now. */
  get isOwner(): boolean {
    return (
      this.local || (this.#member !== undefined && this.services.view.accounts.roleOf(this.#member.name) === 'owner')
    );
  }

  /** The hash of its token: connections that came by one token are one session. */
  get session(): string {
    return this.#member?.token ?? '';
  }

  get payer(): string {
    return this.#account?.payer ?? 'local';
  }

  /** Aborted when the connection closes. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      setMaxListeners(0, this.#abort.signal);
      if (this.connection.ended) this.#abort.abort(new Failure('CONNECTION_ENDED'));
    }
    return this.#abort.signal;
  }

  charge(characters: number, now: number): number {
    return this.#account?.charge(lineUnits(characters), now) ?? 0;
  }

  /** By which other members reach it for files. */
  get peer(): RegisteredPeer | undefined {
    return this.#peer;
  }

  get watching(): Watch {
    return this.#watching;
  }

  get replaying(): boolean {
    return this.#replaying;
  }

  lastActive(): number {
    return this.#lastActive;
  }

  /** Hello was said: the time to sign in begins. Saying it again does not prolong it. */
  greeted(): void {
    if (this.#greeted) return;
    this.#greeted = true;
    this.#expectSignIn();
  }

  /** @throws Failure ALREADY_SIGNED_IN, TOO_MANY_REQUESTS */
  signIn(member: Member, { peer, takeOver }: { peer?: Peer | undefined; takeOver: boolean }): void {
    // It may have closed while the password was checked: nobody may be there without a connection.
    if (this.connection.ended) throw new Failure('CONNECTION_ENDED');
    this.signOut();
    this.#member = member;
    this.#peer = peer && { ...peer, since: this.services.now() };
    this.#lastActive = performance.now();
    try {
      this.services.presence.join(member.name, this, takeOver);
    } catch (failure) {
      this.#member = undefined;
      this.#peer = undefined;
      throw failure;
    }
    this.#memberKey = nameKey(member.name);
    if (!this.local) this.#account = this.services.budget.ofMember(this.#memberKey);
    this.connection.signedIn(true);
    this.#expect(undefined, '');
  }

  signOut(): void {
    if (!this.#member) return;
    this.services.presence.leave(this.#member.name, this);
    this.#member = undefined;
    this.#memberKey = undefined;
    this.#peer = undefined;
    this.services.rendezvous.forget(this);
    if (this.local) return;
    this.#account = this.services.budget.ofAddress(this.address);
    this.connection.signedIn(false);
    this.watch(NOTHING);
    this.#expectSignIn();
  }

  /** The peer of this connection from now on, the latest of its member. */
  register(peer: Peer): void {
    this.#peer = { ...peer, since: this.services.now() };
    if (this.#member) this.services.presence.registered(this.#member.name);
  }

  /** Tells this connection alone who wants to reach its peer. */
  introduced(introduction: EventParams<'peer'>): void {
    this.connection.write(encodeNotification('peer', introduction));
  }

  get canBePinged(): boolean {
    return true;
  }

  /**
   * Milliseconds from here to the client and back; undefined where nothing came back in time. It is no sign of life
   * that was asked for by the keep-alive: that one counts for itself.
   */
  async roundTrip(timeoutMs: number): Promise<number | undefined> {
    if (this.connection.ended) return undefined;
    const id = `trip-${++this.#tripsMade}`;
    const sent = performance.now();
    const heard = await new Promise<number | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs).unref();
      this.#trips.set(id, (at) => {
        clearTimeout(timer);
        resolve(at);
      });
      this.connection.write(encodeRequest(id, 'ping', {}));
    });
    this.#trips.delete(id);
    return heard === undefined ? undefined : Math.max(0, heard - sent);
  }

  ping(now: number): void {
    this.connection.ping(now);
  }

  checkProgress(now: number): void {
    this.connection.checkProgress(now);
  }

  /** @param replaying events that have a seq are read from the journal first: none is told before `live` */
  watch(watch: Watch, { replaying = false }: { replaying?: boolean } = {}): void {
    this.#watching = watch;
    this.#replaying = replaying;
    if (!this.connection.ended) this.services.hub.set(this);
  }

  /** Everything up to now was replayed. */
  live(): void {
    this.#replaying = false;
    if (!this.connection.ended) this.services.hub.set(this);
  }

  events(batch: Batch): void {
    this.connection.events(batch);
  }

  /** Ends the connection with `bye` 405. */
  end(reason: string, goodbye?: Goodbye): void {
    this.connection.end(405, reason, goodbye);
  }

  /** Ends the connection of somebody whose address is banned, and says so. */
  keepOut(reason: string | undefined): void {
    const why = reason === undefined ? '' : ` (${reason})`;
    this.connection.end(416, `Your address is banned${why}. Ask the owner of the room.`, { final: true });
  }

  /** Ends the connection once the answer to the call under way is out. */
  endAfterAnswer(status: number, reason: string): void {
    this.#lastWords = { status, reason };
  }

  receive(text: string, heard: number): void {
    this.#heard = heard;
    const repeated = this.#table.repeated.find(text);
    if (repeated) {
      const { id, call } = repeated;
      try {
        this.#settle(id, call.method, this.#repeat(call));
      } catch (thrown) {
        this.#refuse(id, call.method, thrown);
      }
      return;
    }
    let line: Line;
    try {
      line = parseLine(text);
    } catch (thrown) {
      this.#refuse(null, undefined, thrown);
      this.#countMalformed();
      return;
    }
    const { id, method } = line;
    if (method === undefined) {
      // A line with a result or an error is the answer to a ping: that it came is all there is to know.
      if ('result' in line || 'error' in line) {
        if (id !== undefined) this.#trips.get(id)?.(heard);
      } else {
        this.#refuse(
          id ?? null,
          undefined,
          new Failure('NOT_A_REQUEST', 'Expected "method".', { data: { field: 'method' } }),
        );
        this.#countMalformed();
      }
      return;
    }
    try {
      this.#settle(id, method, this.#call(method, line.params, text));
    } catch (thrown) {
      this.#refuse(id, method, thrown);
    }
  }

  closed(reason: string): void {
    const { address } = this.connection;
    this.services.log.debug({ event: 'connection.closed', address, member: this.#member?.name }, reason);
    this.services.hub.delete(this);
    for (const over of this.#trips.values()) over(undefined);
    this.signOut();
    this.services.rendezvous.forget(this);
    this.services.sessions.delete(this);
    if (this.connection.dropped) this.services.sessions.dropped += 1;
    clearTimeout(this.#deadline);
    this.#abort?.abort(new Failure('CONNECTION_ENDED'));
  }

  #countMalformed(): void {
    this.#malformed += 1;
    if (this.#malformed < MAX_MALFORMED || this.connection.ended) return;
    const { address } = this;
    this.services.log.warn(
      { event: 'connection.malformed', address, member: this.#member?.name, lines: this.#malformed },
      'the connection ends: its lines are no requests',
    );
    this.connection.end(400, `${MAX_MALFORMED} lines were no requests.`);
  }

  #call(method: string, params: unknown, line: string): unknown {
    this.#pace(method);
    const checked = this.#table.methods.get(method);
    if (!checked) throw new Failure('NO_SUCH_METHOD', `There is no method "${plain(method).slice(0, 64)}".`);
    this.#allow(checked.access);
    const given = params ?? {};
    if (!checked.validator.Check(given)) throw misfit(checked.validator, given);
    // What readers ask has no secrets in it: passwords and tokens are in calls of `anyone` and of members.
    if (checked.access === 'reader') this.#table.repeated.keep(line, { method, checked, params: given });
    this.#stir(method);
    return this.#handle(method, checked, given);
  }

  #repeat({ method, checked, params }: RepeatedCall<Checked>): unknown {
    this.#pace(method);
    this.#allow(checked.access);
    this.#stir(method);
    return this.#handle(method, checked, params);
  }

  /** Few calls at a time look through records, and none whose client has gone. */
  #handle(method: string, checked: Checked, params: unknown): unknown {
    if (!SCANS.has(method)) return checked.handle(params as never, this);
    const scan = () => {
      this.#allow(checked.access); // it may have signed out while the call waited
      return checked.handle(params as never, this);
    };
    return this.services.scans.add(this.payer, scan, this.signal);
  }

  /** The member did something. Calls that came in one piece are one moment. */
  #stir(method: string): void {
    if (this.#stirred === this.#heard || BY_ITSELF.has(method)) return;
    this.#stirred = this.#heard;
    this.#lastActive = this.#heard;
    if (this.#member) this.services.presence.stir(this.#member.name);
  }

  /** @throws Failure TOO_MANY_REQUESTS */
  #pace(method: string): void {
    if (!this.#account) return;
    const wait = this.#bucket.take(this.#heard);
    if (wait === 0) {
      const extra = EXTRA_UNITS.get(method);
      if (extra !== undefined) this.#account.spend(extra, this.#heard);
      return;
    }
    throw new Failure(
      'TOO_MANY_REQUESTS',
      `More than ${this.services.limits.callsPerSecond} calls a second: wait ${wait} ms.`,
      { data: { retryAfterMs: wait } },
    );
  }

  #allow(access: Access): void {
    if (access === 'anyone') return;
    if (access === 'reader' && (this.local || this.isSignedIn)) return;
    if (access === 'member' && this.isSignedIn) return;
    if (access === 'owner' && this.isOwner) return;
    if (!this.isSignedIn) throw new Failure('NOT_SIGNED_IN');
    throw new Failure('NOT_ALLOWED', 'Only the owner may do this.');
  }

  #settle(id: RequestId | undefined, method: string, answer: unknown): void {
    if (answer instanceof Promise) this.#answerLater(id, method, answer);
    else this.#answer(id, method, answer);
  }

  async #answerLater(id: RequestId | undefined, method: string, promise: Promise<unknown>): Promise<void> {
    const alone = SIGNS.has(method) || PAGES.has(method);
    this.connection.began(alone);
    try {
      this.#answer(id, method, await promise);
    } catch (thrown) {
      this.#refuse(id, method, thrown);
    } finally {
      this.connection.finished(alone);
    }
  }

  #answer(id: RequestId | undefined, method: string, result: unknown): void {
    this.#table.calls.add(method, 0);
    if (id !== undefined) {
      if (result instanceof Encoded)
        this.connection.write(encodeResult(id, result.json), result.ascii && typeof id === 'number');
      else this.connection.write(encodeResult(id, JSON.stringify(result)));
    }
    this.#sayLastWords();
  }

  #refuse(id: RequestId | undefined, method: string | undefined, thrown: unknown): void {
    const failure = Failure.from(thrown);
    this.#table.calls.add(method ?? '', failure.status);
    if (failure.code === 'INTERNAL') {
      this.services.log.error({ event: method ?? 'line', address: this.address, err: failure.cause }, 'a call failed');
    }
    if (id !== undefined) this.connection.write(encodeFailure(id, failure));
    this.#sayLastWords();
  }

  #sayLastWords(): void {
    if (this.#lastWords) this.connection.end(this.#lastWords.status, this.#lastWords.reason);
  }

  #expectSignIn(): void {
    if (this.local || this.#member) this.#expect(undefined, '');
    else this.#expect(this.services.limits.signInMs, 'Nobody signed in.');
  }

  /** Sets or lifts the time by which the client must have gone on. */
  #expect(ms: number | undefined, reason: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = ms === undefined ? undefined : setTimeout(() => this.connection.end(408, reason), ms).unref();
  }
}

/** What does not fit, by the path of the first field that does not. */
function misfit(validator: Checked['validator'], given: unknown): Failure {
  const [first] = validator.Errors(given).filter((error) => error.keyword !== 'boolean');
  const extra = (first?.params as { additionalProperties?: string[] } | undefined)?.additionalProperties?.[0];
  const missing = (first?.params as { requiredProperties?: string[] } | undefined)?.requiredProperties?.[0];
  const path = `${first?.instancePath ?? ''}${(extra ?? missing) ? `/${extra ?? missing}` : ''}` || '/';
  const sentence =
    extra !== undefined
      ? `There is no parameter "${plain(extra).slice(0, 64)}".`
      : missing !== undefined
        ? `The parameter "${missing}" is missing.`
        : `${path} ${first?.message ?? 'does not fit'}.`;
  return new Failure('INVALID_PARAMS', sentence, { data: { path } });
}
