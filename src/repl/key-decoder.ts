// biome-ignore-all lint/suspicious/noControlCharactersInRegex: keys are control characters, and so is what starts a sequence

/** One unit of terminal input: the bytes of a key in 7-bit form, a mouse report, or a whole paste. */
export type KeySequence =
  | { readonly kind: 'keys'; readonly bytes: string }
  | { readonly kind: 'mouse'; readonly bytes: string }
  | { readonly kind: 'paste'; readonly text: string; readonly isTruncated: boolean };

/**
 * What incomplete input may become: a key or a sequence (`escape`), the rest of a control sequence, of a control string
 * that is dropped, or of a paste.
 */
export type PendingInput = 'escape' | 'sequence' | 'string' | 'paste';

/** Input at the start of the text. `drop` is a response of the terminal; `string` starts one of any length. */
type Unit =
  | { readonly kind: 'keys' | 'mouse'; readonly length: number; readonly bytes: string }
  | { readonly kind: 'drop' | 'pasteStart'; readonly length: number }
  | { readonly kind: 'string'; readonly length: number; readonly isOsc: boolean };

const ESC = '\x1b';
export const ALT_ENTER = '\x1b\r';
const PASTE_END = '\x1b[201~';
/** Longer pastes are truncated: no input line accepts more. */
const MAX_PASTE_CHARACTERS = 64 * 1024;
/** No key is longer. Longer control sequences are dropped without being kept. */
const MAX_SEQUENCE_LENGTH = 64;
/** After this, the end of a control string is considered lost. Nothing of it is kept. */
const MAX_STRING_CHARACTERS = 1024 * 1024;

