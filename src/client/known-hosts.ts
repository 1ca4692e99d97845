import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import { writePrivateFileAtomic } from '../private-file.ts';

/** Trust on first use: `host:port sha256:<hex>` lines. Daemons sign their own certificates. */
export class KnownHosts {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws AppError CERTIFICATE_CHANGED; CONFIG_INVALID: a malformed pin cannot be checked */
  async check(server: string, fingerprint: string): Promise<'known' | 'new'> {
    const lines = await this.#readLines();
    for (const [index, line] of lines.entries()) {
      const [name, pin, ...rest] = line.trim().split(/\s+/);
      if (name !== server) continue;
      const known = /^sha256:([0-9a-f]{64})$/i.exec(pin ?? '')?.[1]?.toLowerCase();
      if (known === undefined || rest.length > 0) {
        throw new AppError(
          'CONFIG_INVALID',
          `${this.#file}, line ${index + 1}: expected "${server} sha256:" and 64 hex digits. Fix the line, or remove it to trust the server again.`,
          { data: { file: this.#file, line: index + 1 } },
        );
      }
      if (known === fingerprint) return 'known';
      throw this.#certificateChangedError(server, known, fingerprint, index + 1);
    }
    return 'new';
  }

  async add(server: string, fingerprint: string): Promise<void> {
    if ((await this.check(server, fingerprint)) === 'known') return; // another goldctl was first
    const lines = await this.#readLines();
    await writePrivateFileAtomic(this.#file, `${[...lines, `${server} sha256:${fingerprint}`].join('\n')}\n`);
  }

  #certificateChangedError(server: string, known: string, presented: string, line: number): AppError {
    return new AppError(
      'CERTIFICATE_CHANGED',
      `The certificate of ${server} has changed: expected sha256:${known}, received sha256:${presented}. Either the owner replaced it, or someone is intercepting the connection and would read your password. Ask the owner for the fingerprint (\`goldctl daemon status\` shows it there); if it is the received one, remove line ${line} of ${this.#file} and connect again.`,
      { data: { server, known, presented, file: this.#file, line } },
    );
  }

  async #readLines(): Promise<string[]> {
    try {
      return (await readFile(this.#file, 'utf8'))
        .split('\n')
        .filter((line, index, all) => line !== '' || index < all.length - 1);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      throw new AppError('STORE_FAILED', `${this.#file} cannot be read (${code}).`, { cause });
    }
  }
}
