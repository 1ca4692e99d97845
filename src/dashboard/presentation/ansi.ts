import type { SafeText } from '../../domain/safe-text.ts';
import { sanitizeFragment } from '../../domain/text.ts';
import type { StyledLine, Tone } from '../styled-text.ts';
import { type Colour, type ColourDepth, RGB_COLOUR, type TextStyle, type Theme, textStyleOf } from './theme.ts';

const RESET_SEQUENCE = '\x1b[0m';
const prefixesByTheme = new WeakMap<Theme, Map<string, string>>();

/** A line with escape sequences for its styles. Resets the attributes at the end. */
export function toAnsi(line: StyledLine, theme: Theme, colours: ColourDepth): SafeText {
  let result = '';
  let current = '';
  for (const { text, tone } of line) {
    if (text === '') continue;
    const prefix = sgrPrefix(theme, tone, colours);
    if (prefix !== current) {
      result += `${current === '' ? '' : RESET_SEQUENCE}${prefix}`;
      current = prefix;
    }
    result += sanitizeFragment(text);
  }
  return (current === '' ? result : result + RESET_SEQUENCE) as SafeText; // only sanitized pieces and our own sequences
}

/** The escape sequence that switches from the default style to a tone; empty for the default. */
export function sgrPrefix(theme: Theme, tone: Tone, colours: ColourDepth): string {
  let known = prefixesByTheme.get(theme);
  if (!known) {
    known = new Map();
    prefixesByTheme.set(theme, known);
  }
  const key = `${tone} ${colours}`;
  let opening = known.get(key);
  if (opening === undefined) {
    const codes = sgrCodes(textStyleOf(theme, tone, colours), colours);
    opening = codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`;
    known.set(key, opening);
  }
  return opening;
}

function sgrCodes({ fg, bg, bold, inverse, underline }: TextStyle, colours: ColourDepth): (number | string)[] {
  return [
    ...(bold ? [1] : []),
    ...(underline ? [4] : []),
    ...(inverse ? [7] : []),
    ...(fg === undefined ? [] : [colourCode(fg, 30, colours)]),
    ...(bg === undefined ? [] : [colourCode(bg, 40, colours)]),
  ];
}

function colourCode(colour: Colour, base: 30 | 40, colours: ColourDepth): number | string {
  if (colour >= RGB_COLOUR) {
    const rgb = colour - RGB_COLOUR;
    return `${base + 8};2;${rgb >> 16};${(rgb >> 8) & 0xff};${rgb & 0xff}`;
  }
  if (colours >= 256) return `${base + 8};5;${colour}`;
  return colour < 8 ? base + colour : base + 60 + colour - 8;
}
