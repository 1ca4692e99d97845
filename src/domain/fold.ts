import { normalForm } from './normal-form.ts';
import type { SafeText } from './safe-text.ts';

/** Control and format characters, those without a meaning and halves of pairs; ZWJ and ZWNJ stay, scripts need them. */
const INVISIBLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

/**
 * Folds text for comparison: case, combining marks (Vietnamese tones among them), đ, and runs of white space.
 * `fold('Vàng  Miếng') === 'vang mieng'`.
 */
export function fold(text: string): string {
  return normalForm(text, 'NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/đ/g, 'd')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Text without what does not show: white space made plain, no control and format characters. It is not normalised. */
export function visible(text: string): string {
  return text.replace(/\s/g, ' ').replace(INVISIBLE, '');
}

/**
 * Text that came from outside, safe to store and to show: NFC, white space made plain, every control and format
 * character gone (terminal escapes, bidirectional overrides, zero-width tricks; ZWJ and ZWNJ stay, scripts need them).
 */
export function plain(text: string): SafeText {
  // Normalised last: what stood between a letter and its mark is gone.
  return normalForm(visible(text)).replace(/ +/g, ' ').trim() as SafeText;
}

/** The same for a text of several lines; each keeps the blanks in front of it. */
export function plainLines(text: string): SafeText {
  const lines = text.split('\n').map((line) => `${/^ */.exec(line)![0]}${plain(line)}`.trimEnd());
  return lines.join('\n') as SafeText;
}

/** A piece of a line of the screen: its blanks stay, nothing in it can give a terminal orders. */
export function plainPiece(text: string): SafeText {
  return text.replace(/[\u2028\u2029]/g, ' ').replace(INVISIBLE, '') as SafeText;
}
