import type { Instant } from '../domain/instant.ts';
import type { Bus } from '../engine/contract.ts';
import type { Daemons, Mate } from './daemons.ts';
import type { OldClient, RegisteredPeer } from './presence.ts';

/** A connection of a member to another daemon of the room. */
export interface Afar {
  /** Of the daemon. */
  readonly daemon: string;
  /** Its number there. */
  readonly id: number;
  /** Of the member, by whose key. */
  readonly member: string;
  readonly address: string;
  readonly local: boolean;
  peer: RegisteredPeer | undefined;
  old: OldClient | undefined;
  /** In monotonic milliseconds of this daemon. */
  lastActive(): number;
}

/** A member at another daemon. */
export interface RollEntry {
  readonly daemon: string;
  readonly key: string;
  readonly name: string;
  readonly session: string;
  readonly since: Instant;
  readonly rank: number;
  readonly idle: boolean;
  readonly connections: ReadonlyMap<number, Afar>;
}

/** A connection as it is told to other daemons. */
export interface ToldConnection {
  readonly id: number;
  readonly address: string;
  readonly local: boolean;
  /** Since the member last did something on it, when this was told. */
  readonly idleMs: number;
  readonly peer?: RegisteredPeer;
  readonly old?: OldClient;
}

/** A member of this daemon as he is told to the others. */
export type ToldEntry = Omit<RollEntry, 'daemon' | 'connections'> & { readonly connections: readonly ToldConnection[] };

/** A member who changed, or only his key where he left. */
type Told = ToldEntry | { readonly key: string; readonly connections?: undefined };

interface Page {
  readonly told: number;
  readonly members: readonly ToldEntry[];
  /** Keys behind it are asked for with this one; undefined at the end. */
  readonly after: string | undefined;
}

/** What is known of one other daemon. */
interface Sheet {
  readonly entries: Map<string, RollEntry>;
  /** Number of the last of its messages, while none was missed; undefined: it is to be asked for all of it. */
  told: number | undefined;
  asking: Asking | undefined;
}

/** What came in while a daemon was being asked for all of it: newer than the answer. */
interface Asking {
  readonly keys: Set<string>;
  first: number | undefined;
  last: number | undefined;
  /** One between the first and the last was missed. */
  gap: boolean;
}

export interface RollSettings {
  readonly bus: Bus;
  readonly daemons: Daemons;
  readonly monotonic: () => number;
  /** A member of this daemon, undefined where he is not there. */
  readonly entry: (key: string) => ToldEntry | undefined;
  readonly keys: () => Iterable<string>;
  /** A member at another daemon came, changed or left. */
  readonly onChange: (key: string, entry: RollEntry | undefined) => void;
}

const TOPIC = 'presence';
/** Characters of JSON in one message: well below what a bus takes. */
const MESSAGE = 256 * 1024;
const NONE: readonly RollEntry[] = [];

/**
 * Which members are at the other daemons of the room. Each daemon tells what changed with its own, and numbers these
 * messages; whoever has missed one, or has just come, asks it for all of them, a page at a time.
 */
