import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import { writePrivateFileAtomic } from '../private-file.ts';

const MAX_FILE_BYTES = 1_048_576;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * What the dashboards on this machine remember, as one JSON object. Readers validate its values, because anybody may
 * have edited the file.
 */
export class DashboardStateFile {
  readonly #file: string;
  readonly #earlierFile: string | undefined;
  #lastRead: JsonObject = {};
  #writes: Promise<void> = Promise.resolve();

  /** @param earlierFile where earlier versions stored the chosen series; read while `file` does not exist */
  constructor(file: string, earlierFile?: string) {
    this.#file = file;
    this.#earlierFile = earlierFile;
  }

  /** @throws AppError STORE_FAILED, CONFIG_INVALID */
  async read(): Promise<JsonObject> {
    this.#lastRead = (await this.#readFile(this.#file)) ?? (await this.#readEarlier()) ?? {};
    return this.#lastRead;
  }

  /**
   * Replaces the value of a key. Keeps what other dashboards wrote in the meantime; an unreadable file is replaced.
   * @throws AppError STORE_FAILED
   */
  update(key: string, compute: (before: unknown) => unknown): Promise<void> {
    const written = this.#writes.then(async () => {
      const before = await this.read().catch(() => this.#lastRead);
      this.#lastRead = { ...before, [key]: compute(before[key]) };
      await writePrivateFileAtomic(this.#file, `${JSON.stringify(this.#lastRead, null, 2)}\n`);
    });
    this.#writes = written.catch(() => {});
    return written;
  }

  /** Resolves when everything is written. */
  async waitForWrites(): Promise<void> {
    await this.#writes;
  }

  /** The earlier file had the chosen series alone. Users write their settings there now, so any problem means: none. */
  async #readEarlier(): Promise<JsonObject | undefined> {
    if (this.#earlierFile === undefined) return undefined;
    const json = await this.#readFile(this.#earlierFile).catch(() => undefined);
    return json && { series: json.series };
  }

  async #readFile(file: string): Promise<JsonObject | undefined> {
    let text: string;
    try {
      const stats = await stat(file);
      if (!stats.isFile() || stats.size > MAX_FILE_BYTES) throw corruptFileError(file);
      text = await readFile(file, 'utf8');
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw new AppError('STORE_FAILED', `${file} cannot be read (${code}).`, { cause, data: { file } });
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw corruptFileError(file);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw corruptFileError(file);
    return value as JsonObject;
  }
}

function corruptFileError(file: string): AppError {
  return new AppError(
    'CONFIG_INVALID',
    `${file} is corrupt. The reference series and the default view are shown instead.`,
    { data: { file } },
  );
}
