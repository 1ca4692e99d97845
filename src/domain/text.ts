import type { SafeText } from './safe-text.ts';
import { normalizeUnicode } from './unicode-normalization.ts';

/** Control, format, private-use and surrogate characters; keeps ZWJ and ZWNJ, which some scripts need. */
const INVISIBLE_CHARACTERS = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

/**
 * Ignores case, combining marks (including Vietnamese tones), đ, and runs of white space:
 * `foldForSearch('Vàng  Miếng') === 'vang mieng'`.
 */
export function foldForSearch(text: string): string {
  return normalizeUnicode(text, 'NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/đ/g, 'd')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Replaces white space by blanks and removes control and format characters. Does not normalise. */
export function stripInvisible(text: string): string {
  return text.replace(/\s/g, ' ').replace(INVISIBLE_CHARACTERS, '');
}

/**
 * Makes external text safe to store and to show: NFC, single blanks as white space, no control or format characters
 * (terminal escapes, bidirectional overrides, zero-width characters; except ZWJ and ZWNJ, which some scripts need).
 */
export function sanitizeText(text: string): SafeText {
  // Normalise last: removing a character can bring a letter and its combining mark together.
  return normalizeUnicode(stripInvisible(text)).replace(/ +/g, ' ').trim() as SafeText;
}

/** As `sanitizeText`, line by line; keeps indentation. */
export function sanitizeLines(text: string): SafeText {
  const lines = text.split('\n').map((line) => `${/^ */.exec(line)![0]}${sanitizeText(line)}`.trimEnd());
  return lines.join('\n') as SafeText;
}

/** For a part of a screen line: keeps blanks, removes everything that can control a terminal. */
export function sanitizeFragment(text: string): SafeText {
  return text.replace(/[\u2028\u2029]/g, ' ').replace(INVISIBLE_CHARACTERS, '') as SafeText;
}
