import { computeLayout, innerSize } from '../layout.ts';
import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled-text.ts';
import { displayLine } from './display-text.ts';
import { keyOf } from './key-label.ts';
import { padLine } from './line-layout.ts';
import { wrap } from './wrap.ts';

/** All lines of a command's output. */
export function answerLines(output: readonly string[], width: number): readonly StyledLine[] {
  return wrapOutput(output, width).map((text) => [span(text)]);
}

/** Whether the output does not fit over the pane that shows it, so that it needs a box of its own. */
export function needsAnswerBox(state: Pick<State, 'output' | 'zoomed' | 'columns' | 'rows'>): boolean {
  const { output, zoomed } = state;
  if (output === null) return false;
  const pane = zoomed === null || zoomed === 'input' ? 'forum' : zoomed;
  const { width, height } = innerSize(computeLayout(state)[pane]);
  return width < 1 || output.length >= height || wrapOutput(output, width).length >= height;
}

/** Draws the output of the last typed line, if any, over the bottom of a pane. */
export function withCommandOutput(
  lines: readonly StyledLine[],
  { output, answer }: Pick<State, 'output'> & Partial<Pick<State, 'answer'>>,
  width: number,
  height: number,
): readonly StyledLine[] {
  if (output === null || answer || height < 2 || width < 1) return lines;
  const texts = wrapOutput(output.slice(0, height), width).slice(0, height - 1);
  const head = ` ${keyOf('back', 'input')} to close `;
  const rule = [span('─'.repeat(Math.max(0, width - head.length)), 'gold' as const), span(head, 'muted' as const)];
  const overlay = [padLine(rule, width), ...texts.map((text) => [span(text)])];
  const above = height - overlay.length;
  const kept = lines.length > above ? lines.slice(lines.length - above) : lines;
  return [...kept, ...Array.from({ length: above - kept.length }, (): StyledLine => []), ...overlay];
}

function wrapOutput(output: readonly string[], width: number): string[] {
  return output.flatMap((line) => line.split('\n').flatMap((part) => wrap(displayLine(part), width, width)));
}
