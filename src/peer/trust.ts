import { Failure } from '../domain/failure.ts';
import { nameKey } from '../domain/name.ts';
import { SharedFile } from './shared-file.ts';

interface Known {
  /** SHA-256 of the member's public keys, hex: of the one that was shown first, and of those trusted later. */
  keys?: string[];
  /** Largest size that is taken from him unasked, in bytes. */
  takes?: number;
}

type Servers = Record<string, Record<string, Known>>;

/** Machines of one member. */
const KEYS = 16;
/** Members whose keys are kept, of one daemon: names cost nothing to whoever makes accounts. */
const MEMBERS = 10_000;

/**
 * What is known of other members, for each daemon: the key that a member showed first, so that a daemon that lies about
 * him is noticed, and what is taken from him unasked.
 */
export class Trust {
  readonly #file: SharedFile<Servers>;
  readonly #server: string;
  readonly #onFirst: (member: string, key: string) => void;

  /** @param onFirst told when a member is met for the first time, and his key kept */
  constructor(file: string, server: string, onFirst: (member: string, key: string) => void) {
    this.#file = new SharedFile(
      file,
      parse,
      'Mend it, or remove it: then all members are met for the first time again.',
    );
    this.#server = server;
    this.#onFirst = onFirst;
  }

  /**
   * Keeps the key of a member who is met for the first time.
   * @throws Failure NOT_ALLOWED when he had another one before; STORE_FAILED, CONFIG_INVALID
   */
  async check(member: string, key: string): Promise<void> {
    if (this.#compare(await this.#file.read(), member, key)) return;
    let first = false;
    await this.#file.update((servers) => {
      if (this.#compare(servers, member, key)) return false;
      const known = this.#of(servers, member);
      const members = servers[this.#server]!;
      if (Object.keys(members).length > MEMBERS) {
        throw new Failure('TOO_LARGE', `The keys of ${MEMBERS} members are known here: no more are taken.`);
      }
      known.keys = [key];
      first = true;
      return true;
    });
    if (first) this.#onFirst(member, key);
  }

  /** Takes a key of a member beside those that are known: he has another machine. @param key 64 hexadecimal digits */
  async trust(member: string, key: string): Promise<void> {
    const wanted = key.toLowerCase();
    if (!isKey(wanted)) {
      throw new Failure('INVALID_PARAMS', 'A key is 64 hexadecimal digits, as the refusal showed it.');
    }
    await this.#file.update((servers) => {
      const known = this.#of(servers, member);
      known.keys = [...(known.keys ?? []).filter((key) => key !== wanted), wanted].slice(-KEYS);
      return true;
    });
  }

  /** @param bytes null: ask again */
  async allow(member: string, bytes: number | null): Promise<void> {
    if (bytes !== null && !(Number.isSafeInteger(bytes) && bytes >= 0)) {
      throw new Failure('INVALID_PARAMS', 'A standing rule has a size in whole bytes.');
    }
    await this.#file.update((servers) => {
      const known = this.#of(servers, member);
      if (bytes === null) delete known.takes;
      else known.takes = bytes;
      return true;
    });
  }

  /** Whether so many bytes are taken from this member unasked. */
  async takes(member: string, bytes: number): Promise<boolean> {
    const { takes } = (await this.#file.read())[this.#server]?.[nameKey(member)] ?? {};
    return takes !== undefined && bytes <= takes;
  }

  /** Whether the key is known already. @throws Failure NOT_ALLOWED */
  #compare(servers: Servers, member: string, key: string): boolean {
    const known = servers[this.#server]?.[nameKey(member)]?.keys ?? [];
    if (known.length === 0 || known.includes(key)) return known.length > 0;
    throw new Failure(
      'NOT_ALLOWED',
      `${member} shows a key that is not his as far as is known here: sha256:${known.join(' or sha256:')} is, sha256:${key} was shown. Either he has a new machine, or somebody else poses as him and would read what you send. Ask him for his fingerprint; if it is the one shown, \`goldctl files trust ${member} ${key}\` takes it.`,
      { data: { member, known, shown: key } },
    );
  }

  #of(servers: Servers, member: string): Known {
    const members = servers[this.#server] ?? (Object.create(null) as Record<string, Known>);
    servers[this.#server] = members;
    const known = members[nameKey(member)] ?? {};
    members[nameKey(member)] = known;
    return known;
  }
}

function parse(json: unknown): Servers | undefined {
  const servers = Object.create(null) as Servers;
  for (const [server, members] of Object.entries(isObject(json ?? {}) ?? { '': null })) {
    const of = isObject(members);
    if (!of) return undefined;
    const kept = Object.create(null) as Record<string, Known>;
    servers[server] = kept;
    for (const [member, value] of Object.entries(of)) {
      const known = isObject(value);
      if (!known) return undefined;
      const { keys, takes } = known;
      if (keys !== undefined && !(Array.isArray(keys) && keys.every(isKey))) return undefined;
      if (takes !== undefined && !(Number.isSafeInteger(takes) && (takes as number) >= 0)) return undefined;
      kept[member] = {
        ...(keys === undefined ? {} : { keys }),
        ...(takes === undefined ? {} : { takes: takes as number }),
      };
    }
  }
  return servers;
}

function isObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
