import { activeContexts, KEY_BINDINGS } from '../key-bindings.ts';
import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled-text.ts';
import { keyLabel } from './key-label.ts';
import { fitToPane } from './line-layout.ts';

/** The keys of what has the focus. */
export function keyBarLines(state: State, width: number, height: number): StyledLine[] {
  return fitToPane([keyHints(state, width)], state, width, height);
}

/** As many keys as fit, the most specific first. Global keys are dropped last. */
export function keyHints(state: State, width: number): StyledLine {
  const available = activeContexts(state).flatMap((context) =>
    KEY_BINDINGS.filter((each) => each.context === context && each.hint && each.keys.length > 0),
  );
  const fitting: (typeof available)[number][] = [];
  let left = width;
  for (const each of [...available].sort((a, b) => Number(b.context === 'global') - Number(a.context === 'global'))) {
    const size = keyLabel(each.keys[0]!).length + 1 + each.hint!.length + (fitting.length > 0 ? 2 : 0);
    if (size > left) continue;
    left -= size;
    fitting.push(each);
  }
  return available
    .filter((each) => fitting.includes(each))
    .flatMap((each, i) => [
      span(`${i === 0 ? '' : '  '}${keyLabel(each.keys[0]!)}`, 'gold'),
      span(` ${each.hint}`, 'muted'),
    ]);
}
