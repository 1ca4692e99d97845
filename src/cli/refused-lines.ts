import { PrivateFile } from '../private-file.ts';
import { outputFailure } from './output.ts';

/** Refusals that are kept to be shown; the others are counted and, where a file is named, written. */
const KEPT = 10_000;
const BUFFER = 64 * 1024;

export interface Refused {
  readonly line: number;
  readonly reason: string;
}

function byLine(a: Refused, b: Refused): number {
  return a.line - b.line;
}

/** Lines of a file that did not go in, and why. Memory stays bounded however many they are. */
export class RefusedLines {
  /**
   * @param path of a file that gets all of them, a line each, when it is closed
   * @throws Failure INVALID_REQUEST when the file is there already or cannot be made
   */
  static async open(path?: string): Promise<RefusedLines> {
    if (path === undefined) return new RefusedLines();
    try {
      return new RefusedLines({ path, file: await PrivateFile.create(path) });
    } catch (cause) {
      throw outputFailure(path, cause, 'Name another one.');
    }
  }

  count = 0;
  readonly #kept: Refused[] = [];
  readonly #output: { readonly path: string; readonly file: PrivateFile } | undefined;
  #buffer = '';
  #writing: Promise<void> = Promise.resolve();

  private constructor(output?: { readonly path: string; readonly file: PrivateFile }) {
    this.#output = output;
  }

  add(line: number, reason: string): void {
    this.count++;
    // Answers come out of order, by a few calls' lines at most: the first lines are not always the first to be told.
    if (this.#kept.push({ line, reason }) > 2 * KEPT) {
      this.#kept.sort(byLine);
      this.#kept.length = KEPT;
    }
    if (!this.#output) return;
    this.#buffer += `line ${line}: ${reason}\n`;
    if (this.#buffer.length > BUFFER) this.#flush(this.#output.file);
  }

  /** The first ones by line. */
  first(count: number): Refused[] {
    return this.#kept.sort(byLine).slice(0, count);
  }

  /** @throws Failure INVALID_REQUEST when the file cannot be written; nothing of it stays then */
  async close(): Promise<void> {
    if (!this.#output) return;
    const { path, file } = this.#output;
    try {
      this.#flush(file);
      await this.#writing;
      await file.commit();
    } catch (cause) {
      throw outputFailure(path, cause, 'Name another one.');
    } finally {
      await file.abandon();
    }
  }

  #flush(file: PrivateFile): void {
    const text = this.#buffer;
    this.#buffer = '';
    this.#writing = this.#writing.then(() => file.write(text));
    this.#writing.catch(() => {}); // `close` tells it
  }
}
