import stringWidth from 'string-width';

/** Characters of one column: ASCII, Latin with the letters of Vietnamese, and what frames and charts are drawn with. */
const NARROW =
  /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u1e00-\u1eff\u2013-\u2026\u2190-\u2193\u21b3\u2500-\u259f\u25b2\u25b8\u25bc\u25cb\u25cf\u2800-\u28ff]*$/;
/** Columns of each code point, plus one; 0: not asked yet. */
let known: Uint8Array | undefined;

/**
 * Columns that a terminal gives to one code point: 0, 1 or 2. What only has a text form until a variation selector
 * says otherwise (`❤`, `©`, `↗`) takes one, as terminals have it; string-width counts two.
 */
export function columnsOf(codePoint: number): number {
  if (codePoint >= 0x20 && codePoint < 0x7f) return 1;
  known ??= new Uint8Array(0x110000);
  if (known[codePoint] === 0) known[codePoint] = measure(codePoint) + 1;
  return known[codePoint]! - 1;
}

function measure(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (/[\p{Mn}\p{Me}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(character)) return 0;
  if (codePoint >= 0x1160 && codePoint <= 0x11ff) return 0; // vowels and tails of Hangul, which join what is before
  if (/\p{Regional_Indicator}/u.test(character)) return 1;
  const isWideScript = codePoint >= 0x3000 && codePoint < 0x1f000;
  if (!isWideScript && /(?!\p{Emoji_Presentation})\p{Emoji}/u.test(character)) return 1;
  return stringWidth(character);
}

/** Whether every character of a text takes one column and one place of the string: it can be cut by index. */
export function isNarrow(text: string): boolean {
  return NARROW.test(text);
}

/** Columns that a text takes on a terminal. It holds no escape sequences. */
export function displayWidth(text: string): number {
  if (isNarrow(text)) return text.length;
  let width = 0;
  for (const character of text) width += columnsOf(character.codePointAt(0)!);
  return width;
}

/** The pieces of a text that are never torn apart: a character and the marks that stand on it. */
export function clusters(text: string): string[] {
  if (isNarrow(text)) return text.split('');
  const pieces: string[] = [];
  for (const character of text) {
    if (pieces.length > 0 && columnsOf(character.codePointAt(0)!) === 0) pieces[pieces.length - 1] += character;
    else pieces.push(character);
  }
  return pieces;
}
