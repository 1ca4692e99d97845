/** One unit of terminal input: the bytes of a key, or a whole paste. */
export type KeySequence =
  | { readonly kind: 'keys'; readonly bytes: string }
  | { readonly kind: 'paste'; readonly text: string };

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** Longer pastes are truncated: no input line accepts more. */
const MAX_PASTE_CHARACTERS = 64 * 1024;
/** A longer sequence is not a key, and is passed on unchanged. */
const MAX_SEQUENCE_LENGTH = 64;

/** A complete escape sequence at the start of the text: mouse, control sequence, function key, Alt and a key. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const WHOLE_KEY = /^\x1b(?:\x1b*\[M[\s\S]{3}|\x1b*\[\[?[\d;<>?]*[ -/]*[@-Z\\-~$^]|\x1b*[ON][\d;]*[A-Za-z]|[^[ON\x1b])/u;

/**
 * Splits terminal input into key sequences. A terminal may split a key over two reads, or send several keys and a mouse
 * event in one. Incomplete sequences are kept until the next `push` or `flush`.
 */
export class KeySequenceDecoder {
  #pending = '';
  #paste: string | undefined;

  /** Whether an incomplete sequence or paste is kept. */
  get hasPending(): boolean {
    return this.#pending !== '' || this.#paste !== undefined;
  }

  get isPasting(): boolean {
    return this.#paste !== undefined;
  }

  push(chunk: string): KeySequence[] {
    const sequences: KeySequence[] = [];
    this.#pending += chunk;
    while (this.#pending !== '') {
      if (this.#paste !== undefined) {
        const end = this.#pending.indexOf(PASTE_END);
        const kept = end < 0 ? partialEndMarker(this.#pending) : end;
        this.#paste = (this.#paste + this.#pending.slice(0, kept)).slice(0, MAX_PASTE_CHARACTERS);
        this.#pending = this.#pending.slice(end < 0 ? kept : end + PASTE_END.length);
        if (end < 0) break;
        sequences.push({ kind: 'paste', text: this.#paste });
        this.#paste = undefined;
        continue;
      }
      const start = this.#pending.indexOf('\x1b');
      if (start !== 0) {
        const text = start < 0 ? this.#pending : this.#pending.slice(0, start);
        this.#pending = this.#pending.slice(text.length);
        for (const bytes of text) sequences.push({ kind: 'keys', bytes });
        continue;
      }
      if (this.#pending.startsWith(PASTE_START)) {
        this.#pending = this.#pending.slice(PASTE_START.length);
        this.#paste = '';
        continue;
      }
      const complete = WHOLE_KEY.exec(this.#pending)?.[0];
      if (complete === undefined && this.#pending.length < MAX_SEQUENCE_LENGTH) break;
      const bytes = complete ?? this.#pending[0]!;
      this.#pending = this.#pending.slice(bytes.length);
      sequences.push({ kind: 'keys', bytes });
    }
    return sequences;
  }

  /** Returns the kept input unchanged: a lone Escape is a key, and an unfinished paste ends. */
  flush(): KeySequence[] {
    const [rest, paste] = [this.#pending, this.#paste];
    this.#pending = '';
    this.#paste = undefined;
    if (paste !== undefined) return [{ kind: 'paste', text: paste + rest }];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
    const keys = /^\x1b+$/.test(rest) ? [...rest] : [rest].filter(Boolean);
    return keys.map((bytes) => ({ kind: 'keys', bytes }));
  }
}

/** The index at which an incomplete end marker may begin. */
function partialEndMarker(text: string): number {
  for (let length = Math.min(PASTE_END.length - 1, text.length); length > 0; length--) {
    if (PASTE_END.startsWith(text.slice(-length))) return text.length - length;
  }
  return text.length;
}
