import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import { writePrivateFileAtomic } from '../private-file.ts';
import { isPrivateLine } from '../repl/private-line.ts';
import { MAX_HISTORY_LINES } from './editor.ts';

const MAX_FILE_BYTES = 1_048_576;
/** All lines together, in UTF-16 units: the oldest are dropped. Much less than `MAX_FILE_BYTES`. */
const MAX_TOTAL_LENGTH = 131_072;

/**
 * Stores the lines that were typed into the dashboard, as a JSON array, oldest first. Lines that may contain a password or
 * token are never stored. A corrupt file counts as empty.
 */
export class HistoryFile {
  readonly #file: string;
  #writes: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws AppError STORE_FAILED, CONFIG_INVALID */
  async load(): Promise<readonly string[]> {
    let text: string;
    try {
      const stats = await stat(this.#file);
      if (!stats.isFile() || stats.size > MAX_FILE_BYTES) throw this.#corruptFileError();
      text = await readFile(this.#file, 'utf8');
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      const data = { file: this.#file };
      throw new AppError('STORE_FAILED', `${this.#file} cannot be read (${code}).`, { cause, data });
    }
    try {
      return parseLines(JSON.parse(text));
    } catch {
      throw this.#corruptFileError();
    }
  }

  /**
   * Adds a line. Keeps what other dashboards wrote in the meantime.
   * @throws AppError STORE_FAILED
   */
  add(line: string): Promise<void> {
    if (isPrivateLine(line)) return Promise.resolve();
    const written = this.#writes.then(async () => {
      // An unreadable file is replaced.
      const before = await this.load().catch((): string[] => []);
      const lines = before.at(-1) === line ? before : limitLines([...before, line]);
      await writePrivateFileAtomic(this.#file, `${JSON.stringify(lines, null, 1)}\n`);
    });
    this.#writes = written.catch(() => {});
    return written;
  }

  /** Resolves when all lines are written. */
  async waitForWrites(): Promise<void> {
    await this.#writes;
  }

  #corruptFileError(): AppError {
    return new AppError('CONFIG_INVALID', `${this.#file} is corrupt. Earlier input is not available.`, {
      data: { file: this.#file },
    });
  }
}

function parseLines(json: unknown): string[] {
  if (!Array.isArray(json)) throw new TypeError('not an array');
  return limitLines(json.filter((line): line is string => typeof line === 'string' && line !== ''));
}

function limitLines(lines: readonly string[]): string[] {
  const kept = lines.slice(-MAX_HISTORY_LINES);
  let total = kept.reduce((sum, line) => sum + line.length, 0);
  while (total > MAX_TOTAL_LENGTH && kept.length > 0) total -= kept.shift()!.length;
  return kept;
}
