import { normalizeUnicode } from '../../domain/unicode-normalization.ts';
import { displayWidth, graphemes, hasAmbiguousWide, isSingleWidth } from '../../repl/text-width.ts';
import type { State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';

export function lineWidth(line: StyledLine): number {
  let width = 0;
  for (const { text } of line) width += displayWidth(text);
  return width;
}

/** The columns `[from, to)` of a line. A wide character that is cut in half becomes a blank. */
export function sliceColumns(line: StyledLine, from: number, to: number): StyledLine {
  const kept: StyledSpan[] = [];
  let at = 0;
  for (const each of line) {
    if (at >= to) break;
    const width = displayWidth(each.text);
    if (at >= from && at + width <= to) {
      if (each.text !== '') kept.push(each);
    } else if (at + width > from) {
      const text = sliceTextColumns(each.text, Math.max(0, from - at), to - at);
      if (text !== '') kept.push({ ...each, text });
    }
    at += width;
  }
  return kept;
}

function sliceTextColumns(text: string, from: number, to: number): string {
  if (isSingleWidth(text)) return text.slice(from, to);
  let kept = '';
  let at = 0;
  for (const each of graphemes(text)) {
    const end = at + displayWidth(each);
    if (at >= from && end <= to) kept += end > at || kept !== '' ? each : '';
    else kept += ' '.repeat(Math.max(0, Math.min(end, to) - Math.max(at, from)));
    at = end;
  }
  return kept;
}

/** Truncates a line to `width` columns, with `…` at the end. */
export function clipLine(line: StyledLine, width: number): StyledLine {
  if (lineWidth(line) <= width) return line;
  if (width <= 0) return [];
  const kept = sliceColumns(line, 0, width - 1);
  return [...kept, span('…', kept.at(-1)?.tone)];
}

/** Truncates or pads a line to exactly `width` columns. */
export function padLine(line: StyledLine, width: number, tone: Tone = 'text'): StyledLine {
  const clipped = clipLine(line, width);
  const rest = width - lineWidth(clipped);
  return rest > 0 ? [...clipped, span(' '.repeat(rest), tone)] : clipped;
}

/** Aligns `left` and `right` to the ends of a line. `left` is truncated if both do not fit. */
export function justify(left: StyledLine, right: StyledLine, width: number): StyledLine {
  const end = clipLine(right, width);
  const used = lineWidth(end);
  return [...padLine(left, width - used), ...end];
}

/** A segment of a line in several forms, longest first. The form `[]` omits the segment. */
export type LineSegment = readonly StyledLine[];

/**
 * Joins segments to a line of at most `width` columns. While the line is too long, the next segment in `order` takes its
 * next shorter form. A segment that is twice in `order` is shortened twice.
 */
export function fitSegments(segments: readonly LineSegment[], order: number[], width: number, gap = '  '): StyledLine {
  const forms = segments.map(() => 0);
  const line = (): StyledLine => {
    const chosen = segments.map((segment, i) => segment[Math.min(forms[i]!, segment.length - 1)] ?? []);
    return chosen.filter((form) => form.length > 0).flatMap((form, i) => (i === 0 ? form : [span(gap), ...form]));
  };
  let fitted = line();
  for (const index of order) {
    if (lineWidth(fitted) <= width) break;
    forms[index]! += 1;
    fitted = line();
  }
  return clipLine(fitted, width);
}

/** Replacements for glyphs of frames, charts and punctuation, each one column wide. */
const FRAME_GLYPHS: Readonly<Record<string, string>> = {
  '▲': '+',
  '▼': '-',
  '●': '*',
  '○': 'o',
  '▸': '>',
  '↳': '>',
  '↓': 'v',
  '↑': '^',
  '…': '~',
  '·': '.',
  '•': '*',
  '─': '-',
  '│': '|',
  '┤': '+',
  '┬': '+',
  '┼': '+',
  '┌': '+',
  '┐': '+',
  '└': '+',
  '┘': '+',
  '█': '#',
  '░': '.',
  '–': '-',
  '—': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
};

/** What is written as ASCII where the terminal draws characters of ambiguous width over two columns. */
export const WIDE_GLYPHS: ReadonlySet<string> = new Set(Object.keys(FRAME_GLYPHS));

/** Replacements for glyphs on terminals with ASCII only, each as wide as the original. */
const ASCII_GLYPHS: Readonly<Record<string, string>> = {
  ...FRAME_GLYPHS,
  đ: 'd',
  Đ: 'D',
  '₫': 'd',
  '€': 'E',
};

/** Converts a text to ASCII of the same width: letters without marks, and `?` for everything else. */
export function toAscii(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return graphemes(text)
    .map((each) => {
      const known = ASCII_GLYPHS[each] ?? normalizeUnicode(each, 'NFD').replace(/[^\x20-\x7e]/g, '');
      const columns = displayWidth(each);
      return known.length === columns ? known : '?'.repeat(columns);
    })
    .join('');
}

/** Replaces the glyphs that the terminal would draw over two columns. Letters stay, in the columns that they take. */
function withNarrowGlyphs(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (character) => FRAME_GLYPHS[character] ?? character);
}

/** The last step of every pane: at most `height` lines of `width` columns, in glyphs that the terminal supports. */
export function fitToPane(
  lines: readonly StyledLine[],
  { unicode }: Pick<State, 'unicode'>,
  width: number,
  height: number,
): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  return lines.slice(0, height).map((line) => {
    const clipped = clipLine(line, width);
    if (unicode) return clipped;
    const convert = hasAmbiguousWide() ? withNarrowGlyphs : toAscii;
    return clipped.map(({ text, ...rest }) => ({ ...rest, text: convert(text) }));
  });
}
