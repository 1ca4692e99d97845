import { readFile } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';
import { writePrivate } from '../home.ts';

export interface Credential {
  readonly name: string;
  readonly token: string;
}

/** Who is signed in where: `{"<server or local>": {name, token}}`, 0600. Tokens, never passwords. */
export class Credentials {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The first one that is kept for any of the servers of a room.
   * @throws Failure CONFIG_INVALID, STORE_FAILED
   */
  async get(servers: readonly string[]): Promise<Credential | undefined> {
    const all = await this.#read();
    for (const server of servers) {
      const kept = all.get(server);
      if (kept) return kept;
    }
    return undefined;
  }

  /** Keeps it for every one of them. */
  async set(servers: readonly string[], { name, token }: Credential): Promise<void> {
    const all = await this.#read();
    const fresh = servers.filter((server) => {
      const before = all.get(server);
      return before?.name !== name || before.token !== token;
    });
    if (fresh.length === 0) return;
    for (const server of fresh) all.set(server, { name, token });
    await this.#write(all);
  }

  /** Forgets a token; another one that was kept in the meantime stays. */
  async remove(servers: readonly string[], token: string): Promise<void> {
    const all = await this.#read();
    const kept = servers.filter((server) => all.get(server)?.token === token);
    if (kept.length === 0) return;
    for (const server of kept) all.delete(server);
    await this.#write(all);
  }

  async #read(): Promise<Map<string, Credential>> {
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
    const all = new Map<string, Credential>();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw this.#damaged(); // without the cause: its message quotes the text, and the text holds tokens
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw this.#damaged();
    for (const [server, kept] of Object.entries(json)) {
      const { name, token } = (kept ?? {}) as Partial<Credential>;
      if (typeof name !== 'string' || typeof token !== 'string') throw this.#damaged();
      all.set(server, { name, token });
    }
    return all;
  }

  async #write(all: Map<string, Credential>): Promise<void> {
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
