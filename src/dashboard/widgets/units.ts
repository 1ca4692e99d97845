/** One thing that came from the keyboard: keys as the terminal sends them, or a paste. */
export type Unit =
  | { readonly kind: 'keys'; readonly bytes: string }
  | { readonly kind: 'paste'; readonly text: string };

const PASTE_START = '\x1b[200~';
const PASTE_END = '\x1b[201~';
/** A paste longer than this is cut: no line takes so much. */
const PASTE_CHARACTERS = 64 * 1024;
/** No key is longer; what is, is no key, and goes on as it is. */
const SEQUENCE = 64;

/** A whole key at the start of the text: mouse, control sequence, function key, Alt with a key. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const WHOLE = /^\x1b(?:\x1b*\[M[\s\S]{3}|\x1b*\[\[?[\d;<>?]*[ -/]*[@-Z\\-~$^]|\x1b*[ON][\d;]*[A-Za-z]|[^[ON\x1b])/u;

/**
 * Cuts what a terminal sends into units: a terminal may split a key over two reads, or put several keys and a mouse
 * event in one. What is not whole yet waits; `flush` says that nothing more comes.
 */
export class UnitSplitter {
  #rest = '';
  #paste: string | undefined;

  /** Something waits for its end. */
  get waiting(): boolean {
    return this.#rest !== '' || this.#paste !== undefined;
  }

  /** In the middle of a paste. */
  get pasting(): boolean {
    return this.#paste !== undefined;
  }

  push(chunk: string): Unit[] {
    const units: Unit[] = [];
    this.#rest += chunk;
    while (this.#rest !== '') {
      if (this.#paste !== undefined) {
        const end = this.#rest.indexOf(PASTE_END);
        const kept = end < 0 ? startOfEnd(this.#rest) : end;
        this.#paste = (this.#paste + this.#rest.slice(0, kept)).slice(0, PASTE_CHARACTERS);
        this.#rest = this.#rest.slice(end < 0 ? kept : end + PASTE_END.length);
        if (end < 0) break;
        units.push({ kind: 'paste', text: this.#paste });
        this.#paste = undefined;
        continue;
      }
      const start = this.#rest.indexOf('\x1b');
      if (start !== 0) {
        const text = start < 0 ? this.#rest : this.#rest.slice(0, start);
        this.#rest = this.#rest.slice(text.length);
        for (const bytes of text) units.push({ kind: 'keys', bytes });
        continue;
      }
      if (this.#rest.startsWith(PASTE_START)) {
        this.#rest = this.#rest.slice(PASTE_START.length);
        this.#paste = '';
        continue;
      }
      const whole = WHOLE.exec(this.#rest)?.[0];
      if (whole === undefined && this.#rest.length < SEQUENCE) break;
      const bytes = whole ?? this.#rest[0]!;
      this.#rest = this.#rest.slice(bytes.length);
      units.push({ kind: 'keys', bytes });
    }
    return units;
  }

  /** What waited, as it is: a lone Escape is a key, and a paste without end ends here. */
  flush(): Unit[] {
    const [rest, paste] = [this.#rest, this.#paste];
    this.#rest = '';
    this.#paste = undefined;
    if (paste !== undefined) return [{ kind: 'paste', text: paste + rest }];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
    const keys = /^\x1b+$/.test(rest) ? [...rest] : [rest].filter(Boolean);
    return keys.map((bytes) => ({ kind: 'keys', bytes }));
  }
}

/** Where an end of paste may begin that is not whole yet. */
function startOfEnd(text: string): number {
  for (let length = Math.min(PASTE_END.length - 1, text.length); length > 0; length--) {
    if (PASTE_END.startsWith(text.slice(-length))) return text.length - length;
  }
  return text.length;
}
