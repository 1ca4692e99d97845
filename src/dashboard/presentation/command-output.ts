import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled-text.ts';
import { displayLine } from './display-text.ts';
import { keyOf } from './key-label.ts';
import { padLine } from './line-layout.ts';
import { wrap } from './wrap.ts';

/** Draws the output of the last typed line, if any, over the bottom of a pane. */
export function withCommandOutput(
  lines: readonly StyledLine[],
  { output }: Pick<State, 'output'>,
  width: number,
  height: number,
): readonly StyledLine[] {
  if (output === null || height < 1 || width < 1) return lines;
  const texts: string[] = [];
  let unwrapped = 0;
  for (const line of output) {
    // Lines that cannot be visible are counted, not wrapped.
    if (texts.length > height) unwrapped += 1;
    else texts.push(...wrap(displayLine(line), width, width));
  }
  const room = Math.max(1, height - 1);
  const more = texts.length - room + unwrapped;
  const visible = more > 0 && room > 1 ? texts.slice(0, room - 1) : texts.slice(0, room);
  const end = more > 0 && room > 1 ? [[span(`… ${more + 1} more; "goldctl shell" shows all`, 'muted' as const)]] : [];
  const head = ` ${keyOf('back', 'input')} to close `;
  const rule = [span('─'.repeat(Math.max(0, width - head.length)), 'gold' as const), span(head, 'muted' as const)];
  const overlay = [...(height > 1 ? [padLine(rule, width)] : []), ...visible.map((text) => [span(text)]), ...end];
  const above = height - overlay.length;
  const kept = lines.length > above ? lines.slice(lines.length - above) : lines;
  return [...kept, ...Array.from({ length: above - kept.length }, (): StyledLine => []), ...overlay];
}
