import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import type { EpochMs } from '../domain/time.ts';
import type { MessageBus } from '../engine/types.ts';
import type { Cluster } from './cluster.ts';
import { externalAddress, latestPeer, type PresenceConnection } from './presence-connection.ts';
import {
  type ConnectionSnapshot,
  type MemberSnapshot,
  type RemoteConnection,
  type RemoteMember,
  RemotePresence,
} from './remote-presence.ts';
import { type Reservation, type SignInConflict, SignInReservations, signedInError } from './sign-in-reservations.ts';

export interface ActiveMember {
  readonly name: string;
  readonly address: string;
  readonly peerPort: number | null;
  readonly activeSince: EpochMs;
  readonly idleMs: number;
}

export interface MemberChange {
  readonly name: string;
  readonly change: 'joined' | 'left' | 'idle' | 'active';
  readonly at: EpochMs;
}

interface LocalMember<A> {
  readonly name: string;
  readonly session: string;
  readonly since: EpochMs;
  /** When two sessions of one account conflict, the one with the higher rank stays. */
  readonly rank: number;
  /** By the connection ids that other daemons know. */
  readonly connections: Map<number, A>;
  idle: boolean;
  /** `lastActive` as other daemons know it. */
  reportedActivity: number;
}

/** Connections per session at one daemon: a dashboard, and commands next to it. */
const MAX_CONNECTIONS_PER_SESSION = 16;
const IDLE_CHECKS_PER_PERIOD = 20;
const SIGNED_IN_ELSEWHERE = 'Signed in from elsewhere.';

/**
 * Who is online in the whole room. An account has one session: the connections with one token, to any daemons. It ends
 * with its last connection, which frees the account at once. Each daemon announces its own connections to the others
 * (`RemotePresence`); members see the combined state.
 */
