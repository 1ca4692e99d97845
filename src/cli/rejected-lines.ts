import { PrivateFile } from '../private-file.ts';
import { outputError } from './export-output.ts';

/** Rejected lines that are kept for display; others are only counted and written to the file, if any. */
const MAX_KEPT_LINES = 10_000;
const MAX_BUFFER_LENGTH = 64 * 1024;

export interface RejectedLine {
  readonly line: number;
  readonly reason: string;
}

function byLine(a: RejectedLine, b: RejectedLine): number {
  return a.line - b.line;
}

/** The rejected lines of a file and the reasons, in bounded memory. */
export class RejectedLines {
  /**
   * @param path a new file for all of them, one per line; it appears on `close`
   * @throws AppError INVALID_REQUEST if the file exists or cannot be created
   */
  static async open(path?: string): Promise<RejectedLines> {
    if (path === undefined) return new RejectedLines();
    try {
      return new RejectedLines({ path, file: await PrivateFile.create(path) });
    } catch (cause) {
      throw outputError(path, cause, 'Choose another name.');
    }
  }

  count = 0;
  readonly #kept: RejectedLine[] = [];
  readonly #output: { readonly path: string; readonly file: PrivateFile } | undefined;
  #buffer = '';
  #writing: Promise<void> = Promise.resolve();

  private constructor(output?: { readonly path: string; readonly file: PrivateFile }) {
    this.#output = output;
  }

  add(line: number, reason: string): void {
    this.count++;
    // Results arrive slightly out of order, by the lines of a few calls.
    if (this.#kept.push({ line, reason }) > 2 * MAX_KEPT_LINES) {
      this.#kept.sort(byLine);
      this.#kept.length = MAX_KEPT_LINES;
    }
    if (!this.#output) return;
    this.#buffer += `line ${line}: ${reason}\n`;
    if (this.#buffer.length > MAX_BUFFER_LENGTH) this.#flush(this.#output.file);
  }

  /** The first rejected lines by line number. */
  first(count: number): RejectedLine[] {
    return this.#kept.sort(byLine).slice(0, count);
  }

  /** @throws AppError INVALID_REQUEST if the file cannot be written; it is removed then */
  async close(): Promise<void> {
    if (!this.#output) return;
    const { path, file } = this.#output;
    try {
      this.#flush(file);
      await this.#writing;
      await file.commit();
    } catch (cause) {
      throw outputError(path, cause, 'Choose another name.');
    } finally {
      await file.discard();
    }
  }

  #flush(file: PrivateFile): void {
    const text = this.#buffer;
    this.#buffer = '';
    this.#writing = this.#writing.then(() => file.write(text));
    this.#writing.catch(() => {}); // `close` reports it
  }
}
