import { formatSpan } from '../../domain/instant.ts';
import type { State, Transfer } from '../state.ts';
import { type StyledLine, span } from '../styled.ts';
import { formatBytes } from './bytes.ts';
import { sentences } from './empty.ts';
import { finish, squeeze } from './lines.ts';
import { simulatedMark } from './simulated.ts';
import { safe } from './text.ts';

export function title(state: State, width: number): StyledLine {
  const count = state.transfers.length;
  return squeeze(
    [[[span('Transfers', 'title')]], [count > 0 ? [span(`${count}`, 'muted')] : [], []], [simulatedMark(state), []]],
    [2, 1],
    width,
  );
}

/** Files on their way: how far, how fast, how long yet. */
export function transfers(state: State, width: number, height: number): StyledLine[] {
  if (state.transfers.length === 0) return finish(sentences(['No transfers.'], width, 'muted'), state, width, height);
  const fits = state.transfers.length <= height;
  const shown = fits ? state.transfers : state.transfers.slice(0, Math.max(0, height - 1));
  const lines = shown.map((transfer) => transferLine(transfer, width));
  if (!fits) lines.push([span(`… and ${state.transfers.length - shown.length} more`, 'muted')]);
  return finish(lines, state, width, height);
}

function transferLine(
  { name, peer, direction, state, done, size, bytesPerSecond }: Transfer,
  width: number,
): StyledLine {
  const part = size > 0 ? Math.min(1, Math.max(0, done / size)) : 0;
  const left = bytesPerSecond > 0 && size > done ? `${formatSpan(((size - done) / bytesPerSecond) * 1000)} left` : '';
  const speed = bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : safe(state);
  const arrow = direction === 'in' ? '↓' : '↑';
  const bar = (columns: number): StyledLine => {
    const filled = Math.round(part * columns);
    return [span('█'.repeat(filled), 'good'), span('░'.repeat(columns - filled), 'muted')];
  };
  return squeeze(
    [
      [[span(`${arrow} `, 'accent'), span(safe(name), 'strong')]],
      [bar(20), bar(8), []],
      [[span(`${Math.floor(part * 100)}%`)]],
      [[span(speed, 'muted')], []],
      [left === '' ? [] : [span(left, 'muted')], []],
      [[span(formatBytes(size), 'muted')], []],
      [[span(safe(peer), 'muted')], []],
    ],
    [6, 5, 1, 1, 3, 4],
    width,
    ' ',
  );
}