export class Presence<A extends PresenceConnection = PresenceConnection> {
  readonly #cluster: Cluster;
  readonly #now: () => EpochMs;
  readonly #monotonic: () => number;
  /** A member is idle after this time without activity on any connection. */
  idleMs: number;
  readonly #localMembers = new Map<string, LocalMember<A>>();
  readonly #remote: RemotePresence;
  readonly #reservations: SignInReservations;
  readonly #listeners = new Set<(change: MemberChange) => void>();
  /** Online members with the idle state that was last published. */
  readonly #published = new Map<string, { readonly name: string; idle: boolean }>();
  #connectionCount = 0;
  #idleCount = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param room.idleMs a member is idle after this time without activity on any connection
   * @param room.monotonic measures it, so that setting the clock makes nobody idle
   */
  constructor(room: {
    bus: MessageBus;
    cluster: Cluster;
    now: () => EpochMs;
    monotonic?: () => number;
    idleMs: number;
  }) {
    this.#cluster = room.cluster;
    this.#now = room.now;
    this.#monotonic = room.monotonic ?? (() => performance.now());
    this.idleMs = room.idleMs;
    this.#remote = new RemotePresence({
      bus: room.bus,
      cluster: room.cluster,
      monotonic: this.#monotonic,
      snapshot: (key) => this.#snapshot(key),
      keys: () => this.#localMembers.keys(),
      onChange: (key, entry) => {
        if (entry) this.#resolveSessionConflict(key, entry);
        this.#publishPresence(key);
      },
    });
    this.#reservations = new SignInReservations(room.cluster, (request) => this.#findSession(request));
  }

  start(): void {
    this.#remote.start();
    this.#timer = setInterval(() => this.checkIdle(), Math.max(10, this.idleMs / IDLE_CHECKS_PER_PERIOD)).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#remote.stop();
  }

  get sentUpdates(): number {
    return this.#remote.version;
  }

  /** Calls the listener with each change of a member anywhere. Returns a function that removes it. */
  onChange(listener: (change: MemberChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onConnectionClosed(listener: (connection: RemoteConnection) => void): void {
    this.#remote.onConnectionClosed(listener);
  }

  /** @throws AppError ALREADY_SIGNED_IN if the member has another session here */
  assertNotSignedIn(name: string, session: string | undefined): void {
    const key = canonicalName(name);
    const member = this.#localMembers.get(key);
    if (member && member.session !== session)
      throw signedInError(member.name, [...member.connections.values()][0]?.address);
  }

  /**
   * Asks the other daemons whether a member may sign in. Of two simultaneous requests, the earlier one wins.
   * Unresponsive daemons are ignored; if they return, the newer session wins.
   * @param session undefined while it has no token
   * @returns ends the reservation; call it after `join`
   * @throws AppError ALREADY_SIGNED_IN
   */
  async reserveSignIn(name: string, session: string | undefined): Promise<() => void> {
    this.assertNotSignedIn(name, session);
    const key = canonicalName(name);
    const remoteMembers = this.#remote.membersOf(key);
    const isKnown = session !== undefined && remoteMembers.some((entry) => entry.session === session);
    const daemons = isKnown ? [] : this.#cluster.others.filter((daemon) => this.#cluster.isResponsive(daemon));
    return await this.#reservations.reserve({ name: key, session, at: this.#now() }, daemons);
  }

  /**
   * @param takeOver ends another session of the member instead of refusing
   * @throws AppError ALREADY_SIGNED_IN, TOO_MANY_REQUESTS
   */
  join(name: string, connection: A, takeOver: boolean): void {
    const key = canonicalName(name);
    if (takeOver) {
      const member = this.#localMembers.get(key);
      if (member && member.session !== connection.session) this.end(name, SIGNED_IN_ELSEWHERE);
    }
    this.assertNotSignedIn(name, connection.session);
    const member = this.#localMembers.get(key);
    if (member && member.connections.size >= MAX_CONNECTIONS_PER_SESSION) {
      throw new AppError('TOO_MANY_REQUESTS', `A session can have at most ${MAX_CONNECTIONS_PER_SESSION} connections.`);
    }
    const id = ++this.#connectionCount;
    if (member) {
      member.connections.set(id, connection);
      this.markActive(name);
    } else {
      const since = this.#now();
      // Our rank must exceed every remote one: the reservation was granted, or the remote daemon was unresponsive.
      const rank = this.#remote.membersOf(key).reduce((most, entry) => Math.max(most, entry.rank + 1), since);
      const { session } = connection;
      this.#localMembers.set(key, {
        name,
        session,
        since,
        rank,
        connections: new Map([[id, connection]]),
        idle: false,
        reportedActivity: 0,
      });
      this.#publishPresence(key);
    }
    this.#remote.markChanged(key);
  }

  leave(name: string, connection: A): void {
    const key = canonicalName(name);
    const member = this.#localMembers.get(key);
    const id = member && [...member.connections].find(([, one]) => one === connection)?.[0];
    if (!member || id === undefined) return;
    member.connections.delete(id);
    this.#remote.markChanged(key);
    if (member.connections.size > 0) return;
    this.#localMembers.delete(key);
    if (member.idle) this.#idleCount -= 1;
    this.#publishPresence(key);
  }

  /** The peer or the announced legacy port of a connection changed. */
  connectionChanged(name: string): void {
    this.#remote.markChanged(canonicalName(name));
  }

  /** Ends a member's idle state. Called for every request, so it must be cheap. */
  markActive(name: string): void {
    if (this.#idleCount === 0) return;
    const key = canonicalName(name);
    const member = this.#localMembers.get(key);
    if (!member?.idle) return;
    member.idle = false;
    this.#idleCount -= 1;
    this.#remote.markChanged(key);
    this.#publishPresence(key);
  }

  /** Marks silent members as idle, and announces the activity of others to the other daemons. */
  checkIdle(): void {
    const now = this.#monotonic();
    for (const [key, member] of this.#localMembers) {
      if (member.idle) continue;
      const last = lastActivity(member);
      if (now - last >= this.idleMs) {
        member.idle = true;
        this.#idleCount += 1;
        this.#publishPresence(key);
      } else if (last === member.reportedActivity) {
        continue;
      }
      this.#remote.markChanged(key);
    }
  }

  /** Ends all connections of a member to this daemon; their clients do not reconnect. Returns how many. */
  end(name: string, reason: string, except?: A): number {
    const ended = this.localConnections(name).filter((connection) => connection !== except);
    for (const connection of ended) {
      this.leave(name, connection);
      connection.end(reason, { final: true });
    }
    return ended.length;
  }

  isActive(name: string): boolean {
    return this.#published.has(canonicalName(name));
  }

  /** A member's connections to this daemon, the latest last; empty if they are offline. */
  localConnections(name: string): readonly A[] {
    return [...(this.#localMembers.get(canonicalName(name))?.connections.values() ?? [])];
  }

  /** All connections of a member: those to this daemon first. */
  connections(name: string): readonly (A | RemoteConnection)[] {
    const remote = this.#remote.membersOf(canonicalName(name)).flatMap(({ connections }) => [...connections.values()]);
    return [...this.localConnections(name), ...remote];
  }

  *remoteConnections(): Generator<RemoteConnection> {
    for (const { connections } of this.#remote.allMembers()) yield* connections.values();
  }

  nameOf(name: string): string {
    return this.#published.get(canonicalName(name))?.name ?? name;
  }

  localConnection(name: string, id: number): A | undefined {
    return this.#localMembers.get(canonicalName(name))?.connections.get(id);
  }

  names(): string[] {
    return [...this.#published.keys()].sort();
  }

  get count(): number {
    return this.#published.size;
  }

  get localCount(): number {
    return this.#localMembers.size;
  }

  listActive(): ActiveMember[] {
    const now = this.#monotonic();
    return [...this.#published].map(([key, { name }]) => {
      const member = this.#localMembers.get(key);
      const sessions = [...(member ? [member] : []), ...this.#remote.membersOf(key)];
      const all = this.connections(name);
      return {
        name,
        address: all[0]!.address,
        peerPort: latestPeer(all)?.peer?.port ?? all[0]!.old?.port ?? null,
        activeSince: Math.min(...sessions.map(({ since }) => since)),
        idleMs: Math.max(0, Math.round(now - Math.max(...all.map((one) => one.lastActive())))),
      };
    });
  }

  #publishPresence(key: string): void {
    const sessions = [this.#localMembers.get(key) ?? [], this.#remote.membersOf(key)].flat();
    const published = this.#published.get(key);
    const [first] = sessions;
    if (!first) {
      if (published && this.#published.delete(key))
        this.#notify({ name: published.name, change: 'left', at: this.#now() });
      return;
    }
    const idle = sessions.every((part) => part.idle);
    if (!published) {
      this.#published.set(key, { name: first.name, idle });
      this.#notify({ name: first.name, change: 'joined', at: first.since });
    } else if (published.idle !== idle) {
      published.idle = idle;
      this.#notify({ name: published.name, change: idle ? 'idle' : 'active', at: this.#now() });
    }
  }

  #notify(change: MemberChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** Another daemon has a different session of the same account. Both daemons decide alike which one stays. */
  #resolveSessionConflict(key: string, { session, rank, daemon }: RemoteMember): void {
    const member = this.#localMembers.get(key);
    if (!member || member.session === session) return;
    if (rank > member.rank || (rank === member.rank && daemon > this.#cluster.id)) this.end(key, SIGNED_IN_ELSEWHERE);
  }

  /** The session here that keeps another daemon from signing a member in. */
  #findSession({ name: key, session }: Reservation): SignInConflict | undefined {
    const member = this.#localMembers.get(key);
    if (!member || member.session === session) return undefined;
    const [first] = member.connections.values();
    return { name: member.name, address: first && this.#externalAddress(first) };
  }

  #externalAddress(connection: PresenceConnection): string {
    return externalAddress(connection, this.#cluster.self.address);
  }

  #snapshot(key: string): MemberSnapshot | undefined {
    const member = this.#localMembers.get(key);
    if (!member) return undefined;
    member.reportedActivity = lastActivity(member);
    const { name, session, since, rank, idle, connections: attendants } = member;
    const now = this.#monotonic();
    const connections = [...attendants].map(([id, one]): ConnectionSnapshot => {
      const { local, peer, old } = one;
      return {
        id,
        address: this.#externalAddress(one),
        local,
        idleMs: now - one.lastActive(),
        ...(peer ? { peer } : {}),
        ...(old ? { old } : {}),
      };
    });
    return { key, name, session, since, rank, idle, connections };
  }
}

function lastActivity({ connections }: LocalMember<PresenceConnection>): number {
  let last = Number.NEGATIVE_INFINITY;
  for (const connection of connections.values()) last = Math.max(last, connection.lastActive());
  return last;
}
