import { type SafeText, safeText } from '../../domain/safe-text.ts';
import { sanitizeText } from '../../domain/text.ts';

/** Private-use characters; `sanitizeFragment` removes them from other text. */
const FIRST_MARKER = 0xf0000;
const MARKER_COUNT = 0xfffe;
/** The markers start again when this many addresses are known. A screen can show fewer than the rest. */
const MAX_KNOWN_LINKS = 2048;
/** Whether a cell begins with a marker, which takes two string indices and no column. */
export function hasLinkMarker(text: string): boolean {
  const code = text.charCodeAt(0);
  return code >= 0xdb80 && code <= 0xdbbf;
}

const CELL = String.raw`(?:[^\x1b\n]\p{M}*)?(?:\x1b\[[\d;]*m)*`;
/** Consecutive cells of one link, with the colours between them. */
const LINKED_CELLS = new RegExp(String.raw`([\u{f0000}-\u{ffffd}])${CELL}(?:\1${CELL})*`, 'gu');

/**
 * Links on the screen. Blessed writes any cells in any order, so each cell of a link carries a marker of one character,
 * which is replaced on the way to the terminal by the address (OSC 8), once for each run of cells.
 */
export class LinkMarkers {
  readonly #markers = new Map<string, SafeText>();
  readonly #urls: string[] = [];

  /** @param url printable ASCII */
  markerOf(url: string): SafeText {
    const known = this.#markers.get(url);
    if (known !== undefined) return known;
    const index = this.#urls.length % MARKER_COUNT;
    const marker = String.fromCodePoint(FIRST_MARKER + index) as SafeText; // never written as it is
    this.#urls[index] = url;
    this.#markers.set(url, marker);
    return marker;
  }

  /** Whether to forget the links before the next frame. All cells must be made again then. */
  get isFull(): boolean {
    return this.#urls.length > MAX_KNOWN_LINKS;
  }

  clear(): void {
    this.#markers.clear();
    this.#urls.length = 0;
  }

  /** Replaces the markers in terminal output. Pieces of one link have one id, so that terminals treat them as one. */
  toEscapes(output: string): string {
    if (this.#urls.length === 0) return output;
    return output.replace(LINKED_CELLS, (cells, marker: string) => {
      const index = marker.codePointAt(0)! - FIRST_MARKER;
      const url = this.#urls[index];
      const text = cells.replaceAll(marker, '');
      return url === undefined ? text : `\x1b]8;id=goldctl-${index};${url}\x1b\\${text}\x1b]8;;\x1b\\`;
    });
  }
}

/** Old terminals print what they do not know. Others ignore links, or show them. */
export function supportsLinks({ TERM = '', NO_COLOR }: NodeJS.ProcessEnv): boolean {
  return !NO_COLOR && !/^(?:vt\d|linux|dumb|ansi|cons25|sun|screen|wyse|hp|Eterm)/.test(TERM) && TERM !== '';
}

/**
 * The sequences that copy a text to the clipboard (OSC 52). tmux and screen pass them on in a wrapper; tmux also
 * accepts them itself, depending on its settings.
 */
export function clipboardSequence(text: string, { TMUX, STY }: NodeJS.ProcessEnv): SafeText {
  const copy = safeText`\x1b]52;c;${sanitizeText(Buffer.from(text).toString('base64'))}\x07`;
  if (TMUX) return safeText`${copy}\x1bPtmux;\x1b${copy}\x1b\\`;
  return STY ? safeText`\x1bP${copy}\x1b\\` : copy;
}
