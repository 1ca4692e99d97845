import { formatPercent } from '../../domain/figures.ts';
import { type Span, span } from '../styled.ts';

/** `▲1.25%`, `▼0.40%`, `0.00%`: two decimals always, so that they stand one under the other; empty when not known. */
export function changeSpan(from: number | undefined, to: number | null): Span {
  if (from === undefined || to === null || !(from > 0)) return span('');
  const percent = formatPercent(from, to).replace(' %', '%');
  if (percent.startsWith('+')) return span(`▲${percent.slice(1)}`, 'up');
  if (percent.startsWith('-')) return span(`▼${percent.slice(1)}`, 'down');
  return span(percent);
}
