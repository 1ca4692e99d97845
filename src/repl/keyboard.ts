import { EventEmitter } from 'node:events';
import { ALT_ENTER, type KeySequence, KeySequenceDecoder, type PendingInput } from './key-decoder.ts';
import { TerminalTextDecoder } from './terminal-text-decoder.ts';

/**
 * How long each kind of incomplete input may pause. After `escape`, a lone Escape is the Escape key: must stay below 50 ms.
 * After the others, their end is considered lost.
 */
const PAUSE_MS: Readonly<Record<PendingInput, number>> = { escape: 25, sequence: 250, string: 250, paste: 3000 };
/** A control string that goes on for longer has lost its end, and is what somebody types. */
const MAX_STRING_MS = 2000;
/** What comes so soon after a sequence that was given up may be its rest. */
const REST_MS = 500;

/** The part of standard input that the keyboard uses. */
export interface TerminalInput {
  readonly isTTY?: boolean;
  readonly isRaw?: boolean;
  on(event: 'data' | 'end' | 'error', listener: (chunk: Buffer) => void): unknown;
  off(event: 'data' | 'end' | 'error', listener: (chunk: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
  setRawMode?(raw: boolean): unknown;
}

export interface KeyboardOptions {
  /** @param isTruncated the paste was longer than any input line accepts */
  readonly onPaste: (text: string, isTruncated: boolean) => void;
  /** Mouse reports are input too; else they are dropped. */
  readonly hasMouse?: boolean;
  /** One key per read; else all keys that arrived together. */
  readonly separatesKeys?: boolean;
}

/**
 * An input stream, for blessed and readline, of what is typed and nothing else. Responses of the terminal are dropped, and
 * pastes go to a callback.
 */
export class Keyboard extends EventEmitter {
  readonly isTTY = true;
  readonly #input: TerminalInput;
  readonly #options: KeyboardOptions;
  readonly #keyDecoder = new KeySequenceDecoder();
  readonly #textDecoder = new TerminalTextDecoder();
  #timer: NodeJS.Timeout | undefined;
  #stringStartedAt: number | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;
  readonly #onData = (chunk: Buffer | string): void => {
    clearTimeout(this.#timer);
    const now = performance.now();
    if (now - this.#flushedAt > REST_MS) this.#keyDecoder.forgetFlushed();
    this.#deliver(this.#keyDecoder.push(this.#textDecoder.write(Buffer.from(chunk))));
    const { pending } = this.#keyDecoder;
    this.#stringStartedAt = pending === 'string' ? (this.#stringStartedAt ?? now) : undefined;
    if (!pending) return;
    const rest = this.#stringStartedAt === undefined ? PAUSE_MS.paste : this.#stringStartedAt + MAX_STRING_MS - now;
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, Math.min(PAUSE_MS[pending], rest)));
  };
  /** Also when the terminal is gone: nothing more will be typed. */
  readonly #onEnd = (): void => {
    this.#flush();
    this.emit('end');
  };

  constructor(input: TerminalInput, options: KeyboardOptions) {
    super();
    this.#input = input;
    this.#options = options;
  }

  start(): void {
    this.#input.on('data', this.#onData);
    this.#input.on('end', this.#onEnd);
    this.#input.on('error', this.#onEnd);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#input.off('data', this.#onData);
    this.#input.off('end', this.#onEnd);
    this.#input.off('error', this.#onEnd);
  }

  get isRaw(): boolean {
    return this.#input.isRaw === true;
  }

  setRawMode(raw: boolean): this {
    this.#input.setRawMode?.(raw);
    return this;
  }

  /** Sets raw mode whatever another process has set: libuv sets a mode only if it differs from the last one that it set. */
  enforceRawMode(): this {
    return this.setRawMode(false).setRawMode(true);
  }

  resume(): this {
    this.#input.resume();
    return this;
  }

  pause(): this {
    this.#input.pause();
    return this;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#flushedAt = performance.now();
    this.#stringStartedAt = undefined;
    this.#deliver(this.#keyDecoder.flush());
  }

  #deliver(sequences: readonly KeySequence[]): void {
    const { onPaste, hasMouse, separatesKeys } = this.#options;
    let keys = '';
    for (const sequence of sequences) {
      if (sequence.kind === 'mouse' && !hasMouse) continue;
      if (sequence.kind !== 'paste' && !separatesKeys) {
        keys += sequence.bytes;
        continue;
      }
      this.#emit(keys);
      keys = '';
      if (sequence.kind === 'paste') onPaste(sequence.text, sequence.isTruncated);
      // Blessed would read Escape and Enter.
      else if (sequence.bytes === ALT_ENTER) this.emit('keypress', undefined, { name: 'enter', meta: true });
      else this.#emit(sequence.bytes);
    }
    this.#emit(keys);
  }

  #emit(keys: string): void {
    if (keys !== '') this.emit('data', Buffer.from(keys));
  }
}
