import { Failure } from '../domain/failure.ts';
import { type Lines, MAX_LINE_CHARACTERS } from './line-cutter.ts';
import { TextReader } from './text-reader.ts';

const NONE: ReadonlySet<number> = new Set();

/**
 * Cuts a JSON array into the texts of its items, numbered from 1, as the bytes come: no more than 64 KiB of an item is
 * kept. Whether an item is JSON is for others to find out.
 */
export class JsonArrayCutter {
  readonly #text = new TextReader();
  #place: 'before' | 'inside' | 'after' = 'before';
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Whether an item has begun; `#held` is what came of it in earlier pieces. */
  #inItem = false;
  #held = '';
  #skipping = false;
  #next = 1;

  /** The items that the bytes complete. @throws Failure INVALID_REQUEST */
  push(bytes: Uint8Array): Lines {
    return this.#cut(this.#text.push(bytes));
  }

  /** @throws Failure INVALID_REQUEST when the array has not ended */
  end(): Lines {
    const last = this.#cut(this.#text.end());
    if (this.#place !== 'after') {
      throw new Failure('INVALID_REQUEST', 'The JSON array has no end: the file is cut off. Fetch it again.');
    }
    return last;
  }

  #cut(text: string): Lines {
    const first = this.#next;
    const items: string[] = [];
    let tooLong: Set<number> | undefined;
    let start = 0;
    const finish = (end: number): void => {
      const item = this.#held + text.slice(start, end);
      if (this.#skipping || item.length > MAX_LINE_CHARACTERS) {
        tooLong = (tooLong ?? new Set()).add(this.#next);
        items.push('');
      } else items.push(item);
      this.#next++;
      this.#held = '';
      this.#skipping = false;
      this.#inItem = false;
    };
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === 0x5c) this.#escaped = true;
        else if (code === 0x22) this.#inString = false;
        continue;
      }
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) continue;
      if (this.#place !== 'inside') {
        if (this.#place === 'after' || code !== 0x5b) {
          throw new Failure('INVALID_REQUEST', 'The file has more in it than one JSON array. Give it one array.');
        }
        this.#place = 'inside';
        continue;
      }
      if (code === 0x5d && this.#depth === 0) {
        if (this.#inItem) finish(i);
        this.#place = 'after';
        continue;
      }
      if (code === 0x2c && this.#depth === 0) {
        if (!this.#inItem) start = i;
        finish(i);
        continue;
      }
      if (!this.#inItem) {
        this.#inItem = true;
        start = i;
      }
      if (code === 0x22) this.#inString = true;
      else if (code === 0x7b || code === 0x5b) this.#depth++;
      else if ((code === 0x7d || code === 0x5d) && this.#depth > 0) this.#depth--;
    }
    if (this.#inItem) {
      if (!this.#skipping) this.#held += text.slice(start);
      if (this.#held.length > MAX_LINE_CHARACTERS) {
        this.#held = '';
        this.#skipping = true;
      }
    }
    return { first, lines: items, tooLong: tooLong ?? NONE };
  }
}
