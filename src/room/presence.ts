import { isWithin, parseRange, wordsOf } from '../domain/address.ts';
import { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import { nameKey } from '../domain/name.ts';
import type { Peer } from '../domain/peer.ts';
import type { Bus } from '../engine/contract.ts';
import type { Daemons } from './daemons.ts';
import { type Afar, Roll, type RollEntry, type ToldConnection, type ToldEntry } from './roll.ts';

export interface RegisteredPeer extends Peer {
  /** When it was registered. */
  readonly since: Instant;
}

/** A client that speaks one of the dialects: it has no peer. */
export interface OldClient {
  readonly dialect: string;
  /** Where it takes files by UDP, or gives them by TCP (`GIVES_FILES`), as it told. */
  readonly port?: number | undefined;
}

/** The dialect whose clients give files, by plain TCP and at the address that they come from. */
export const GIVES_FILES = 'share';

/** One connection of a member, as presence sees it. */
export interface Attendant {
  /** Hash of the token of its session. */
  readonly session: string;
  readonly address: string;
  /** On the control socket: its address says nothing of where it is. */
  readonly local: boolean;
  readonly peer: RegisteredPeer | undefined;
  readonly old?: OldClient | undefined;
  /** When the member last did something on it, in monotonic milliseconds. */
  lastActive(): number;
  /** @param goodbye.final its client is not to come back by itself */
  end(reason: string, goodbye: { final: true }): void;
}

export interface ActiveMember {
  readonly name: string;
  readonly address: string;
  readonly peerPort: number | null;
  readonly activeSince: Instant;
  readonly idleMs: number;
}

export interface MemberChange {
  readonly name: string;
  readonly change: 'joined' | 'left' | 'idle' | 'active';
  readonly at: Instant;
}

/** The connections of a member to this daemon. */
interface Live<A> {
  readonly name: string;
  readonly session: string;
  readonly since: Instant;
  /** Of two sessions of one account that met, the one with the higher rank stays. */
  readonly rank: number;
  /** By the numbers under which other daemons know them. */
  readonly attendants: Map<number, A>;
  idle: boolean;
  /** `lastActive` as it was last told. */
  told: number;
}

/** Somebody is about to sign in. */
interface Claim {
  readonly session: string | undefined;
  readonly at: Instant;
}

interface Claimed extends Claim {
  readonly name: string;
}

/** Connections of one session at one daemon: a dashboard, and commands beside it. */
const CONNECTIONS = 16;
/** How often in that time it is looked whether somebody was idle for so long. */
const LOOKS = 20;
const ELSEWHERE = 'Signed in from somewhere else.';
const LOOPBACK = ['127.0.0.0/8', '::1'].map((text) => parseRange(text)!);
/** Addresses at which a daemon may listen, and by which other machines do not reach it. */
const UNREACHABLE = [...LOOPBACK, ...['0.0.0.0', '::'].map((text) => parseRange(text)!)];

/**
 * Who is there, in the whole room. An account has one live session: the connections that came by one token, to
 * whichever daemons. It ends with the last of them, and the account is free at once. Each daemon tells the others of
 * its own connections (`Roll`); what members hear of is what all of them together come to.
 */
export class Presence<A extends Attendant = Attendant> {
  readonly #daemons: Daemons;
  readonly #now: () => Instant;
  readonly #monotonic: () => number;
  /** Silence on all connections of a member that makes him idle. */
  idleMs: number;
  readonly #live = new Map<string, Live<A>>();
  readonly #roll: Roll;
  readonly #claims = new Map<string, Set<Claim>>();
  readonly #listeners = new Set<(change: MemberChange) => void>();
  /** Of those who are there: whether they are idle, as it was told. */
  readonly #known = new Map<string, { readonly name: string; idle: boolean }>();
  #connections = 0;
  #idle = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param room.idleMs of silence on all connections of a member make him idle
   * @param room.monotonic measures them: a clock that is set makes nobody idle
   */
  constructor(room: { bus: Bus; daemons: Daemons; now: () => Instant; monotonic?: () => number; idleMs: number }) {
    this.#daemons = room.daemons;
    this.#now = room.now;
    this.#monotonic = room.monotonic ?? (() => performance.now());
    this.idleMs = room.idleMs;
    this.#roll = new Roll({
      bus: room.bus,
      daemons: room.daemons,
      monotonic: this.#monotonic,
      entry: (key) => this.#entry(key),
      keys: () => this.#live.keys(),
      onChange: (key, entry) => {
        if (entry) this.#yield(key, entry);
        this.#settle(key);
      },
    });
    this.#daemons.answer('claim', (claimed: Claimed, from) => this.#objection(claimed, from));
  }

  /** Looks from now on who falls idle, and hears of the members at other daemons. */
  start(): void {
    this.#roll.start();
    this.#timer = setInterval(() => this.look(), Math.max(10, this.idleMs / LOOKS)).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#roll.stop();
  }

  /** How many messages about members this daemon has sent to the others. */
  get told(): number {
    return this.#roll.told;
  }

  /** Hears who comes, leaves, falls idle and is active again, wherever that is. Returns how to stop listening. */
  onChange(listener: (change: MemberChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears of connections to other daemons that ended. */
  onGone(listener: (connection: Afar) => void): void {
    this.#roll.onGone(listener);
  }

  /** Whether no other session of the member than this one is live. @throws Failure ALREADY_SIGNED_IN */
  check(name: string, session: string | undefined): void {
    const key = nameKey(name);
    const live = this.#live.get(key);
    if (live && live.session !== session) throw signedIn(live.name, [...live.attendants.values()][0]?.address);
  }

  /**
   * Asks the other daemons for leave to sign somebody in: of two that ask at once, the earlier has it. A daemon that
   * does not answer has no say: should its members come to light again, the later session stays.
   * @param session undefined: it has no token yet
   * @returns what ends the claim, once `join` was called
   * @throws Failure ALREADY_SIGNED_IN
   */
  async claim(name: string, session: string | undefined): Promise<() => void> {
    this.check(name, session);
    const key = nameKey(name);
    const elsewhere = this.#roll.of(key);
    const isKnown = session !== undefined && elsewhere.some((entry) => entry.session === session);
    const mates = isKnown ? [] : this.#daemons.others.filter((mate) => this.#daemons.isAwake(mate));
    if (mates.length === 0) return () => {};
    const claim: Claim = { session, at: this.#now() };
    const claims = this.#claims.get(key) ?? new Set();
    this.#claims.set(key, claims.add(claim));
    const end = () => {
      claims.delete(claim);
      if (claims.size === 0) this.#claims.delete(key);
    };
    try {
      const { answers } = await this.#daemons.askAll('claim', { ...claim, name: key } satisfies Claimed, mates);
      for (const answer of answers.values()) {
        const { name: taken, address } = answer as { name?: string; address?: string };
        if (taken !== undefined) throw signedIn(taken, address);
      }
      return end;
    } catch (thrown) {
      end();
      throw thrown;
    }
  }

  /**
   * @param takeOver ends another session of the member instead of refusing
   * @throws Failure ALREADY_SIGNED_IN, TOO_MANY_REQUESTS
   */
  join(name: string, attendant: A, takeOver: boolean): void {
    const key = nameKey(name);
    if (takeOver) {
      const live = this.#live.get(key);
      if (live && live.session !== attendant.session) this.end(name, ELSEWHERE);
    }
    this.check(name, attendant.session);
    const live = this.#live.get(key);
    if (live && live.attendants.size >= CONNECTIONS) {
      throw new Failure('TOO_MANY_REQUESTS', `A session has ${CONNECTIONS} connections at most.`);
    }
    const id = ++this.#connections;
    if (live) {
      live.attendants.set(id, attendant);
      this.stir(name);
    } else {
      const since = this.#now();
      // What others know of him gives way: he was asked for, or they were silent.
      const rank = this.#roll.of(key).reduce((most, entry) => Math.max(most, entry.rank + 1), since);
      const { session } = attendant;
      this.#live.set(key, { name, session, since, rank, attendants: new Map([[id, attendant]]), idle: false, told: 0 });
      this.#settle(key);
    }
    this.#roll.changed(key);
  }

  leave(name: string, attendant: A): void {
    const key = nameKey(name);
    const live = this.#live.get(key);
    const id = live && [...live.attendants].find(([, one]) => one === attendant)?.[0];
    if (!live || id === undefined) return;
    live.attendants.delete(id);
    this.#roll.changed(key);
    if (live.attendants.size > 0) return;
    this.#live.delete(key);
    if (live.idle) this.#idle -= 1;
    this.#settle(key);
  }

  /** The peer of one of a member's connections is another one, or an old client told its port. */
  registered(name: string): void {
    this.#roll.changed(nameKey(name));
  }

  /** A member did something: if he was idle, he is so no more. Called for every call, so it costs nothing as a rule. */
  stir(name: string): void {
    if (this.#idle === 0) return;
    const key = nameKey(name);
    const live = this.#live.get(key);
    if (!live?.idle) return;
    live.idle = false;
    this.#idle -= 1;
    this.#roll.changed(key);
    this.#settle(key);
  }

  /** Tells who was silent for too long by now, and the other daemons of who was not. */
  look(): void {
    const moment = this.#monotonic();
    for (const [key, live] of this.#live) {
      if (live.idle) continue;
      const last = lastActive(live);
      if (moment - last >= this.idleMs) {
        live.idle = true;
        this.#idle += 1;
        this.#settle(key);
      } else if (last === live.told) {
        continue;
      }
      this.#roll.changed(key);
    }
  }

  /** Ends every connection of a member to this daemon for good: its clients do not come back by themselves. Returns how many. */
  end(name: string, reason: string, except?: A): number {
    const ended = this.attendants(name).filter((attendant) => attendant !== except);
    for (const attendant of ended) {
      this.leave(name, attendant);
      attendant.end(reason, { final: true });
    }
    return ended.length;
  }

  isActive(name: string): boolean {
    return this.#known.has(nameKey(name));
  }

  /** The connections of a member to this daemon, the latest last; none where he is not there. */
  attendants(name: string): readonly A[] {
    return [...(this.#live.get(nameKey(name))?.attendants.values() ?? [])];
  }

  /** All connections of a member: those to this daemon, then those to others. */
  connections(name: string): readonly (A | Afar)[] {
    const afar = this.#roll.of(nameKey(name)).flatMap(({ connections }) => [...connections.values()]);
    return [...this.attendants(name), ...afar];
  }

  /** Those to other daemons, of all members. */
  *afar(): Generator<Afar> {
    for (const { connections } of this.#roll.all()) yield* connections.values();
  }

  /** As he spells it, while he is there. */
  nameOf(name: string): string {
    return this.#known.get(nameKey(name))?.name ?? name;
  }

  /** The connection of that number. */
  attendant(name: string, id: number): A | undefined {
    return this.#live.get(nameKey(name))?.attendants.get(id);
  }

  /** Keys of the names of those who are there, in order. */
  names(): string[] {
    return [...this.#known.keys()].sort();
  }

  get count(): number {
    return this.#known.size;
  }

  /** Of them, those who are there by this daemon. */
  get countHere(): number {
    return this.#live.size;
  }

  active(): ActiveMember[] {
    const moment = this.#monotonic();
    return [...this.#known].map(([key, { name }]) => {
      const live = this.#live.get(key);
      const parts = [...(live ? [live] : []), ...this.#roll.of(key)];
      const all = this.connections(name);
      return {
        name,
        address: all[0]!.address,
        peerPort: newestPeer(all)?.peer?.port ?? all[0]!.old?.port ?? null,
        activeSince: Math.min(...parts.map(({ since }) => since)),
        idleMs: Math.max(0, Math.round(moment - Math.max(...all.map((one) => one.lastActive())))),
      };
    });
  }

  /** Tells what all daemons together make of a member now, where that is news. */
  #settle(key: string): void {
    const parts = [this.#live.get(key) ?? [], this.#roll.of(key)].flat();
    const known = this.#known.get(key);
    const [first] = parts;
    if (!first) {
      if (known && this.#known.delete(key)) this.#tell({ name: known.name, change: 'left', at: this.#now() });
      return;
    }
    const idle = parts.every((part) => part.idle);
    if (!known) {
      this.#known.set(key, { name: first.name, idle });
      this.#tell({ name: first.name, change: 'joined', at: first.since });
    } else if (known.idle !== idle) {
      known.idle = idle;
      this.#tell({ name: known.name, change: idle ? 'idle' : 'active', at: this.#now() });
    }
  }

  #tell(change: MemberChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Another daemon has another session of the same account: one of the two stays, and both daemons find the same one. */
  #yield(key: string, { session, rank, daemon }: RollEntry): void {
    const live = this.#live.get(key);
    if (!live || live.session === session) return;
    if (rank > live.rank || (rank === live.rank && daemon > this.#daemons.id)) this.end(key, ELSEWHERE);
  }

  /** What speaks against another daemon signing somebody in: his session here, or an earlier claim. */
  #objection({ name: key, session, at }: Claimed, from: string): { name?: string; address?: string | undefined } {
    const live = this.#live.get(key);
    if (live && live.session !== session) {
      const [first] = live.attendants.values();
      return { name: live.name, address: first && this.#addressElsewhere(first) };
    }
    for (const own of this.#claims.get(key) ?? []) {
      const isEarlier = own.at < at || (own.at === at && this.#daemons.id < from);
      if (isEarlier && (own.session === undefined || own.session !== session)) return { name: key };
    }
    return {};
  }

  /**
   * The address of a connection for the other daemons and their members. Loopback and the control socket are this machine,
   * which they reach at the address of this daemon, where that is an IP address (`listen.public`).
   */
  #addressElsewhere({ local, address }: Attendant): string {
    if (!local && !LOOPBACK.some((range) => isWithin(range, address))) return address;
    const { address: own } = this.#daemons.self;
    const host = /^\[(.+)\](?::\d+)?$/.exec(own)?.[1] ?? own.replace(/^([^:]+):\d+$/, '$1');
    if (wordsOf(host) === undefined || UNREACHABLE.some((range) => isWithin(range, host))) return address;
    return host;
  }

  #entry(key: string): ToldEntry | undefined {
    const live = this.#live.get(key);
    if (!live) return undefined;
    live.told = lastActive(live);
    const { name, session, since, rank, idle, attendants } = live;
    const moment = this.#monotonic();
    const connections = [...attendants].map(([id, one]): ToldConnection => {
      const { local, peer, old } = one;
      return {
        id,
        address: this.#addressElsewhere(one),
        local,
        idleMs: moment - one.lastActive(),
        ...(peer ? { peer } : {}),
        ...(old ? { old } : {}),
      };
    });
    return { key, name, session, since, rank, idle, connections };
  }
}

function signedIn(name: string, address: string | undefined): Failure {
  return new Failure(
    'ALREADY_SIGNED_IN',
    address === undefined
      ? `${name} is signing in from somewhere else at this moment.`
      : `${name} is signed in already, from ${address}.`,
    address === undefined ? {} : { data: { address } },
  );
}

function lastActive({ attendants }: Live<Attendant>): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const attendant of attendants.values()) last = Math.max(last, attendant.lastActive());
  return last;
}

/**
 * The one whose peer was registered last, of all or of those with a key. A command that only sends for a moment, and
 * has nobody to ask about offers, comes after every dashboard.
 */
export function newestPeer<A extends Pick<Attendant, 'peer'>>(connections: readonly A[], key?: string): A | undefined {
  let newest: A | undefined;
  for (const connection of connections) {
    const { peer } = connection;
    if (!peer || (key !== undefined && peer.key !== key)) continue;
    const [offers, best] = [peer.offers !== false, newest?.peer];
    if (!best || (best.offers !== false) === offers ? peer.since >= (best?.since ?? 0) : offers) newest = connection;
  }
  return newest;
}
