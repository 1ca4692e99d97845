import { closeSync, openSync, writeSync } from 'node:fs';
import { Failure } from '../domain/failure.ts';

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
  count = 0;
  readonly #kept: Refused[] = [];
  readonly #file: number | undefined;
  #buffer = '';

  /**
   * @param file gets all of them, a line each
   * @throws Failure INVALID_REQUEST when the file is there already or cannot be made
   */
  constructor(file?: string) {
    if (file === undefined) return;
    try {
      this.#file = openSync(file, 'wx');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const why = code === 'EEXIST' ? 'exists already. Name another one' : `cannot be written (${code})`;
      throw new Failure('INVALID_REQUEST', `The file ${file} ${why}.`, { cause, data: { file } });
    }
  }

  add(line: number, reason: string): void {
    this.count++;
    // Answers come out of order, by a few calls' lines at most: the first lines are not always the first to be told.
    if (this.#kept.push({ line, reason }) > 2 * KEPT) {
      this.#kept.sort(byLine);
      this.#kept.length = KEPT;
    }
    if (this.#file === undefined) return;
    this.#buffer += `line ${line}: ${reason}\n`;
    if (this.#buffer.length > BUFFER) this.#flush(this.#file);
  }

  /** The first ones by line. */
  first(count: number): Refused[] {
    return this.#kept.sort(byLine).slice(0, count);
  }

  close(): void {
    if (this.#file === undefined) return;
    this.#flush(this.#file);
    closeSync(this.#file);
  }

  #flush(file: number): void {
    const text = this.#buffer;
    this.#buffer = '';
    writeSync(file, text);
  }
}
