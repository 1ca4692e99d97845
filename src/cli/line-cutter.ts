import { TextReader } from './text-reader.ts';

/** The longest line that is read, in characters; the quote files of this world have lines of 40. */
export const MAX_LINE_CHARACTERS = 64 * 1024;

/** Consecutive whole lines of a text; `tooLong` are the places of those whose text was not kept. */
export interface Lines {
  /** Number of the first one, from 1. */
  readonly first: number;
  readonly lines: string[];
  readonly tooLong: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();

/**
 * Cuts bytes into numbered lines, without BOM and line ends: LF, CRLF, or CR alone as old Macs have it. However long a
 * line is, no more than 64 KiB of it is kept.
 */
export class LineCutter {
  readonly #text = new TextReader();
  #held = '';
  /** A CR at the end of a piece: a LF may follow. */
  #heldCr = false;
  #skipping = false;
  #next = 1;

  /** The lines that the bytes complete. */
  push(bytes: Uint8Array): Lines {
    return this.#cut(this.#unified(this.#text.push(bytes)));
  }

  /** What was left without a line end. */
  end(): Lines {
    const rest = this.#unified(this.#text.end()) + (this.#heldCr ? '\n' : '');
    this.#heldCr = false;
    const last = this.#cut(rest);
    if (this.#held === '' && !this.#skipping) return last;
    const { lines, tooLong } = this.#cut('\n');
    return { first: last.first, lines: [...last.lines, ...lines], tooLong: new Set([...last.tooLong, ...tooLong]) };
  }

  /** The text with every line end as LF. */
  #unified(piece: string): string {
    if (piece === '') return piece;
    const text = this.#heldCr ? `\r${piece}` : piece;
    this.#heldCr = text.charCodeAt(text.length - 1) === 0x0d;
    if (!text.includes('\r')) return text;
    return (this.#heldCr ? text.slice(0, -1) : text).replace(/\r\n?/g, '\n');
  }

  #cut(text: string): Lines {
    const first = this.#next;
    const lines = text.split('\n');
    lines[0] = this.#held + lines[0];
    this.#held = lines.pop()!;
    let tooLong: Set<number> | undefined;
    for (let i = 0; i < lines.length; i++) {
      if (lines[i]!.length > MAX_LINE_CHARACTERS || (i === 0 && this.#skipping)) {
        lines[i] = '';
        tooLong = (tooLong ?? new Set()).add(first + i);
      }
    }
    if (lines.length > 0) this.#skipping = false;
    if (this.#held.length > MAX_LINE_CHARACTERS) {
      this.#held = '';
      this.#skipping = true;
    }
    this.#next += lines.length;
    return { first, lines, tooLong: tooLong ?? NONE };
  }
}
