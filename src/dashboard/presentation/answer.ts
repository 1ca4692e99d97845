import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled.ts';
import { keyFor } from './keycap.ts';
import { fill } from './lines.ts';
import { safeLine } from './text.ts';
import { wrap } from './wrap.ts';

/** The answer to the last typed line, over the bottom of a pane; the lines of the pane where there is none. */
export function withAnswer(
  lines: readonly StyledLine[],
  { answer }: Pick<State, 'answer'>,
  width: number,
  height: number,
): readonly StyledLine[] {
  if (answer === null || height < 1 || width < 1) return lines;
  const texts: string[] = [];
  let left = 0;
  for (const line of answer) {
    // Beyond what the pane holds the lines are counted, not wrapped.
    if (texts.length > height) left += 1;
    else texts.push(...wrap(safeLine(line), width, width));
  }
  const room = Math.max(1, height - 1);
  const more = texts.length - room + left;
  const shown = more > 0 && room > 1 ? texts.slice(0, room - 1) : texts.slice(0, room);
  const end = more > 0 && room > 1 ? [[span(`… ${more + 1} more; "goldctl shell" shows all`, 'muted' as const)]] : [];
  const head = ` ${keyFor('back', 'input')} closes this `;
  const rule = [span('─'.repeat(Math.max(0, width - head.length)), 'gold' as const), span(head, 'muted' as const)];
  const over = [...(height > 1 ? [fill(rule, width)] : []), ...shown.map((text) => [span(text)]), ...end];
  const above = height - over.length;
  const kept = lines.length > above ? lines.slice(lines.length - above) : lines;
  return [...kept, ...Array.from({ length: above - kept.length }, (): StyledLine => []), ...over];
}
