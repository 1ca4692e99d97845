import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import { writePrivateFileAtomic } from '../private-file.ts';

export interface Credential {
  readonly name: string;
  readonly token: string;
}

/** Identifies a server: a token for one is not for another. */
export interface ServerIdentity {
  /** `serverId` of target.ts: transport, host and port. */
  readonly server: string;
  /** SHA-256 of its certificate, hex; null without TLS. */
  readonly certificate: string | null;
}

/** A token that may be meant for a server. */
export interface CredentialMatch extends Credential {
  /** The server that it is stored for. */
  readonly server: string;
  /** False: the server never had it, or its certificate changed. The user decides whether it gets it. */
  readonly isConfirmed: boolean;
}

/** An entry without a token keeps the server confirmed, for the next sign-in at another server of the cluster. */
interface CredentialEntry extends Partial<Credential> {
  readonly certificate?: string | null;
}

const SERVER_ID_PATTERN = /^(?:local$|tls:\/\/|tcp:\/\/)/;

/** Sign-ins by server, mode 0600: tokens, never passwords. Only confirmed servers have an entry. */
export class CredentialStore {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** The token of a server, or of another one of its cluster. @throws AppError CONFIG_INVALID, STORE_FAILED */
  async find(identity: ServerIdentity, others: readonly string[]): Promise<CredentialMatch | undefined> {
    const all = await this.#read();
    const own = all.get(identity.server);
    const isKnown = own !== undefined && (own.certificate ?? null) === identity.certificate;
    const found: CredentialMatch[] = [];
    for (const server of [identity.server, ...others]) {
      const { name, token, certificate } = all.get(server) ?? {};
      if (name === undefined || token === undefined) continue;
      // The same certificate proves the same private key: it is the same daemon.
      const isSame = identity.certificate !== null && certificate === identity.certificate;
      found.push({ name, token, server, isConfirmed: isKnown || isSame });
    }
    return found.find(({ isConfirmed }) => isConfirmed) ?? found[0];
  }

  async isConfirmed(server: string): Promise<boolean> {
    return (await this.#read()).has(server);
  }

  /** Saves the sign-in for a server, and for the other servers that were confirmed before. */
  async save(identity: ServerIdentity, others: readonly string[], { name, token }: Credential): Promise<void> {
    const all = await this.#read();
    const { server, certificate } = identity;
    const entries = others.flatMap((other): [string, CredentialEntry][] => {
      const entry = all.get(other);
      return entry ? [[other, { ...entry, name, token }]] : [];
    });
    entries.push([server, { ...(server === 'local' ? {} : { certificate }), name, token }]);
    const fresh = entries.filter(([each, entry]) => JSON.stringify(all.get(each)) !== JSON.stringify(entry));
    if (fresh.length === 0) return;
    for (const [each, entry] of fresh) all.set(each, entry);
    await this.#write(all);
  }

  /** Removes a token, but not another one that was saved meanwhile. */
  async remove(servers: readonly string[], token: string): Promise<void> {
    const all = await this.#read();
    const stored = servers.filter((server) => all.get(server)?.token === token);
    if (stored.length === 0) return;
    for (const server of stored) {
      const { certificate } = all.get(server)!;
      if (certificate === undefined) all.delete(server);
      else all.set(server, { certificate });
    }
    await this.#write(all);
  }

  async #read(): Promise<Map<string, CredentialEntry>> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return new Map();
      const data = { file: this.#file };
      throw new AppError('STORE_FAILED', `${this.#file} cannot be read (${code}).`, { cause, data });
    }
    const all = new Map<string, CredentialEntry>();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw this.#corruptError(); // without the cause: its message quotes the text, which contains tokens
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw this.#corruptError();
    for (const [server, stored] of Object.entries(json)) {
      const { name, token, certificate } = (stored ?? {}) as Record<keyof CredentialEntry, unknown>;
      const isText = (value: unknown) => value === undefined || typeof value === 'string';
      if (!isText(name) || !isText(token) || (certificate !== null && !isText(certificate))) throw this.#corruptError();
      // Entries of earlier versions do not name the transport: their tokens are not used.
      if (!SERVER_ID_PATTERN.test(server)) continue;
      all.set(server, stored as CredentialEntry);
    }
    return all;
  }

  async #write(all: Map<string, CredentialEntry>): Promise<void> {
    await writePrivateFileAtomic(this.#file, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
  }

  #corruptError(): AppError {
    return new AppError(
      'CONFIG_INVALID',
      `${this.#file} is damaged. Remove it and sign in again with \`goldctl account signin NAME\`.`,
      { data: { file: this.#file } },
    );
  }
}
