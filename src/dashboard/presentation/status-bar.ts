import { displayWidth } from '../../repl/text-width.ts';
import { offerLine } from '../../repl/transfer-format.ts';
import { computeLayout, MIN_SCREEN } from '../layout.ts';
import type { Notice, State } from '../state.ts';
import { type StyledLine, type StyledSpan, span, type Tone } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { unreadMessages } from './forum-pane.ts';
import { keyHints } from './key-bar.ts';
import { keyOf } from './key-label.ts';
import { fitSegments, fitToPane, justify, type LineSegment, lineWidth } from './line-layout.ts';
import { displayCountdown } from './time-format.ts';

const NOTICE_TONES: Readonly<Record<Notice['tone'], Tone>> = { info: 'strong', good: 'good', bad: 'bad' };
const MIN_KEYS_WIDTH = 10;

/** A notice or problem, and what waits for the member. On a low screen also the keys, which have no line of their own. */
export function statusBarLines(state: State, width: number, height: number): StyledLine[] {
  const message = statusMessage(state);
  const hasKeyBar = computeLayout(state).keys.height > 0;
  const room = width - (message.length > 0 ? lineWidth(message) + 2 : 0);
  const right = hasKeyBar ? waitingItems(state, room) : room >= MIN_KEYS_WIDTH ? keyHints(state, room) : [];
  const line = message.length === 0 ? right : justifyOrJoin(message, right, hasKeyBar, width);
  return fitToPane([line], state, width, height);
}

/** Whether the status line shows a text whole, with `more` columns for what follows it. */
export function fitsStatusLine(text: string, { columns }: Pick<State, 'columns'>, more = 0): boolean {
  return displayWidth(text) <= columns - more;
}

function justifyOrJoin(message: StyledLine, right: StyledLine, isRight: boolean, width: number): StyledLine {
  if (right.length === 0) return message;
  return isRight ? justify(message, right, width) : [...message, span('  '), ...right];
}

/** One thing that waits for the member, in several lengths; `[[]]` if there is none. */
type StatusItem = (state: State) => LineSegment;

/** From left to right. The first ones are shortened and dropped last. */
const STATUS_ITEMS: readonly StatusItem[] = [unreadPosts, unreadDirectMessages, mouseMode];

function waitingItems(state: State, width: number): StyledLine {
  if (width < MIN_KEYS_WIDTH) return [];
  const segments = STATUS_ITEMS.map((item) => item(state)).filter(([longest]) => longest!.length > 0);
  const order = segments.flatMap((_, i) => [segments.length - 1 - i]);
  return fitSegments(segments, [...order, ...order], width);
}

function unreadPosts({ forum: { topics, isLoaded } }: State): LineSegment {
  if (!isLoaded) return [[]];
  const unread = topics.reduce((sum, each) => sum + each.unread, 0);
  const mentions = topics.reduce((sum, each) => sum + each.mentions, 0);
  if (unread === 0) return [[span('nothing unread', 'muted')], []];
  const count: StyledSpan[] = [span(`${unread} unread`, 'strong')];
  if (mentions === 0) return [count];
  return [
    [...count, span(' '), span(`${mentions} for you`, 'mention')],
    [...count, span(` @${mentions}`, 'mention')],
  ];
}

function unreadDirectMessages(state: State): LineSegment {
  const count = unreadMessages(state);
  return count === 0 ? [[]] : [[span(`${count} direct`, 'mention')]];
}

function mouseMode({ mouse }: State): LineSegment {
  return mouse ? [[]] : [[span('mouse off', 'muted'), span(` ${keyOf('toggleMouse')}`, 'gold')], []];
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
