/**
 * Folds text for comparison: case, combining marks (Vietnamese tones among them), đ, and runs of white space.
 * `fold('Vàng  Miếng') === 'vang mieng'`.
 */
export function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/đ/g, 'd')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * Text that came from outside, safe to store and to show: NFC, white space made plain, every control and format
 * character gone (terminal escapes, bidirectional overrides, zero-width tricks; ZWJ and ZWNJ stay, scripts need them).
 */
export function plain(text: string): string {
  return text
    .replace(/\s/g, ' ')
    .replace(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
    .normalize('NFC') // only now: what stood between a letter and its mark is gone
    .replace(/ +/g, ' ')
    .trim();
}
