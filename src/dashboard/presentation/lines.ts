import { normalForm } from '../../domain/normal-form.ts';
import { clusters, displayWidth, isNarrow } from '../../repl/width.ts';
import type { State } from '../state.ts';
import { type Span, type StyledLine, span, type Tone } from '../styled.ts';

export function widthOf(line: StyledLine): number {
  let width = 0;
  for (const { text } of line) width += displayWidth(text);
  return width;
}

/** The columns `[from, to)` of a line; a wide character that is cut in half is a blank. Shorter where the line is. */
export function slice(line: StyledLine, from: number, to: number): StyledLine {
  const kept: Span[] = [];
  let at = 0;
  for (const { text, tone } of line) {
    if (at >= to) break;
    const width = displayWidth(text);
    if (at >= from && at + width <= to) {
      if (text !== '') kept.push({ text, tone });
    } else if (at + width > from) {
      const part = sliceText(text, Math.max(0, from - at), to - at);
      if (part !== '') kept.push({ text: part, tone });
    }
    at += width;
  }
  return kept;
}

function sliceText(text: string, from: number, to: number): string {
  if (isNarrow(text)) return text.slice(from, to);
  let kept = '';
  let at = 0;
  for (const each of clusters(text)) {
    const end = at + displayWidth(each);
    if (at >= from && end <= to) kept += end > at || kept !== '' ? each : '';
    else kept += ' '.repeat(Math.max(0, Math.min(end, to) - Math.max(at, from)));
    at = end;
  }
  return kept;
}

/** At most `width` columns of a line; `…` where something is cut off. */
export function clip(line: StyledLine, width: number): StyledLine {
  if (widthOf(line) <= width) return line;
  if (width <= 0) return [];
  const kept = slice(line, 0, width - 1);
  return [...kept, span('…', kept.at(-1)?.tone)];
}

/** Exactly `width` columns of a line. */
export function fill(line: StyledLine, width: number, tone: Tone = 'text'): StyledLine {
  const clipped = clip(line, width);
  const rest = width - widthOf(clipped);
  return rest > 0 ? [...clipped, span(' '.repeat(rest), tone)] : clipped;
}

/** `left` and `right` at the two ends of a line; what does not fit is taken from the left one. */
export function spread(left: StyledLine, right: StyledLine, width: number): StyledLine {
  const end = clip(right, width);
  const used = widthOf(end);
  return [...fill(left, width - used), ...end];
}

/** Parts of a line, each from its longest form to its shortest; `[]` is to leave it out. */
export type Part = readonly StyledLine[];

/**
 * The richest line of parts that fits: as long as it is too long, the next part of `order` takes its next shorter form.
 * A part that stands in `order` twice is shortened twice.
 */
export function squeeze(parts: readonly Part[], order: readonly number[], width: number, gap = '  '): StyledLine {
  const forms = parts.map(() => 0);
  const line = (): StyledLine => {
    const shown = parts.map((part, i) => part[Math.min(forms[i]!, part.length - 1)] ?? []);
    return shown.filter((part) => part.length > 0).flatMap((part, i) => (i === 0 ? part : [span(gap), ...part]));
  };
  let made = line();
  for (const part of order) {
    if (widthOf(made) <= width) break;
    forms[part]! += 1;
    made = line();
  }
  return clip(made, width);
}

/** Glyphs of ours and of keyboards, for terminals that show ASCII only; each as wide as what it stands for. */
const ASCII: Readonly<Record<string, string>> = {
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
  đ: 'd',
  Đ: 'D',
  '₫': 'd',
  '€': 'E',
};

/** The text in ASCII, as many columns wide: letters without their marks, `?` for what ASCII has nothing like. */
export function toAscii(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return clusters(text)
    .map((each) => {
      const known = ASCII[each] ?? normalForm(each, 'NFD').replace(/[^\x20-\x7e]/g, '');
      const columns = displayWidth(each);
      return known.length === columns ? known : '?'.repeat(columns);
    })
    .join('');
}

/** The last step of every pane: `height` lines of `width` columns at most, in glyphs that the terminal has. */
export function finish(
  lines: readonly StyledLine[],
  { unicode }: Pick<State, 'unicode'>,
  width: number,
  height: number,
): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  return lines.slice(0, height).map((line) => {
    const clipped = clip(line, width);
    return unicode ? clipped : clipped.map(({ text, tone }) => ({ text: toAscii(text), tone }));
  });
}
