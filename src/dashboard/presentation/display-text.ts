import { sanitizeText } from '../../domain/text.ts';
import { normalizeUnicode } from '../../domain/unicode-normalization.ts';

const PLAIN_ASCII = /^(?:[\x21-\x7e]+(?: [\x21-\x7e]+)*)?$/;

/**
 * Sanitizes a text from outside (a member, a provider, the daemon) for the screen. Also removes what terminals measure
 * differently: variation selectors, invisible fillers, skin tones, joiners in emoji, stray or stacked marks.
 */
export function displayText(text: string): string {
  if (PLAIN_ASCII.test(text)) return text;
  const visible = sanitizeText(text)
    .replace(/(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/(?<=\p{Extended_Pictographic})[\u{1f3fb}-\u{1f3ff}]/gu, '')
    .replace(/(?<=\p{Extended_Pictographic})\u200d/gu, '')
    .replace(/^[\p{M}\u200c\u200d]+/u, '')
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
    .replace(/ +/g, ' ')
    .trim();
  return normalizeUnicode(visible); // last, because what separated a letter from its mark is gone now
}

/** The same for a line that keeps its blanks: typed text, or a post with columns. */
export function displayLine(text: string): string {
  if (PLAIN_ASCII.test(text)) return text;
  return text.replace(/\S+/g, displayText).replace(/\s/g, ' ');
}
