import { EventEmitter } from 'node:events';
import { StringDecoder } from 'node:string_decoder';
import { type KeySequence, KeySequenceDecoder } from './key-decoder.ts';

/** A key sequence may arrive in two reads. After this, a lone Escape is the Escape key. Must stay below 50 ms. */
const ESCAPE_TIMEOUT_MS = 25;
/** After this, the end marker of a paste is considered lost. */
const PASTE_TIMEOUT_MS = 1000;

/** The part of standard input that the keyboard uses. */
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
 * An input stream for blessed with one key per read, because blessed drops keys that arrive together with a mouse
 * event. Blessed does not support pastes, so they go to a callback.
 */
export class Keyboard extends EventEmitter {
  readonly isTTY = true;
  readonly #input: TerminalInput;
  readonly #onPaste: (text: string) => void;
  readonly #keyDecoder = new KeySequenceDecoder();
  readonly #utf8Decoder = new StringDecoder('utf8');
  #timer: NodeJS.Timeout | undefined;
  readonly #onData = (chunk: Buffer): void => {
    clearTimeout(this.#timer);
    this.#deliver(this.#keyDecoder.push(this.#utf8Decoder.write(chunk)));
    if (!this.#keyDecoder.hasPending) return;
    const timeoutMs = this.#keyDecoder.isPasting ? PASTE_TIMEOUT_MS : ESCAPE_TIMEOUT_MS;
    this.#timer = setTimeout(() => this.#deliver(this.#keyDecoder.flush()), timeoutMs);
  };

  constructor(input: TerminalInput, onPaste: (text: string) => void) {
    super();
    this.#input = input;
    this.#onPaste = onPaste;
  }

  start(): void {
    this.#input.on('data', this.#onData);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#input.off('data', this.#onData);
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

  #deliver(sequences: readonly KeySequence[]): void {
    for (const sequence of sequences) {
      if (sequence.kind === 'paste') this.#onPaste(sequence.text);
      else this.emit('data', Buffer.from(sequence.bytes));
    }
  }
}
