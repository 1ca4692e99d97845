import { plain } from '../../domain/fold.ts';
import { normalForm } from '../../domain/normal-form.ts';

const TAME = /^(?:[\x21-\x7e]+(?: [\x21-\x7e]+)*)?$/;

/**
 * A text from outside (a member, a provider, the daemon), fit for a line of the screen: `plain`, and without what
 * terminals disagree about: variation selectors, invisible fillers, skin tones, joined emoji, marks with no letter or
 * heaped on one.
 */
export function safe(text: string): string {
  if (TAME.test(text)) return text;
  const visible = plain(text)
    .replace(/(?![\u200c\u200d])\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/(?<=\p{Extended_Pictographic})[\u{1f3fb}-\u{1f3ff}]/gu, '')
    .replace(/(?<=\p{Extended_Pictographic})\u200d/gu, '')
    .replace(/^[\p{M}\u200c\u200d]+/u, '')
    .replace(/(\p{M}{4})\p{M}+/gu, '$1')
    .replace(/ +/g, ' ')
    .trim();
  return normalForm(visible); // only now: what stood between a letter and its mark is gone
}

/** The same for a line that keeps its blanks: what is being typed, a post with its columns. */
export function safeLine(text: string): string {
  if (TAME.test(text)) return text;
  return text.replace(/\S+/g, safe).replace(/\s/g, ' ');
}
