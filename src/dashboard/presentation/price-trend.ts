import { formatPercent } from '../../domain/number-format.ts';
import { type StyledSpan, span } from '../styled-text.ts';

const BLOCK_GLYPHS = '▁▂▃▄▅▆▇█';
const ASCII_GLYPHS = '_.-^';

/** Draws values, oldest first, in at most `width` characters: the last value of each equally long interval. */
export function sparkline(values: readonly number[], width: number, unicode: boolean): string {
  const known = values.filter(Number.isFinite);
  if (known.length < 2 || width < 1) return '';
  const count = Math.min(known.length, width);
  const sampled = Array.from({ length: count }, (_, i) => known[Math.ceil(((i + 1) * known.length) / count) - 1]!);
  const low = Math.min(...sampled);
  const high = Math.max(...sampled);
  const glyphs = unicode ? BLOCK_GLYPHS : ASCII_GLYPHS;
  return sampled
    .map((value) => {
      const height = high === low ? 0.5 : (value - low) / (high - low);
      return glyphs[Math.min(glyphs.length - 1, Math.max(0, Math.floor(height * glyphs.length)))] ?? glyphs[0]!;
    })
    .join('');
}

/** `▲1.25%`, `▼0.40%`, `0.00%`: always two decimals, so that a column aligns. Empty if unknown. */
export function changeSpan(from: number | undefined, to: number | null): StyledSpan {
  if (from === undefined || to === null || !(from > 0)) return span('');
  const percent = formatPercent(from, to);
  if (percent.startsWith('+')) return span(`▲${percent.slice(1)}`, 'up');
  if (percent.startsWith('-')) return span(`▼${percent.slice(1)}`, 'down');
  return span(percent);
}
