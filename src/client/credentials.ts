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

  /** @throws Failure CONFIG_INVALID, STORE_FAILED */
  async get(server: string): Promise<Credential | undefined> {
    return (await this.#read()).get(server);
  }

  async set(server: string, { name, token }: Credential): Promise<void> {
    const all = await this.#read();
    const before = all.get(server);
    if (before?.name === name && before.token === token) return;
    await this.#write(all.set(server, { name, token }));
  }

  /** Forgets a token; another one that was kept in the meantime stays. */
  async remove(server: string, token: string): Promise<void> {
    const all = await this.#read();
    if (all.get(server)?.token !== token) return;
    all.delete(server);
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
