import { AppError } from '../domain/app-error.ts';
import { MAX_LINE_CHARACTERS, type NumberedLines } from './line-splitter.ts';
import { UnicodeDecoder } from './unicode-decoder.ts';

const NO_LINES: ReadonlySet<number> = new Set();

/**
 * Splits a JSON array into the texts of its items, numbered from 1, as bytes arrive. Items above 64 KiB are dropped. The
 * items themselves are not validated.
 */
export class JsonArraySplitter {
  readonly #decoder = new UnicodeDecoder();
  #position: 'before' | 'inside' | 'after' = 'before';
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** Whether an item has started; `#pendingText` is its beginning from earlier chunks. */
  #isInItem = false;
  #pendingText = '';
  #isSkipping = false;
  #nextNumber = 1;

  /** Returns the completed items. @throws AppError INVALID_REQUEST */
  push(bytes: Uint8Array): NumberedLines {
    return this.#split(this.#decoder.push(bytes));
  }

  /** @throws AppError INVALID_REQUEST if the array is not closed */
  finish(): NumberedLines {
    const last = this.#split(this.#decoder.finish());
    if (this.#position !== 'after') {
      throw new AppError('INVALID_REQUEST', 'The JSON array is not closed: the file is truncated. Download it again.');
    }
    return last;
  }

  #split(text: string): NumberedLines {
    const first = this.#nextNumber;
    const items: string[] = [];
    let tooLong: Set<number> | undefined;
    let start = 0;
    const finish = (end: number): void => {
      const item = this.#pendingText + text.slice(start, end);
      if (this.#isSkipping || item.length > MAX_LINE_CHARACTERS) {
        tooLong = (tooLong ?? new Set()).add(this.#nextNumber);
        items.push('');
      } else items.push(item);
      this.#nextNumber++;
      this.#pendingText = '';
      this.#isSkipping = false;
      this.#isInItem = false;
    };
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (code === 0x5c) this.#isEscaped = true;
        else if (code === 0x22) this.#isInString = false;
        continue;
      }
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) continue;
      if (this.#position !== 'inside') {
        if (this.#position === 'after' || code !== 0x5b) {
          throw new AppError('INVALID_REQUEST', 'The file contains more than one JSON array. Use a single array.');
        }
        this.#position = 'inside';
        continue;
      }
      if (code === 0x5d && this.#depth === 0) {
        if (this.#isInItem) finish(i);
        this.#position = 'after';
        continue;
      }
      if (code === 0x2c && this.#depth === 0) {
        if (!this.#isInItem) start = i;
        finish(i);
        continue;
      }
      if (!this.#isInItem) {
        this.#isInItem = true;
        start = i;
      }
      if (code === 0x22) this.#isInString = true;
      else if (code === 0x7b || code === 0x5b) this.#depth++;
      else if ((code === 0x7d || code === 0x5d) && this.#depth > 0) this.#depth--;
    }
    if (this.#isInItem) {
      if (!this.#isSkipping) this.#pendingText += text.slice(start);
      if (this.#pendingText.length > MAX_LINE_CHARACTERS) {
        this.#pendingText = '';
        this.#isSkipping = true;
      }
    }
    return { first, lines: items, tooLong: tooLong ?? NO_LINES };
  }
}
