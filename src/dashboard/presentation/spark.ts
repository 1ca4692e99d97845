const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII = '_.-^';

/** Values, oldest first, as a line of at most `width` characters: the last value of each stretch of equal length. */
export function sparkline(values: readonly number[], width: number, unicode: boolean): string {
  const known = values.filter(Number.isFinite);
  if (known.length < 2 || width < 1) return '';
  const count = Math.min(known.length, width);
  const shown = Array.from({ length: count }, (_, i) => known[Math.ceil(((i + 1) * known.length) / count) - 1]!);
  const low = Math.min(...shown);
  const high = Math.max(...shown);
  const glyphs = unicode ? BLOCKS : ASCII;
  return shown
    .map((value) => {
      const height = high === low ? 0.5 : (value - low) / (high - low);
      return glyphs[Math.min(glyphs.length - 1, Math.max(0, Math.floor(height * glyphs.length)))] ?? glyphs[0]!;
    })
    .join('');
}
