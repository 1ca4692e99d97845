import { readFile } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';
import { writePrivate } from '../private-file.ts';

export interface Credential {
  readonly name: string;
  readonly token: string;
}

/** What tells one server from another: a token for one is not for another. */
export interface ServerIdentity {
  /** `serverId` of target.ts: kind of transport, host and port. */
  readonly server: string;
  /** SHA-256 of its certificate, hex; null where the transport has none. */
  readonly certificate: string | null;
}

/** A token that may be meant for a server. */
export interface FoundCredential extends Credential {
  /** The server that it is kept for. */
  readonly server: string;
  /** False: the server was never given it, or has another certificate now. The user decides whether it gets it. */
  readonly isConfirmed: boolean;
}

/** Without a token, the server is confirmed still: the next sign-in at another server of the room is for it as well. */
interface Entry extends Partial<Credential> {
  readonly certificate?: string | null;
}

const SERVER = /^(?:local$|tls:\/\/|tcp:\/\/)/;

/**
 * Who is signed in where: `{"<server>": {certificate, name, token}}`, 0600. Tokens, never passwords. A server has an entry
 * once the user signed in there, or confirmed that it is one of a room.
 */
export class Credentials {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The token for a server, or else that of another server of its room.
   * @param others of the room, by `serverId`
   * @throws Failure CONFIG_INVALID, STORE_FAILED
   */
  async find(identity: ServerIdentity, others: readonly string[]): Promise<FoundCredential | undefined> {
    const all = await this.#read();
    const own = all.get(identity.server);
    const isKnown = own !== undefined && (own.certificate ?? null) === identity.certificate;
    const found: FoundCredential[] = [];
    for (const server of [identity.server, ...others]) {
      const { name, token, certificate } = all.get(server) ?? {};
      if (name === undefined || token === undefined) continue;
      // Whoever shows the same certificate has its key: it is the same daemon, or one that shares all with it.
      const isSame = identity.certificate !== null && certificate === identity.certificate;
      found.push({ name, token, server, isConfirmed: isKnown || isSame });
    }
    return found.find(({ isConfirmed }) => isConfirmed) ?? found[0];
  }

  /** Whether a server has an entry. */
  async isConfirmed(server: string): Promise<boolean> {
    return (await this.#read()).has(server);
  }

  /** Keeps it for a server, and for those of the others that were confirmed before. */
  async set(identity: ServerIdentity, others: readonly string[], { name, token }: Credential): Promise<void> {
    const all = await this.#read();
    const { server, certificate } = identity;
    const entries = others.flatMap((other): [string, Entry][] => {
      const entry = all.get(other);
      return entry ? [[other, { ...entry, name, token }]] : [];
    });
    entries.push([server, { ...(server === 'local' ? {} : { certificate }), name, token }]);
    const fresh = entries.filter(([each, entry]) => JSON.stringify(all.get(each)) !== JSON.stringify(entry));
    if (fresh.length === 0) return;
    for (const [each, entry] of fresh) all.set(each, entry);
    await this.#write(all);
  }

  /** Forgets a token; another one that was kept in the meantime stays. */
  async remove(servers: readonly string[], token: string): Promise<void> {
    const all = await this.#read();
    const kept = servers.filter((server) => all.get(server)?.token === token);
    if (kept.length === 0) return;
    for (const server of kept) {
      const { certificate } = all.get(server)!;
      if (certificate === undefined) all.delete(server);
      else all.set(server, { certificate });
    }
    await this.#write(all);
  }

  async #read(): Promise<Map<string, Entry>> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return new Map();
      throw new Failure('STORE_FAILED', `${this.#file} cannot be read (${code}).`, {
        cause,
        data: { file: this.#file },
      });
    }
    const all = new Map<string, Entry>();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw this.#damaged(); // without the cause: its message quotes the text, and the text holds tokens
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw this.#damaged();
    for (const [server, kept] of Object.entries(json)) {
      const { name, token, certificate } = (kept ?? {}) as Record<keyof Entry, unknown>;
      const isText = (value: unknown) => value === undefined || typeof value === 'string';
      if (!isText(name) || !isText(token) || (certificate !== null && !isText(certificate))) throw this.#damaged();
      // Entries of earlier versions do not say which kind of server they are of: nobody gets their tokens.
      if (!SERVER.test(server)) continue;
      all.set(server, kept as Entry);
    }
    return all;
  }

  async #write(all: Map<string, Entry>): Promise<void> {
    await writePrivate(this.#file, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
  }

  #damaged(): Failure {
    return new Failure(
      'CONFIG_INVALID',
      `${this.#file} is damaged. Remove it and sign in again with \`goldctl account signin NAME\`.`,
      { data: { file: this.#file } },
    );
  }
}
