import { wrap } from './wrap.ts';

/** A part of a line that leads to a web page. Indices as in strings. */
export interface LinkRange {
  readonly start: number;
  readonly end: number;
  readonly url: string;
}

export interface WrappedLine {
  readonly text: string;
  readonly links: readonly LinkRange[];
}

const URL_PATTERN = /(?<![\p{L}\p{Nd}])https?:\/\/[^\s<>"'`{}|\\^\p{C}]+/giu;
/** Longer addresses are not accepted by browsers either. */
const MAX_URL_LENGTH = 2048;

/** Web addresses in a text. Only http and https: other schemes could start a program. */
export function findLinks(text: string): LinkRange[] {
  if (!text.includes('://')) return [];
  const links: LinkRange[] = [];
  for (const { 0: found, index } of text.matchAll(URL_PATTERN)) {
    const shown = withoutTrailingPunctuation(found);
    const url = shown.length <= MAX_URL_LENGTH ? toAsciiUrl(shown) : undefined;
    if (url !== undefined) links.push({ start: index, end: index + shown.length, url });
  }
  return links;
}

/** Punctuation at the end belongs to the sentence, and a bracket only to an address that opens it. */
function withoutTrailingPunctuation(url: string): string {
  let end = url.length;
  for (;;) {
    const kept = url.slice(0, end);
    const last = kept.at(-1)!;
    const opening = { ')': '(', ']': '[' }[last];
    const isUnopened = opening !== undefined && kept.split(last).length > kept.split(opening).length;
    if (!/[.,;:!?…]/.test(last) && !isUnopened) return kept;
    end -= 1;
  }
}

/** The address in printable ASCII, as terminals require; undefined if it is not valid. */
function toAsciiUrl(text: string): string | undefined {
  try {
    const { href, protocol, hostname } = new URL(text);
    const isWeb = protocol === 'http:' || protocol === 'https:';
    return isWeb && hostname !== '' && href.length <= 2 * MAX_URL_LENGTH && /^[\x21-\x7e]+$/.test(href)
      ? href
      : undefined;
  } catch {
    return undefined;
  }
}

/** As `wrap`. A link that is broken over lines has a part in each of them, all with the whole address. */
export function wrapWithLinks(text: string, first: number, rest: number): WrappedLine[] {
  const lines = wrap(text, first, rest);
  const links = findLinks(text);
  if (links.length === 0) return lines.map((line) => ({ text: line, links }));
  // Wrapping changes nothing but blanks, so the characters between them identify a position.
  const isBlank = (character: string): boolean => character === ' ';
  let solid = 0;
  const solidBefore = [...text.split(''), ' '].map((character) => (isBlank(character) ? solid : solid++));
  if (lines.join('').replaceAll(' ', '').length !== solid) return lines.map((line) => ({ text: line, links: [] }));
  let at = 0;
  return lines.map((line) => {
    const positions = line.split('').flatMap((character, i) => (isBlank(character) ? [] : [i]));
    const from = at;
    at += positions.length;
    const parts = links.flatMap(({ start, end, url }): LinkRange[] => {
      const low = Math.max(solidBefore[start]!, from) - from;
      const high = Math.min(solidBefore[end - 1]! + 1, at) - from;
      return low < high ? [{ start: positions[low]!, end: positions[high - 1]! + 1, url }] : [];
    });
    return { text: line, links: parts };
  });
}
