import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { LockedJsonFile } from './locked-json-file.ts';

interface KnownMember {
  /** SHA-256 of the member's public keys, hex: the first one presented, and those trusted later. */
  keys?: string[];
  /** Auto-accept rule: the maximum size in bytes. */
  takes?: number;
}

type MembersByServer = Record<string, Record<string, KnownMember>>;

/** One for each of their machines. */
const MAX_KEYS_PER_MEMBER = 16;
/** Of one daemon. Bounded, because an attacker can create unlimited accounts. */
const MAX_KNOWN_MEMBERS = 10_000;

/**
 * Known keys and auto-accept rules of other members, for each daemon. A member's first key is pinned (trust on first
 * use), so that a daemon that lies about a member's key is detected.
 */
export class TrustStore {
  readonly #file: LockedJsonFile<MembersByServer>;
  readonly #server: string;
  readonly #onFirstContact: (member: string, key: string) => void;

  /** @param onFirstContact called when the first key of a member has been stored */
  constructor(file: string, server: string, onFirstContact: (member: string, key: string) => void) {
    const remedy = 'Fix it. Or remove it: the next key of each member is then trusted as their first one.';
    this.#file = new LockedJsonFile(file, parseMembers, remedy);
    this.#server = server;
    this.#onFirstContact = onFirstContact;
  }

  /**
   * Stores a member's key at first contact.
   * @throws AppError NOT_ALLOWED when it is not one of their known keys; STORE_FAILED, CONFIG_INVALID
   */
  async verifyKey(member: string, key: string): Promise<void> {
    if (this.#isKnownKey(await this.#file.read(), member, key)) return;
    let isFirst = false;
    await this.#file.update((servers) => {
      if (this.#isKnownKey(servers, member, key)) return false;
      const known = this.#memberEntry(servers, member);
      const members = servers[this.#server]!;
      if (Object.keys(members).length > MAX_KNOWN_MEMBERS) {
        throw new AppError('TOO_LARGE', `The limit of ${MAX_KNOWN_MEMBERS} known members is reached.`);
      }
      known.keys = [key];
      isFirst = true;
      return true;
    });
    if (isFirst) this.#onFirstContact(member, key);
  }

  /** Trusts another key of a member, for instance of a new machine. @param key 64 hexadecimal digits */
  async addKey(member: string, key: string): Promise<void> {
    const added = key.toLowerCase();
    if (!isFingerprint(added)) {
      throw new AppError('INVALID_PARAMS', 'A key must have 64 hexadecimal digits, as shown in the error message.');
    }
    await this.#file.update((servers) => {
      const known = this.#memberEntry(servers, member);
      known.keys = [...(known.keys ?? []).filter((known) => known !== added), added].slice(-MAX_KEYS_PER_MEMBER);
      return true;
    });
  }

  /** @param bytes the maximum size; null removes the rule */
  async setAutoAccept(member: string, bytes: number | null): Promise<void> {
    if (bytes !== null && !(Number.isSafeInteger(bytes) && bytes >= 0)) {
      throw new AppError('INVALID_PARAMS', 'The size of an auto-accept rule must be a whole number of bytes.');
    }
    await this.#file.update((servers) => {
      const known = this.#memberEntry(servers, member);
      if (bytes === null) delete known.takes;
      else known.takes = bytes;
      return true;
    });
  }

  async autoAccepts(member: string, bytes: number): Promise<boolean> {
    const { takes } = (await this.#file.read())[this.#server]?.[canonicalName(member)] ?? {};
    return takes !== undefined && bytes <= takes;
  }

  /** @returns false when no key of the member is known @throws AppError NOT_ALLOWED */
  #isKnownKey(servers: MembersByServer, member: string, key: string): boolean {
    const known = servers[this.#server]?.[canonicalName(member)]?.keys ?? [];
    if (known.length === 0 || known.includes(key)) return known.length > 0;
    throw new AppError(
      'NOT_ALLOWED',
      `${member} presented an unknown key: sha256:${key}. Known: sha256:${known.join(' or sha256:')}. They may have a new machine, or someone may be impersonating them to read what you send. Ask ${member} for their fingerprint; if it matches, run \`goldctl files trust ${member} ${key}\`.`,
      { data: { member, known, shown: key } },
    );
  }

  #memberEntry(servers: MembersByServer, member: string): KnownMember {
    const members = servers[this.#server] ?? (Object.create(null) as Record<string, KnownMember>);
    servers[this.#server] = members;
    const known = members[canonicalName(member)] ?? {};
    members[canonicalName(member)] = known;
    return known;
  }
}

function parseMembers(json: unknown): MembersByServer | undefined {
  const servers = Object.create(null) as MembersByServer;
  for (const [server, members] of Object.entries(asObject(json ?? {}) ?? { '': null })) {
    const entries = asObject(members);
    if (!entries) return undefined;
    const parsed = Object.create(null) as Record<string, KnownMember>;
    servers[server] = parsed;
    for (const [member, value] of Object.entries(entries)) {
      const known = asObject(value);
      if (!known) return undefined;
      const { keys, takes } = known;
      if (keys !== undefined && !(Array.isArray(keys) && keys.every(isFingerprint))) return undefined;
      if (takes !== undefined && !(Number.isSafeInteger(takes) && (takes as number) >= 0)) return undefined;
      parsed[member] = defined({ keys, takes: takes as number | undefined });
    }
  }
  return servers;
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

function isFingerprint(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}
