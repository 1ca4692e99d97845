import { plainPiece } from '../../domain/fold.ts';
import type { SafeText } from '../../domain/safe-text.ts';
import type { StyledLine, Tone } from '../styled.ts';
import { type Colours, type Look, lookOf, type Theme } from './theme.ts';

const RESET = '\x1b[0m';
const openings = new WeakMap<Theme, Map<string, string>>();

/** A line with the escape sequences that colour it; it leaves the terminal's attributes as they were. */
export function toAnsi(line: StyledLine, theme: Theme, colours: Colours): SafeText {
  let written = '';
  let open = '';
  for (const { text, tone } of line) {
    if (text === '') continue;
    const opening = openingOf(theme, tone, colours);
    if (opening !== open) {
      written += `${open === '' ? '' : RESET}${opening}`;
      open = opening;
    }
    written += plainPiece(text);
  }
  return (open === '' ? written : written + RESET) as SafeText; // pieces and our own colours
}

function openingOf(theme: Theme, tone: Tone, colours: Colours): string {
  let known = openings.get(theme);
  if (!known) {
    known = new Map();
    openings.set(theme, known);
  }
  const key = `${tone} ${colours}`;
  let opening = known.get(key);
  if (opening === undefined) {
    const codes = sgr(lookOf(theme, tone, colours), colours);
    opening = codes.length === 0 ? '' : `\x1b[${codes.join(';')}m`;
    known.set(key, opening);
  }
  return opening;
}

function sgr({ fg, bg, bold, inverse, underline }: Look, colours: Colours): (number | string)[] {
  return [
    ...(bold ? [1] : []),
    ...(underline ? [4] : []),
    ...(inverse ? [7] : []),
    ...(fg === undefined ? [] : [colour(fg, 30, colours)]),
    ...(bg === undefined ? [] : [colour(bg, 40, colours)]),
  ];
}

function colour(number: number, base: 30 | 40, colours: Colours): number | string {
  if (colours === 256) return `${base + 8};5;${number}`;
  return number < 8 ? base + number : base + 60 + number - 8;
}
