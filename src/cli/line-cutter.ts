/** The longest line that is read, in characters; the quote files of this world have lines of 40. */
const LINE = 64 * 1024;

/** Consecutive whole lines of a text; `tooLong` are the places of those whose text was not kept. */
export interface Lines {
  /** Number of the first one, from 1. */
  readonly first: number;
  readonly lines: string[];
  readonly tooLong: ReadonlySet<number>;
}

const NONE: ReadonlySet<number> = new Set();

/**
 * Cuts bytes into numbered lines, without BOM and line ends. Bytes that are not UTF-8 become U+FFFD: they spoil their
 * own line only. However long a line is, no more than 64 KiB of it is kept.
 */
export class LineCutter {
  readonly #decoder = new TextDecoder();
  #held = '';
  #skipping = false;
  #next = 1;

  /** The lines that the bytes complete. */
  push(bytes: Uint8Array): Lines {
    return this.#cut(this.#decoder.decode(bytes, { stream: true }));
  }

  /** What was left without a line end. */
  end(): Lines {
    const last = this.#cut(this.#decoder.decode());
    if (this.#held === '' && !this.#skipping) return last;
    return this.#cut('\n');
  }

  #cut(text: string): Lines {
    const first = this.#next;
    const lines = text.split('\n');
    lines[0] = this.#held + lines[0];
    this.#held = lines.pop()!;
    let tooLong: Set<number> | undefined;
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      if (line.length > LINE || (i === 0 && this.#skipping)) {
        lines[i] = '';
        tooLong = (tooLong ?? new Set()).add(first + i);
      } else if (line.charCodeAt(line.length - 1) === 0x0d) lines[i] = line.slice(0, -1);
    }
    if (lines.length > 0) this.#skipping = false;
    if (this.#held.length > LINE) {
      this.#held = '';
      this.#skipping = true;
    }
    this.#next += lines.length;
    return { first, lines, tooLong: tooLong ?? NONE };
  }
}
