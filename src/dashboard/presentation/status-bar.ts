import { offerLine } from '../../repl/transfer-format.ts';
import { activeContexts, KEY_BINDINGS } from '../key-bindings.ts';
import { MIN_SCREEN } from '../layout.ts';
import type { Notice, State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { keyLabel, keyOf } from './key-label.ts';
import { clipLine, fitToPane, lineWidth } from './line-layout.ts';
import { displayCountdown } from './time-format.ts';

const NOTICE_TONES: Readonly<Record<Notice['tone'], Tone>> = { info: 'strong', good: 'good', bad: 'bad' };

/** A notice or problem, then the keys of the focused pane. */
export function statusBarLines(state: State, width: number, height: number): StyledLine[] {
  const message = statusMessage(state);
  const room = width - (message.length > 0 ? lineWidth(message) + 2 : 0);
  const keys = room >= 10 ? statusKeys(state, room) : [];
  const line = message.length > 0 && keys.length > 0 ? [...message, span('  '), ...keys] : [...message, ...keys];
  return fitToPane([clipLine(line, width)], state, width, height);
}

function statusMessage({ notice, connection, now, columns, rows, files }: State): StyledLine {
  if (notice !== null) return [span(displayText(notice.text), NOTICE_TONES[notice.tone] ?? 'strong')];
  if (connection.phase === 'offline') {
    const next = connection.nextTryAt === null ? '' : `; next try ${displayCountdown(connection.nextTryAt, now)}`;
    return [span(`Connection lost: ${displayText(connection.reason)}${next}`, 'bad')];
  }
  if (connection.phase === 'ended')
    return [span(`${displayText(connection.reason)} Press ${keyOf('refresh')} to reconnect.`, 'bad')];
  const [offer] = files.offers;
  if (offer !== undefined) {
    const others = files.offers.length > 1 ? ` (and ${files.offers.length - 1} more: NOTIFY)` : '';
    return [span(`${displayText(offerLine(offer))}${others}`, 'accent')];
  }
  if (columns < MIN_SCREEN.columns || rows < MIN_SCREEN.rows) {
    return [span(`${columns}x${rows} is too small; use ${MIN_SCREEN.columns}x${MIN_SCREEN.rows}`, 'warn')];
  }
  return [];
}

/** As many keys as fit, the most specific first. Global keys are dropped last. */
function statusKeys(state: State, width: number): StyledLine {
  const available = activeContexts(state).flatMap((context) =>
    KEY_BINDINGS.filter((each) => each.context === context && each.hint),
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
