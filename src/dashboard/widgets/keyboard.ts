import { EventEmitter } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { type Unit, UnitSplitter } from './units.ts';

/** A key may come in two reads; after this an Escape is the key of that name. A key must show within 50 ms. */
const ESCAPE_MS = 25;
/** After this the end of a paste was lost on the way. */
const PASTE_MS = 1000;

/** What a keyboard needs of standard input. */
export interface TerminalInput {
  readonly isTTY?: boolean;
  readonly isRaw?: boolean;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
  setRawMode?(raw: boolean): unknown;
}

/**
 * Standard input as blessed reads it, one key a read: blessed forgets keys that come together with a mouse event, and
 * knows no paste. Pastes are handed out beside it.
 */
export class Keyboard extends EventEmitter {
  readonly isTTY = true;
  readonly #input: TerminalInput;
  readonly #onPaste: (text: string) => void;
  readonly #splitter = new UnitSplitter();
  readonly #decoder = new StringDecoder('utf8');
  #timer: NodeJS.Timeout | undefined;
  readonly #take = (chunk: Buffer): void => {
    clearTimeout(this.#timer);
    this.#hand(this.#splitter.push(this.#decoder.write(chunk)));
    if (!this.#splitter.waiting) return;
    this.#timer = setTimeout(() => this.#hand(this.#splitter.flush()), this.#splitter.pasting ? PASTE_MS : ESCAPE_MS);
  };

  constructor(input: TerminalInput, onPaste: (text: string) => void) {
    super();
    this.#input = input;
    this.#onPaste = onPaste;
  }

  start(): void {
    this.#input.on('data', this.#take);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#input.off('data', this.#take);
  }

  get isRaw(): boolean {
    return this.#input.isRaw === true;
  }

  setRawMode(raw: boolean): this {
    this.#input.setRawMode?.(raw);
    return this;
  }

  resume(): this {
    this.#input.resume();
    return this;
  }

  pause(): this {
    this.#input.pause();
    return this;
  }

  #hand(units: readonly Unit[]): void {
    for (const unit of units) {
      if (unit.kind === 'paste') this.#onPaste(unit.text);
      else this.emit('data', Buffer.from(unit.bytes));
    }
  }
}