export class Roll {
  readonly #settings: RollSettings;
  readonly #sheets = new Map<string, Sheet>();
  /** The same by member. */
  readonly #entries = new Map<string, RollEntry[]>();
  readonly #onGone = new Set<(connection: Afar) => void>();
  #changed = new Set<string>();
  #told = 0;
  #flushing: NodeJS.Immediate | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(settings: RollSettings) {
    this.#settings = settings;
    const { daemons } = settings;
    daemons.answer('members', ({ after }: { after?: string }) => this.#page(after));
    daemons.onHeard((mate) => this.#heard(mate));
    daemons.onGone((id) => this.#forget(id));
  }

  start(): void {
    this.#unsubscribe = this.#settings.bus.subscribe(TOPIC, (message) => {
      const { from, told, members } = message as { from: string; told: number; members: Told[] };
      if (from !== this.#settings.daemons.id) this.#take(from, told, members);
    });
  }

  stop(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** Messages that this daemon has sent. */
  get told(): number {
    return this.#told;
  }

  of(key: string): readonly RollEntry[] {
    return this.#entries.get(key) ?? NONE;
  }

  *all(): Generator<RollEntry> {
    for (const { entries } of this.#sheets.values()) yield* entries.values();
  }

  /** Hears of connections that ended. */
  onGone(listener: (connection: Afar) => void): void {
    this.#onGone.add(listener);
  }

  /** A member of this daemon is to be told of, with all that changes in this turn. */
  changed(key: string): void {
    if (!this.#unsubscribe) return;
    this.#changed.add(key);
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = undefined;
    const { bus, daemons, entry } = this.#settings;
    const keys = [...this.#changed];
    this.#changed = new Set();
    let members: Told[] = [];
    let size = 0;
    const send = () => {
      this.#told += 1;
      bus.publish(TOPIC, { from: daemons.id, told: this.#told, members });
      [members, size] = [[], 0];
    };
    // Where nobody hears it, it counts all the same: for those who will have missed it.
    for (const key of daemons.alone ? [] : keys) {
      const told = entry(key) ?? { key };
      members.push(told);
      size += JSON.stringify(told).length;
      if (size >= MESSAGE) send();
    }
    if (members.length > 0 || daemons.alone) send();
  }

  #page(after: string | undefined): Page {
    const members: ToldEntry[] = [];
    let size = 0;
    for (const key of [...this.#settings.keys()].sort()) {
      if (after !== undefined && key <= after) continue;
      const told = this.#settings.entry(key)!;
      members.push(told);
      size += JSON.stringify(told).length;
      if (size >= MESSAGE) return { told: this.#told, members, after: key };
    }
    return { told: this.#told, members, after: undefined };
  }

  #heard({ id, told }: Mate): void {
    const sheet = this.#sheetOf(id);
    if (sheet.told !== told) void this.#ask(id, sheet);
  }

  #take(from: string, told: number, members: readonly Told[]): void {
    const sheet = this.#sheetOf(from);
    const { asking } = sheet;
    for (const member of members) {
      asking?.keys.add(member.key);
      this.#set(from, sheet, member);
    }
    if (asking) {
      asking.gap ||= asking.last !== undefined && told !== asking.last + 1;
      asking.first ??= told;
      asking.last = told;
    } else if (sheet.told !== undefined) {
      sheet.told = told === sheet.told + 1 ? told : undefined; // its next sign of life has it asked
    }
  }

  async #ask(id: string, sheet: Sheet): Promise<void> {
    if (sheet.asking) return;
    const asking: Asking = { keys: new Set(), first: undefined, last: undefined, gap: false };
    const newer = asking.keys;
    sheet.asking = asking;
    const seen = new Set<string>();
    try {
      let told: number | undefined;
      for (let after: string | undefined, more = true; more; more = after !== undefined) {
        const page = (await this.#settings.daemons.ask(id, 'members', { after })) as Page;
        if (this.#sheets.get(id) !== sheet) return; // it is gone meanwhile
        told ??= page.told;
        for (const member of page.members) {
          seen.add(member.key);
          if (!newer.has(member.key)) this.#set(id, sheet, member);
        }
        after = page.after;
      }
      for (const key of [...sheet.entries.keys()]) {
        if (!seen.has(key) && !newer.has(key)) this.#set(id, sheet, { key });
      }
      const { first, last, gap } = asking;
      sheet.told = gap || (first ?? 0) > told! + 1 ? undefined : Math.max(told!, last ?? 0);
    } catch {
      // It did not answer: its next sign of life has it asked again.
    } finally {
      sheet.asking = undefined;
    }
  }

  #sheetOf(id: string): Sheet {
    const sheet = this.#sheets.get(id) ?? { entries: new Map(), told: undefined, asking: undefined };
    this.#sheets.set(id, sheet);
    return sheet;
  }

  #forget(id: string): void {
    const sheet = this.#sheets.get(id);
    if (!sheet) return;
    for (const key of [...sheet.entries.keys()]) this.#set(id, sheet, { key });
    this.#sheets.delete(id);
  }

  #set(daemon: string, sheet: Sheet, member: Told): void {
    const { key } = member;
    const before = sheet.entries.get(key);
    const others = this.of(key).filter((entry) => entry !== before);
    let entry: RollEntry | undefined;
    if (member.connections === undefined) {
      sheet.entries.delete(key);
    } else {
      const { name, session, since, rank, idle } = member;
      const connections = new Map(
        member.connections.map((told) => {
          const active = this.#settings.monotonic() - told.idleMs;
          return [told.id, afar(daemon, key, told, active, before?.connections.get(told.id))];
        }),
      );
      entry = { daemon, key, name, session, since, rank, idle, connections };
      sheet.entries.set(key, entry);
    }
    if (entry) this.#entries.set(key, [...others, entry]);
    else if (others.length > 0) this.#entries.set(key, others);
    else this.#entries.delete(key);
    for (const [id, connection] of before?.connections ?? []) {
      if (!entry?.connections.has(id)) for (const listener of this.#onGone) listener(connection);
    }
    this.#settings.onChange(key, entry);
  }
}

/** The same object as before where it is the same connection: introductions of peers stand and fall with it. */
function afar(daemon: string, member: string, told: ToldConnection, active: number, before: Afar | undefined): Afar {
  const { id, address, local, peer, old } = told;
  const connection = before ?? { daemon, id, member, address, local, peer, old, lastActive: () => active };
  connection.peer = peer;
  connection.old = old;
  connection.lastActive = () => active;
  return connection;
}
