import { type EditedText, graphemeClusters } from '../../repl/line-edit.ts';
import { displayWidth } from '../../repl/text-width.ts';
import { type StyledSpan, span } from '../styled-text.ts';
import { displayText } from './display-text.ts';

/**
 * The part of an edited line around the cursor, in at most `room` columns. The cursor is a span of its own: the cluster
 * under it, or a blank at the end.
 */
export function editedLineSpans({ text, cursor }: EditedText, room: number, isActive: boolean): StyledSpan[] {
  const before = visibleClusters(text.slice(0, cursor));
  const [under = ' ', ...after] = visibleClusters(text.slice(cursor));
  const tone = isActive ? 'cursor' : 'text';
  let used = displayWidth(under);
  if (used > room) return [span('?'.repeat(room), tone)];
  let left = '';
  for (const cluster of before.reverse()) {
    used += displayWidth(cluster);
    if (used > room) break;
    left = cluster + left;
  }
  let right = '';
  let free = room - displayWidth(left) - displayWidth(under);
  for (const cluster of after) {
    free -= displayWidth(cluster);
    if (free < 0) break;
    right += cluster;
  }
  return [span(left), span(under, tone), span(right)].filter((each) => each.text !== '');
}

/** Clusters as the screen shows them, without those that have no visible form. */
function visibleClusters(text: string): string[] {
  return graphemeClusters(text).flatMap((cluster) => (/^\s/.test(cluster) ? ' ' : displayText(cluster) || []));
}
