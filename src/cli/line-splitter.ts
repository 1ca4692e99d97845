import { UnicodeDecoder } from './unicode-decoder.ts';

/** Typical lines of quote files have 40 characters. */
export const MAX_LINE_CHARACTERS = 64 * 1024;

/** Consecutive complete lines; `tooLong` has the numbers of those whose text was dropped. */
export interface NumberedLines {
  /** Number of the first line, from 1. */
  readonly first: number;
  readonly lines: string[];
  readonly tooLong: ReadonlySet<number>;
}

const NO_LINES: ReadonlySet<number> = new Set();

/**
 * Splits bytes into numbered lines without BOM and line ends (LF, CRLF or CR). At most 64 KiB of a line are buffered.
 */
export class LineSplitter {
  readonly #decoder = new UnicodeDecoder();
  #pendingText = '';
  /** A chunk ended with CR: LF may follow. */
  #hasPendingCr = false;
  #isSkipping = false;
  #nextNumber = 1;

  /** Returns the completed lines. */
  push(bytes: Uint8Array): NumberedLines {
    return this.#split(this.#normalizeLineEnds(this.#decoder.push(bytes)));
  }

  /** Returns the last line if it had no line end. */
  finish(): NumberedLines {
    const rest = this.#normalizeLineEnds(this.#decoder.finish()) + (this.#hasPendingCr ? '\n' : '');
    this.#hasPendingCr = false;
    const last = this.#split(rest);
    if (this.#pendingText === '' && !this.#isSkipping) return last;
    const { lines, tooLong } = this.#split('\n');
    return { first: last.first, lines: [...last.lines, ...lines], tooLong: new Set([...last.tooLong, ...tooLong]) };
  }

  /** Converts all line ends to LF. */
  #normalizeLineEnds(piece: string): string {
    if (piece === '') return piece;
    const text = this.#hasPendingCr ? `\r${piece}` : piece;
    this.#hasPendingCr = text.charCodeAt(text.length - 1) === 0x0d;
    if (!text.includes('\r')) return text;
    return (this.#hasPendingCr ? text.slice(0, -1) : text).replace(/\r\n?/g, '\n');
  }

  #split(text: string): NumberedLines {
    const first = this.#nextNumber;
    const lines = text.split('\n');
    lines[0] = this.#pendingText + lines[0];
    this.#pendingText = lines.pop()!;
    let tooLong: Set<number> | undefined;
    for (let i = 0; i < lines.length; i++) {
      if (lines[i]!.length > MAX_LINE_CHARACTERS || (i === 0 && this.#isSkipping)) {
        lines[i] = '';
        tooLong = (tooLong ?? new Set()).add(first + i);
      }
    }
    if (lines.length > 0) this.#isSkipping = false;
    if (this.#pendingText.length > MAX_LINE_CHARACTERS) {
      this.#pendingText = '';
      this.#isSkipping = true;
    }
    this.#nextNumber += lines.length;
    return { first, lines, tooLong: tooLong ?? NO_LINES };
  }
}