/** ESC and C1 controls. */
const CONTROL_START = /[\x1b\x80-\x9f]/;
/** What may be the beginning of a longer sequence, or a key by itself. */
const INTRODUCER = /^(?:\x1b+[[\]PX^_O]?|[\x80-\x9f])$/;
const CONTROL_SEQUENCE = /^\x1b\[([0-?]*)([ -/]*)([@-~])?/;
/** Arrows, Home, End, Tab and function keys, by parameters and final character, as terminals encode them. */
const CONTROL_SEQUENCE_KEY =
  /^(?:(?:\d|1;\d{1,2})?[A-FH]|(?:1;\d{1,2})?[PQSZ]|[a-d]|(?:[1-8]|1[1-57-9]|2[013-689]|3[1-4])(?:;\d{1,2})?[~^@])$/;
/** rxvt ends Shift with a function key by `$`, which is no final character elsewhere. */
const RXVT_SHIFT_KEY = /^\x1b\[(?:[1-8]|1[1-57-9]|2[013-689]|3[1-4])\$/;
/** Keys of the keypad and some others: `ESC O` and a letter. */
const SINGLE_SHIFT_KEY = /^\x1bO[\d;]*[A-FHIMP-SXa-dj-y]/;
/** Enter with Shift, Alt or Ctrl, of terminals that report it. */
const MODIFIED_ENTER = /^(?:13;[2-8]u|27;[2-8];13~)$/;
const SGR_MOUSE = /^<\d+;\d+;\d+[Mm]$/;
const URXVT_MOUSE = /^\d+;\d+;\d+M$/;
/** Ends a control string: ST, BEL after OSC, the start of another sequence. Ctrl-C, CAN and SUB are keys as well. */
const STRING_END = /[\x03\x18\x1a\x1b\x9c]/;
const OSC_END = /[\x03\x07\x18\x1a\x1b\x9c]/;
const WHOLE_STRING = /^(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x03\x07\x18\x1a\x1b\x9c]*(?:\x07|\x9c|\x1b\\)/;

/**
 * Splits terminal input into key sequences. A terminal may split a key over two reads, or send several keys and a mouse
 * event in one. Incomplete sequences are kept until the next `push` or `flush`.
 *
 * Drops what a terminal sends in response to a program, because none of it is a key: OSC, DCS, APC, PM and SOS strings, and
 * every control sequence that is not a known key (device attributes, cursor and focus reports, unknown encodings of keys),
 * in 7-bit and in C1 form. Enter with a modifier is Alt-Enter, however it is reported.
 */
export class KeySequenceDecoder {
  #pending = '';
  #paste: string | undefined;
  #isPasteTruncated = false;
  /** What is being dropped without being kept. */
  #dropping: 'osc' | 'string' | 'sequence' | undefined;
  #droppedCharacters = 0;
  /** What the last flush gave up. */
  #flushed = '';

  /** What incomplete input is kept, if any. */
  get pending(): PendingInput | undefined {
    if (this.#paste !== undefined) return 'paste';
    if (this.#dropping) return 'string';
    if (this.#pending === '') return undefined;
    return INTRODUCER.test(this.#pending) ? 'escape' : 'sequence';
  }

  push(chunk: string): KeySequence[] {
    this.#pending += this.#joinFlushed(chunk);
    const sequences: KeySequence[] = [];
    while (this.#pending !== '') {
      if (this.#paste !== undefined) {
        if (!this.#readPaste(sequences)) break;
      } else if (this.#dropping === 'sequence') {
        this.#dropSequence();
      } else if (this.#dropping) {
        if (!this.#dropString(this.#dropping)) break;
      } else if (!this.#readUnit(sequences)) break;
    }
    return sequences;
  }

  /** Gives up waiting: a lone Escape is a key, an unfinished paste ends, and an unfinished sequence is dropped. */
  flush(): KeySequence[] {
    const [rest, paste, isDropping] = [this.#pending, this.#paste, this.#dropping !== undefined];
    this.#pending = '';
    this.#paste = undefined;
    this.#dropping = undefined;
    if (paste !== undefined) return [pasteOf(paste + rest, this.#isPasteTruncated)];
    if (isDropping) return [];
    this.#flushed = rest;
    if (!rest.startsWith(ESC) || !INTRODUCER.test(rest)) return [];
    const escapes = /\x1b$/.test(rest) ? [...rest] : [...rest.slice(0, -2)]; // `ESC [` and `ESC O` are no keys: readers of keys would wait for the rest.
    const alt = /[\]PX^_]$/.test(rest) ? [rest.slice(-2)] : [];
    return [...escapes, ...alt].map((bytes) => ({ kind: 'keys', bytes }));
  }

  /** Call this if the last flush was so long ago that what comes now has nothing to do with it. */
  forgetFlushed(): void {
    this.#flushed = '';
  }

  /** Returns the rest of a sequence together with its beginning that a flush gave up too early. */
  #joinFlushed(chunk: string): string {
    const flushed = this.#flushed;
    this.#flushed = '';
    if (flushed === '' || this.pending !== undefined || (chunk.length < 2 && flushed.length <= 2)) return chunk;
    const joined = flushed + chunk;
    const unit = readUnit(joined);
    if (!unit || unit.length <= Math.max(2, flushed.length)) return WHOLE_STRING.test(joined) ? joined : chunk;
    return joined;
  }

  /** @returns false if more input is needed */
  #readUnit(sequences: KeySequence[]): boolean {
    const start = this.#pending.search(CONTROL_START);
    if (start !== 0) {
      const text = start < 0 ? this.#pending : this.#pending.slice(0, start);
      this.#pending = this.#pending.slice(text.length);
      for (const bytes of text) sequences.push({ kind: 'keys', bytes });
      return true;
    }
    const unit = readUnit(this.#pending);
    if (!unit) {
      if (this.#pending.length <= MAX_SEQUENCE_LENGTH) return false;
      const isKeyBefore = this.#pending.startsWith(ESC + ESC);
      if (isKeyBefore) sequences.push({ kind: 'keys', bytes: ESC });
      else this.#startDropping('sequence');
      this.#pending = this.#pending.slice(this.#pending.startsWith(ESC) && !isKeyBefore ? 2 : 1);
      return true;
    }
    this.#pending = this.#pending.slice(unit.length);
    if (unit.kind === 'keys' || unit.kind === 'mouse') sequences.push({ kind: unit.kind, bytes: unit.bytes });
    else if (unit.kind === 'string') this.#startDropping(unit.isOsc ? 'osc' : 'string');
    else if (unit.kind === 'pasteStart') {
      this.#paste = '';
      this.#isPasteTruncated = false;
    }
    return true;
  }

  /** @returns false if more input is needed */
  #readPaste(sequences: KeySequence[]): boolean {
    const end = this.#pending.indexOf(PASTE_END);
    const kept = end < 0 ? partialEndMarker(this.#pending) : end;
    const text = this.#paste + this.#pending.slice(0, kept);
    this.#paste = text.slice(0, MAX_PASTE_CHARACTERS);
    this.#isPasteTruncated ||= text.length > MAX_PASTE_CHARACTERS;
    this.#pending = this.#pending.slice(end < 0 ? kept : end + PASTE_END.length);
    if (end < 0) return false;
    sequences.push(pasteOf(this.#paste, this.#isPasteTruncated));
    this.#paste = undefined;
    return true;
  }

  #startDropping(kind: 'osc' | 'string' | 'sequence'): void {
    this.#dropping = kind;
    this.#droppedCharacters = 0;
  }

  /** @returns false if more input is needed */
  #dropString(kind: 'osc' | 'string'): boolean {
    const end = this.#pending.search(kind === 'osc' ? OSC_END : STRING_END);
    this.#droppedCharacters += end < 0 ? this.#pending.length : end;
    if (this.#droppedCharacters > MAX_STRING_CHARACTERS) {
      this.#pending = '';
      this.#dropping = undefined;
      return false;
    }
    this.#pending = end < 0 ? '' : this.#pending.slice(end);
    if (this.#pending === '' || this.#pending === ESC) return false;
    this.#dropping = undefined;
    const terminator = /^(?:\x07|\x9c|\x1b\\)/.exec(this.#pending)?.[0] ?? '';
    this.#pending = this.#pending.slice(terminator.length);
    return true;
  }

  /** Drops parameters up to the final character, or to what cannot belong to the sequence. */
  #dropSequence(): void {
    const [dropped] = /^[ -?]*[@-~]?/.exec(this.#pending)!;
    this.#pending = this.#pending.slice(dropped.length);
    this.#droppedCharacters += dropped.length;
    if (this.#pending !== '' || /[@-~]$/.test(dropped) || this.#droppedCharacters > MAX_STRING_CHARACTERS)
      this.#dropping = undefined;
  }
}

function pasteOf(text: string, isTruncated: boolean): KeySequence {
  return { kind: 'paste', text, isTruncated };
}

/** Reads ESC or a C1 control and what follows; undefined: it is incomplete. */
function readUnit(text: string): Unit | undefined {
  if (text.startsWith(ESC)) return readEscape(text);
  // A C1 control is the 8-bit form of ESC and a letter.
  const letter = String.fromCharCode(text.charCodeAt(0) - 0x40);
  if (!/[[\]PX^_O]/.test(letter)) return { kind: 'drop', length: 1 };
  const unit = readEscape(`${ESC}${letter}${text.slice(1)}`);
  return unit && { ...unit, length: unit.length - 1 };
}

function readEscape(text: string): Unit | undefined {
  const escapes = /^\x1b+/.exec(text)![0].length;
  if (escapes === text.length) return escapes > MAX_SEQUENCE_LENGTH ? keyOf(ESC) : undefined;
  if (escapes > 1) {
    // Alt is sent as another ESC before the key. Before anything else, ESC is a key.
    const unit = readEscape(text.slice(escapes - 1));
    if (!unit) return undefined;
    const isLongKey = unit.kind === 'keys' && /^\x1b[[O]/.test(unit.bytes);
    return isLongKey ? keyOf(text.slice(0, escapes - 1 + unit.length)) : keyOf(ESC);
  }
  switch (text[1]) {
    case '[':
      return readControlSequence(text);
    case 'O':
      return readSingleShift(text);
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':
      return text.length === 2 ? undefined : { kind: 'string', length: 2, isOsc: text[1] === ']' };
    case '\\':
      return { kind: 'drop', length: 2 }; // the end of a string that was given up
  }
  if (text[1] === '\n') return { kind: 'keys', length: 2, bytes: ALT_ENTER };
  const character = String.fromCodePoint(text.codePointAt(1)!);
  return CONTROL_START.test(character) ? keyOf(ESC) : keyOf(ESC + character);
}

/** Reads `ESC [`, parameters, intermediate characters and a final character. */
function readControlSequence(text: string): Unit | undefined {
  const shifted = RXVT_SHIFT_KEY.exec(text)?.[0];
  if (shifted) return keyOf(shifted);
  const [whole, parameters, intermediates, final] = CONTROL_SEQUENCE.exec(text) as unknown as string[];
  const length = whole!.length;
  // A control or a non-ASCII character interrupts the sequence, and is read by itself.
  if (final === undefined) return length < text.length ? { kind: 'drop', length } : undefined;
  const body = `${parameters}${intermediates}${final}`;
  if (body === '200~') return { kind: 'pasteStart', length };
  if (body === '[') {
    // Function keys of the Linux console: `ESC [ [ A`.
    if (text.length === length) return undefined;
    return /^[A-E]$/.test(text[length]!) ? keyOf(text.slice(0, length + 1)) : { kind: 'drop', length };
  }
  if (body === 'M') return readX10Mouse(text);
  if (SGR_MOUSE.test(body) || URXVT_MOUSE.test(body)) return { kind: 'mouse', length, bytes: whole! };
  if (MODIFIED_ENTER.test(body)) return { kind: 'keys', length, bytes: ALT_ENTER };
  return CONTROL_SEQUENCE_KEY.test(body) ? keyOf(whole!) : { kind: 'drop', length };
}

/** Reads `ESC [ M` and three characters: button, column and row, each plus 32. */
function readX10Mouse(text: string): Unit | undefined {
  const values = /^[^\0-\x1f]{0,3}/.exec(text.slice(3))![0];
  if (values.length === 3) return { kind: 'mouse', length: 6, bytes: text.slice(0, 6) };
  return text.length === 3 + values.length ? undefined : { kind: 'drop', length: 3 };
}

function readSingleShift(text: string): Unit | undefined {
  const key = SINGLE_SHIFT_KEY.exec(text)?.[0];
  if (key) return keyOf(key);
  const { length } = /^\x1bO[\d;]*/.exec(text)![0];
  return length === text.length ? undefined : { kind: 'drop', length };
}

function keyOf(bytes: string): Unit {
  return { kind: 'keys', length: bytes.length, bytes };
}

/** The index at which an incomplete end marker may begin. */
function partialEndMarker(text: string): number {
  for (let length = Math.min(PASTE_END.length - 1, text.length); length > 0; length--) {
    if (PASTE_END.startsWith(text.slice(-length))) return text.length - length;
  }
  return text.length;
}
