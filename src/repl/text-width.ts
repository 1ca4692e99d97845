import stringWidth from 'string-width';

/** Characters of one column: ASCII, Latin including Vietnamese letters, and those that frames and charts use. */
const SINGLE_WIDTH_TEXT =
  /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u1e00-\u1eff\u2013-\u2026\u2190-\u2193\u21b3\u2500-\u259f\u25b2\u25b8\u25bc\u25cb\u25cf\u2800-\u28ff]*$/;
const ASCII_TEXT = /^[\x20-\x7e]*$/;
let isAmbiguousWide = false;
let replacedGlyphs: ReadonlySet<string> = new Set();
/** Columns of each code point, plus one; 0: not measured yet. */
let widthCache: Uint8Array | undefined;

/**
 * Says how the terminal draws characters of ambiguous width, such as `à` and `─`. Called before anything is measured.
 * @param replaced glyphs of one column that are written as ASCII on such a terminal
 */
export function setAmbiguousWide(isWide: boolean, replaced: ReadonlySet<string>): void {
  isAmbiguousWide = isWide;
  replacedGlyphs = isWide ? replaced : new Set();
  widthCache = undefined;
}

export function hasAmbiguousWide(): boolean {
  return isAmbiguousWide;
}

/** Terminal columns of a code point: 0, 1 or 2. Text that may also be an emoji takes one; string-width counts two. */
export function codePointWidth(codePoint: number): number {
  if (codePoint >= 0x20 && codePoint < 0x7f) return 1;
  widthCache ??= new Uint8Array(0x110000);
  if (widthCache[codePoint] === 0) widthCache[codePoint] = measureCodePoint(codePoint) + 1;
  return widthCache[codePoint]! - 1;
}

function measureCodePoint(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (replacedGlyphs.has(character)) return 1;
  if (/[\p{Mn}\p{Me}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(character)) return 0;
  if (codePoint >= 0x1160 && codePoint <= 0x11ff) return 0; // Hangul vowels and final consonants combine with the character before them
  if (/\p{Regional_Indicator}/u.test(character)) return 1;
  const isWideScript = codePoint >= 0x3000 && codePoint < 0x1f000;
  if (!isWideScript && /(?!\p{Emoji_Presentation})\p{Emoji}/u.test(character)) return 1;
  return stringWidth(character, { ambiguousIsNarrow: !isAmbiguousWide });
}

/** Whether every character takes one column and one string index, so that the text can be cut by index. */
export function isSingleWidth(text: string): boolean {
  return (isAmbiguousWide ? ASCII_TEXT : SINGLE_WIDTH_TEXT).test(text);
}

/** Terminal columns of a text without escape sequences. */
export function displayWidth(text: string): number {
  if (isSingleWidth(text)) return text.length;
  let width = 0;
  for (const character of text) width += codePointWidth(character.codePointAt(0)!);
  return width;
}

/** The indivisible pieces of a text: a character with its combining marks, or the two letters of a flag. */
export function graphemes(text: string): string[] {
  if (isSingleWidth(text)) return text.split('');
  const pieces: string[] = [];
  let isHalfFlag = false;
  for (const character of text) {
    const codePoint = character.codePointAt(0)!;
    const isFlagLetter = codePoint >= 0x1f1e6 && codePoint <= 0x1f1ff;
    const isJoined = codePointWidth(codePoint) === 0 || (isFlagLetter && isHalfFlag);
    if (pieces.length > 0 && isJoined) pieces[pieces.length - 1] += character;
    else pieces.push(character);
    isHalfFlag = isFlagLetter && !isHalfFlag;
  }
  return pieces;
}

/**
 * Terminal columns of one grapheme cluster as terminals draw it that know clusters: an emoji family and a flag take two. Other
 * clusters are as wide as their characters.
 */
export function clusterWidth(cluster: string): number {
  const isEmojiSequence = /\p{Extended_Pictographic}.*[\u200d\u{1f3fb}-\u{1f3ff}]|^\p{Regional_Indicator}{2}/u.test(
    cluster,
  );
  return isEmojiSequence ? 2 : displayWidth(cluster);
}
