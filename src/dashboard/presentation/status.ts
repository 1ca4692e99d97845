import { offerLine } from '../../repl/transfers.ts';
import { contexts, KEYS } from '../keys.ts';
import { SMALLEST } from '../layout.ts';
import type { Notice, State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled.ts';
import { keycap, keyFor } from './keycap.ts';
import { clip, finish, widthOf } from './lines.ts';
import { inTime } from './moment.ts';
import { safe } from './text.ts';

const TONES: Readonly<Record<Notice['tone'], Tone>> = { info: 'strong', good: 'good', bad: 'bad' };

/** The status line has no border. */
export function title(_state: State, _width: number): StyledLine {
  return [];
}

/** What has just happened or is wrong, then the keys of what has the focus. */
export function status(state: State, width: number, height: number): StyledLine[] {
  const news = newsOf(state);
  const room = width - (news.length > 0 ? widthOf(news) + 2 : 0);
  const keys = room >= 10 ? keysOf(state, room) : [];
  const line = news.length > 0 && keys.length > 0 ? [...news, span('  '), ...keys] : [...news, ...keys];
  return finish([clip(line, width)], state, width, height);
}

function newsOf({ notice, link, now, columns, rows, files }: State): StyledLine {
  if (notice !== null) return [span(safe(notice.text), TONES[notice.tone] ?? 'strong')];
  if (link.phase === 'offline') {
    const next = link.nextTryAt === null ? '' : `; next try ${inTime(link.nextTryAt, now)}`;
    return [span(`Connection lost: ${safe(link.reason)}${next}`, 'bad')];
  }
  if (link.phase === 'ended') return [span(`${safe(link.reason)} ${keyFor('refresh')} connects again.`, 'bad')];
  const [offer] = files.offers;
  if (offer !== undefined) {
    const others = files.offers.length > 1 ? ` (and ${files.offers.length - 1} more: NOTIFY)` : '';
    return [span(`${safe(offerLine(offer))}${others}`, 'accent')];
  }
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    return [span(`${columns}x${rows} is small: ${SMALLEST.columns}x${SMALLEST.rows} shows more`, 'warn')];
  }
  return [];
}

/** As many keys as have room, the nearest first; those that hold everywhere give way last. */
function keysOf(state: State, width: number): StyledLine {
  const near = contexts(state).flatMap((context) => KEYS.filter((each) => each.context === context && each.short));
  const shown: (typeof near)[number][] = [];
  let left = width;
  for (const each of [...near].sort((a, b) => Number(b.context === 'global') - Number(a.context === 'global'))) {
    const size = keycap(each.keys[0]!).length + 1 + each.short!.length + (shown.length > 0 ? 2 : 0);
    if (size > left) continue;
    left -= size;
    shown.push(each);
  }
  return near
    .filter((each) => shown.includes(each))
    .flatMap((each, i) => [
      span(`${i === 0 ? '' : '  '}${keycap(each.keys[0]!)}`, 'gold'),
      span(` ${each.short}`, 'muted'),
    ]);
}
