import type { EpochMs } from '../domain/time.ts';
import type { MessageBus } from '../engine/types.ts';
import type { Cluster, RemoteDaemon } from './cluster.ts';
import type { LegacyClient, RegisteredPeer } from './presence-connection.ts';

/** A connection of a member to another daemon of the room. */
export interface RemoteConnection {
  readonly daemon: string;
  /** Id of the connection at that daemon. */
  readonly id: number;
  readonly member: string;
  readonly address: string;
  readonly local: boolean;
  peer: RegisteredPeer | undefined;
  old: LegacyClient | undefined;
  lastActive(): number;
}

export interface RemoteMember {
  readonly daemon: string;
  readonly key: string;
  readonly name: string;
  readonly session: string;
  readonly since: EpochMs;
  readonly rank: number;
  readonly idle: boolean;
  readonly connections: ReadonlyMap<number, RemoteConnection>;
}

/** A connection as announced to other daemons. */
export interface ConnectionSnapshot {
  readonly id: number;
  readonly address: string;
  readonly local: boolean;
  /** Time since the member's last activity, at the time of the announcement. */
  readonly idleMs: number;
  readonly peer?: RegisteredPeer;
  readonly old?: LegacyClient;
}

/** A member of this daemon as announced to other daemons. */
export type MemberSnapshot = Omit<RemoteMember, 'daemon' | 'connections'> & {
  readonly connections: readonly ConnectionSnapshot[];
};

/** A changed member. Only the key if they left. */
type MemberUpdate = MemberSnapshot | { readonly key: string; readonly connections?: undefined };

interface SnapshotPage {
  readonly told: number;
  readonly members: readonly MemberSnapshot[];
  /** Requests the members after this key; undefined on the last page. */
  readonly after: string | undefined;
}

interface DaemonReplica {
  readonly members: Map<string, RemoteMember>;
  /** Number of its last update if none was missed; undefined if a snapshot is needed. */
  version: number | undefined;
  sync: PendingSync | undefined;
}

/** A running snapshot request. Updates that arrive meanwhile are newer than the snapshot. */
interface PendingSync {
  readonly keys: Set<string>;
  first: number | undefined;
  last: number | undefined;
  /** An update between the first and the last was missed. */
  hasGap: boolean;
}

export interface RemotePresenceSettings {
  readonly bus: MessageBus;
  readonly cluster: Cluster;
  readonly monotonic: () => number;
  readonly snapshot: (key: string) => MemberSnapshot | undefined;
  readonly keys: () => Iterable<string>;
  readonly onChange: (key: string, entry: RemoteMember | undefined) => void;
}

const PRESENCE_TOPIC = 'presence';
/** Limit of JSON characters per message, far below the bus's limit. */
const MAX_MESSAGE_CHARS = 256 * 1024;
const NO_MEMBERS: readonly RemoteMember[] = [];

/**
 * Members connected to the other daemons of the room. Each daemon broadcasts numbered updates of its own members. A
 * daemon that missed one, or has just started, requests a snapshot in pages.
 */
