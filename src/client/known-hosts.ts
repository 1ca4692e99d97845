import { readFile } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';
import { writePrivate } from '../private-file.ts';

/**
 * Certificates of daemons, trusted on first use: one `host:port sha256:<hex>` a line. A daemon's certificate is its
 * own work, so the fingerprint seen first is what later ones are held against.
 */
export class KnownHosts {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Whether this server was met before.
   * @throws Failure CERTIFICATE_CHANGED when it showed another certificate then; CONFIG_INVALID when its line cannot
   * be read, since a pin that cannot be checked is no pin.
   */
  async check(server: string, fingerprint: string): Promise<'known' | 'new'> {
    const lines = await this.#lines();
    for (const [index, line] of lines.entries()) {
      const [name, pin, ...rest] = line.trim().split(/\s+/);
      if (name !== server) continue;
      const known = /^sha256:([0-9a-f]{64})$/i.exec(pin ?? '')?.[1]?.toLowerCase();
      if (known === undefined || rest.length > 0) {
        throw new Failure(
          'CONFIG_INVALID',
          `${this.#file}, line ${index + 1}: expected "${server} sha256:" and 64 hex digits. Mend the line, or remove it to trust the server anew.`,
          { data: { file: this.#file, line: index + 1 } },
        );
      }
      if (known === fingerprint) return 'known';
      throw this.#changed(server, known, fingerprint, index + 1);
    }
    return 'new';
  }

  /** Keeps the certificate of a server met for the first time. */
  async add(server: string, fingerprint: string): Promise<void> {
    if ((await this.check(server, fingerprint)) === 'known') return; // another goldctl was first
    const lines = await this.#lines();
    await writePrivate(this.#file, `${[...lines, `${server} sha256:${fingerprint}`].join('\n')}\n`);
  }

  #changed(server: string, known: string, presented: string, line: number): Failure {
    return new Failure(
      'CERTIFICATE_CHANGED',
      `The certificate of ${server} changed: sha256:${known} is known, sha256:${presented} was shown. Either its owner made a new one, or somebody else answers in its place and would read your password. Ask the owner for the fingerprint (\`goldctl daemon status\` shows it there); if it is the one shown, remove line ${line} of ${this.#file} and connect again.`,
      { data: { server, known, presented, file: this.#file, line } },
    );
  }

  async #lines(): Promise<string[]> {
    try {
      return (await readFile(this.#file, 'utf8'))
        .split('\n')
        .filter((line, at, all) => line !== '' || at < all.length - 1);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new Failure('STORE_FAILED', `${this.#file} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, {
        cause,
      });
    }
  }
}
