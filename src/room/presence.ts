import { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import { nameKey, type Role } from '../domain/name.ts';
import type { Peer } from '../domain/peer.ts';
import type { Bus } from '../engine/contract.ts';

export interface RegisteredPeer extends Peer {
  /** When it was registered, in monotonic milliseconds. */
  readonly since: number;
}

/** One connection of a member, as presence sees it. */
export interface Attendant {
  /** Hash of the token of its session. */
  readonly session: string;
  readonly address: string;
  /** On the control socket: its address says nothing of where it is. */
  readonly local: boolean;
  readonly peer: RegisteredPeer | undefined;
  /** When the member last did something on it, in monotonic milliseconds. */
  lastActive(): number;
  /** @param goodbye.final its client is not to come back by itself */
  end(reason: string, goodbye: { final: true }): void;
  roleChanged(role: Role): void;
}

export interface ActiveMember {
  readonly name: string;
  readonly address: string;
  readonly peerPort: number | null;
  readonly activeSince: Instant;
  readonly idleMs: number;
}

interface Live<A> {
  readonly name: string;
  readonly session: string;
  readonly since: Instant;
  readonly attendants: Set<A>;
  idle: boolean;
}

/** Connections of one session: a dashboard, and commands beside it. */
const CONNECTIONS = 16;
/** How often in that time it is looked whether somebody was idle for so long. */
const LOOKS = 20;

/**
 * Who is there. An account has one live session: the connections that came by one token. It ends with the last of
 * them, and the account is free at once.
 */
export class Presence<A extends Attendant = Attendant> {
  readonly #bus: Bus;
  readonly #now: () => Instant;
  readonly #monotonic: () => number;
  /** Silence on all connections of a member that makes him idle. */
  idleMs: number;
  readonly #live = new Map<string, Live<A>>();
  #idle = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param room.idleMs of silence on all connections of a member make him idle
   * @param room.monotonic measures them: a clock that is set makes nobody idle
   */
  constructor(room: { bus: Bus; now: () => Instant; monotonic?: () => number; idleMs: number }) {
    this.#bus = room.bus;
    this.#now = room.now;
    this.#monotonic = room.monotonic ?? (() => performance.now());
    this.idleMs = room.idleMs;
  }

  /** Looks from now on who falls idle. */
  start(): void {
    this.#timer = setInterval(() => this.look(), Math.max(10, this.idleMs / LOOKS)).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether a session of the member is live that is not this one. @throws Failure ALREADY_SIGNED_IN */
  check(name: string, session: string | undefined): void {
    const live = this.#live.get(nameKey(name));
    if (live && live.session !== session) {
      throw new Failure(
        'ALREADY_SIGNED_IN',
        `${live.name} is signed in already, from ${[...live.attendants][0]?.address}.`,
      );
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
      if (live && live.session !== attendant.session) this.end(name, 'Signed in from somewhere else.');
    }
    this.check(name, attendant.session);
    const live = this.#live.get(key);
    if (live) {
      if (live.attendants.size >= CONNECTIONS) {
        throw new Failure('TOO_MANY_REQUESTS', `A session has ${CONNECTIONS} connections at most.`);
      }
      live.attendants.add(attendant);
      this.stir(name);
      return;
    }
    const since = this.#now();
    this.#live.set(key, { name, session: attendant.session, since, attendants: new Set([attendant]), idle: false });
    this.#bus.publish('member', { name, change: 'joined', at: since });
  }

  leave(name: string, attendant: A): void {
    const key = nameKey(name);
    const live = this.#live.get(key);
    if (!live?.attendants.delete(attendant) || live.attendants.size > 0) return;
    this.#live.delete(key);
    if (live.idle) this.#idle -= 1;
    this.#bus.publish('member', { name: live.name, change: 'left', at: this.#now() });
  }

  /** A member did something: if he was idle, he is so no more. Called for every call, so it costs nothing as a rule. */
  stir(name: string): void {
    if (this.#idle === 0) return;
    const live = this.#live.get(nameKey(name));
    if (!live?.idle) return;
    live.idle = false;
    this.#idle -= 1;
    this.#bus.publish('member', { name: live.name, change: 'active', at: this.#now() });
  }

  /** Tells who was silent for too long by now. */
  look(): void {
    const now = this.#now();
    const moment = this.#monotonic();
    for (const live of this.#live.values()) {
      if (live.idle || moment - lastActive(live) < this.idleMs) continue;
      live.idle = true;
      this.#idle += 1;
      this.#bus.publish('member', { name: live.name, change: 'idle', at: now });
    }
  }

  /** Ends every connection of a member for good: its clients do not come back by themselves. Returns how many. */
  end(name: string, reason: string, except?: A): number {
    const live = this.#live.get(nameKey(name));
    if (!live) return 0;
    const ended = [...live.attendants].filter((attendant) => attendant !== except);
    for (const attendant of ended) {
      this.leave(name, attendant);
      attendant.end(reason, { final: true });
    }
    return ended.length;
  }

  /** Somebody who is there has another role from now on. */
  roleChanged(name: string, role: Role): void {
    for (const attendant of this.#live.get(nameKey(name))?.attendants ?? []) attendant.roleChanged(role);
  }

  isActive(name: string): boolean {
    return this.#live.has(nameKey(name));
  }

  /** The connections of a member, the latest last; none where he is not there. */
  attendants(name: string): readonly A[] {
    return [...(this.#live.get(nameKey(name))?.attendants ?? [])];
  }

  /** Keys of the names of those who are there, in order. */
  names(): string[] {
    return [...this.#live.keys()].sort();
  }

  get count(): number {
    return this.#live.size;
  }

  active(): ActiveMember[] {
    const moment = this.#monotonic();
    return [...this.#live.values()].map((live) => {
      const { name, since } = live;
      const all = [...live.attendants];
      return {
        name,
        address: all[0]!.address,
        peerPort: newestPeer(all)?.peer?.port ?? null,
        activeSince: since,
        idleMs: Math.max(0, Math.round(moment - lastActive(live))),
      };
    });
  }
}

function lastActive({ attendants }: Live<Attendant>): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const attendant of attendants) last = Math.max(last, attendant.lastActive());
  return last;
}

/**
 * The one whose peer was registered last, of all or of those with a key. A command that only sends for a moment, and
 * has nobody to ask about offers, comes after every dashboard.
 */
export function newestPeer<A extends Attendant>(attendants: readonly A[], key?: string): A | undefined {
  let newest: A | undefined;
  for (const attendant of attendants) {
    const { peer } = attendant;
    if (!peer || (key !== undefined && peer.key !== key)) continue;
    const [offers, best] = [peer.offers !== false, newest?.peer];
    if (!best || (best.offers !== false) === offers ? peer.since >= (best?.since ?? 0) : offers) newest = attendant;
  }
  return newest;
}