export class RemotePresence {
  readonly #settings: RemotePresenceSettings;
  readonly #replicas = new Map<string, DaemonReplica>();
  /** By member; the same objects as in the replicas. */
  readonly #membersByKey = new Map<string, RemoteMember[]>();
  readonly #closedListeners = new Set<(connection: RemoteConnection) => void>();
  #changedKeys = new Set<string>();
  #version = 0;
  #flushTimer: NodeJS.Immediate | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(settings: RemotePresenceSettings) {
    this.#settings = settings;
    const { cluster } = settings;
    cluster.handle('members', ({ after }: { after?: string }) => this.#snapshotPage(after));
    cluster.onHeartbeat((daemon) => this.#onHeartbeat(daemon));
    cluster.onLeave((id) => this.#removeDaemon(id));
  }

  start(): void {
    this.#unsubscribe = this.#settings.bus.subscribe(PRESENCE_TOPIC, (message) => {
      const { from, told: version, members } = message as { from: string; told: number; members: MemberUpdate[] };
      if (from !== this.#settings.cluster.id) this.#applyUpdate(from, version, members);
    });
  }

  stop(): void {
    clearImmediate(this.#flushTimer);
    this.#flushTimer = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  get version(): number {
    return this.#version;
  }

  membersOf(key: string): readonly RemoteMember[] {
    return this.#membersByKey.get(key) ?? NO_MEMBERS;
  }

  *allMembers(): Generator<RemoteMember> {
    for (const { members } of this.#replicas.values()) yield* members.values();
  }

  onConnectionClosed(listener: (connection: RemoteConnection) => void): void {
    this.#closedListeners.add(listener);
  }

  /** Announces a changed member of this daemon, together with all changes of this turn. */
  markChanged(key: string): void {
    if (!this.#unsubscribe) return;
    this.#changedKeys.add(key);
    this.#flushTimer ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushTimer = undefined;
    const { bus, cluster, snapshot } = this.#settings;
    const keys = [...this.#changedKeys];
    this.#changedKeys = new Set();
    let members: MemberUpdate[] = [];
    let size = 0;
    const send = () => {
      this.#version += 1;
      bus.publish(PRESENCE_TOPIC, { from: cluster.id, told: this.#version, members });
      [members, size] = [[], 0];
    };
    // Increment the version even when no daemon is listening, so that a daemon joining later sees the gap.
    for (const key of cluster.isSolo ? [] : keys) {
      const update = snapshot(key) ?? { key };
      members.push(update);
      size += JSON.stringify(update).length;
      if (size >= MAX_MESSAGE_CHARS) send();
    }
    if (members.length > 0 || cluster.isSolo) send();
  }

  #snapshotPage(after: string | undefined): SnapshotPage {
    const members: MemberSnapshot[] = [];
    let size = 0;
    for (const key of [...this.#settings.keys()].sort()) {
      if (after !== undefined && key <= after) continue;
      const member = this.#settings.snapshot(key)!;
      members.push(member);
      size += JSON.stringify(member).length;
      if (size >= MAX_MESSAGE_CHARS) return { told: this.#version, members, after: key };
    }
    return { told: this.#version, members, after: undefined };
  }

  #onHeartbeat({ id, told: version }: RemoteDaemon): void {
    const replica = this.#replicaOf(id);
    if (replica.version !== version) void this.#requestSnapshot(id, replica);
  }

  #applyUpdate(from: string, version: number, members: readonly MemberUpdate[]): void {
    const replica = this.#replicaOf(from);
    const { sync } = replica;
    for (const member of members) {
      sync?.keys.add(member.key);
      this.#setMember(from, replica, member);
    }
    if (sync) {
      sync.hasGap ||= sync.last !== undefined && version !== sync.last + 1;
      sync.first ??= version;
      sync.last = version;
    } else if (replica.version !== undefined) {
      replica.version = version === replica.version + 1 ? version : undefined; // its next heartbeat triggers a snapshot request
    }
  }

  async #requestSnapshot(id: string, replica: DaemonReplica): Promise<void> {
    if (replica.sync) return;
    const pending: PendingSync = { keys: new Set(), first: undefined, last: undefined, hasGap: false };
    const newer = pending.keys;
    replica.sync = pending;
    const received = new Set<string>();
    try {
      let version: number | undefined;
      for (let after: string | undefined, more = true; more; more = after !== undefined) {
        const page = (await this.#settings.cluster.request(id, 'members', { after })) as SnapshotPage;
        if (this.#replicas.get(id) !== replica) return; // the daemon left meanwhile
        version ??= page.told;
        for (const member of page.members) {
          received.add(member.key);
          if (!newer.has(member.key)) this.#setMember(id, replica, member);
        }
        after = page.after;
      }
      for (const key of [...replica.members.keys()]) {
        if (!received.has(key) && !newer.has(key)) this.#setMember(id, replica, { key });
      }
      const { first, last, hasGap } = pending;
      replica.version = hasGap || (first ?? 0) > version! + 1 ? undefined : Math.max(version!, last ?? 0);
    } catch {
      // No reply: its next heartbeat triggers another request.
    } finally {
      replica.sync = undefined;
    }
  }

  #replicaOf(id: string): DaemonReplica {
    const replica = this.#replicas.get(id) ?? { members: new Map(), version: undefined, sync: undefined };
    this.#replicas.set(id, replica);
    return replica;
  }

  #removeDaemon(id: string): void {
    const replica = this.#replicas.get(id);
    if (!replica) return;
    for (const key of [...replica.members.keys()]) this.#setMember(id, replica, { key });
    this.#replicas.delete(id);
  }

  #setMember(daemon: string, replica: DaemonReplica, member: MemberUpdate): void {
    const { key } = member;
    const before = replica.members.get(key);
    const others = this.membersOf(key).filter((entry) => entry !== before);
    let entry: RemoteMember | undefined;
    if (member.connections === undefined) {
      replica.members.delete(key);
    } else {
      const { name, session, since, rank, idle } = member;
      const connections = new Map(
        member.connections.map((snapshot) => {
          const activeAt = this.#settings.monotonic() - snapshot.idleMs;
          return [snapshot.id, updateConnection(daemon, key, snapshot, activeAt, before?.connections.get(snapshot.id))];
        }),
      );
      entry = { daemon, key, name, session, since, rank, idle, connections };
      replica.members.set(key, entry);
    }
    if (entry) this.#membersByKey.set(key, [...others, entry]);
    else if (others.length > 0) this.#membersByKey.set(key, others);
    else this.#membersByKey.delete(key);
    for (const [id, connection] of before?.connections ?? []) {
      if (!entry?.connections.has(id)) for (const listener of this.#closedListeners) listener(connection);
    }
    this.#settings.onChange(key, entry);
  }
}

/** Keeps the object of a known connection, because introductions of peers are tied to it. */
function updateConnection(
  daemon: string,
  member: string,
  snapshot: ConnectionSnapshot,
  activeAt: number,
  before: RemoteConnection | undefined,
): RemoteConnection {
  const { id, address, local, peer, old } = snapshot;
  const connection = before ?? { daemon, id, member, address, local, peer, old, lastActive: () => activeAt };
  connection.peer = peer;
  connection.old = old;
  connection.lastActive = () => activeAt;
  return connection;
}
