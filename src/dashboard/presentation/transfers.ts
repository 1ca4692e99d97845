import { isOver, type Transfer } from '../../domain/transfer.ts';
import { bar as barOf } from '../../repl/bar.ts';
import { formatBytes, formatSpeed } from '../../repl/bytes.ts';
import { leftWords, offerLine, peerNames, peerWords, percentDone, shareDone, stateWord } from '../../repl/transfers.ts';
import type { FilesState, Offer, State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled.ts';
import { sentences } from './empty.ts';
import { finish, type Part, squeeze } from './lines.ts';
import { simulatedMark } from './simulated.ts';
import { safe } from './text.ts';

/** Below so many columns a transfer takes two lines, where there are enough. */
const WIDE = 60;

export function title(state: State, width: number): StyledLine {
  const { offers, transfers } = state.files;
  const count = transfers.filter((each) => !isOver(each)).length;
  return squeeze(
    [
      [[span('Transfers', 'title')]],
      [offers.length > 0 ? [span(`${offers.length} offered`, 'accent')] : [], []],
      [count > 0 ? [span(`${count} under way`, 'muted')] : [], []],
      [simulatedMark(state), []],
    ],
    [3, 2, 1],
    width,
  );
}

/** Offers that wait for an answer, then files on their way: how far, how fast, how long yet; then what is over. */
export function transfers(state: State, width: number, height: number): StyledLine[] {
  const { offers, transfers: all } = state.files;
  if (offers.length + all.length === 0) return finish(sentences(emptyTexts(state), width), state, width, height);
  const rows = rowsOf(state, width, height);
  const lines = rows.shown.flatMap((row) => row.lines);
  if (rows.hidden > 0) lines.push([span(`… and ${rows.hidden} more`, 'muted')]);
  return finish(lines, state, width, height);
}

/** Numbers in the order in which they are shown. */
export function shownIds({ offers, transfers: all }: Pick<FilesState, 'offers' | 'transfers'>): number[] {
  return [...offers, ...all].map(({ id }) => id);
}

/** The one that stands in a row of the pane. */
export function transferAt(state: State, width: number, height: number, row: number): number | undefined {
  let at = 0;
  for (const { id, lines } of rowsOf(state, width, height).shown) {
    at += lines.length;
    if (row < at) return id;
  }
  return undefined;
}

function emptyTexts({ member, link }: State): string[] {
  if (member === null) return ['No transfers.', 'Files go from member to member: sign in first.'];
  if (link.phase !== 'online') return ['No transfers.', 'One begins once the connection is back.'];
  return ['No transfers.', 'UPD user file sends one; LIST shows what FETCH gets.'];
}

interface Row {
  readonly id: number;
  readonly lines: readonly StyledLine[];
}

/** As many as have room, from where the chosen one shows. */
function rowsOf(
  state: State,
  width: number,
  height: number,
): { readonly shown: readonly Row[]; readonly hidden: number } {
  const { offers, transfers: all, selected } = state.files;
  const isFocused = state.focus === 'transfers';
  const count = offers.length + all.length;
  const rowHeight = width < WIDE && count * 2 <= height ? 2 : 1;
  const fits = count * rowHeight <= height;
  const room = fits ? count : Math.max(1, Math.floor((height - 1) / rowHeight));
  const ids = shownIds(state.files);
  const at = selected === null ? 0 : Math.max(0, ids.indexOf(selected));
  const from = Math.max(0, Math.min(at - room + 1, count - room));
  const rows = [...offers, ...all].slice(from, from + room);
  const shown = rows.map((each, i): Row => {
    const isChosen = isFocused && from + i === at;
    const lines =
      'member' in each
        ? [offerRow(each, width, isChosen)]
        : transferRow(each, width, rowHeight, isChosen, state.unicode);
    return { id: each.id, lines };
  });
  return { shown, hidden: count - shown.length };
}

function offerRow(offer: Offer, width: number, isChosen: boolean): StyledLine {
  const mark = span('? ', 'accent');
  const what = `${safe(offer.name)} ${formatBytes(offer.size)}`;
  return squeeze(
    [
      [
        [mark, span(safe(offerLine(offer)), isChosen ? 'selected' : 'accent')],
        [
          mark,
          span(`${safe(offer.member)}: ${what}`, isChosen ? 'selected' : 'accent'),
          span(` ACCEPT ${offer.id}?`, 'gold'),
        ],
        [
          mark,
          span(`ACCEPT ${offer.id}? `, 'gold'),
          span(`${safe(offer.member)}: ${what}`, isChosen ? 'selected' : 'accent'),
        ],
      ],
    ],
    [0, 0],
    width,
    ' ',
  );
}

function transferRow(
  transfer: Transfer,
  width: number,
  rowHeight: number,
  isChosen: boolean,
  unicode: boolean,
): StyledLine[] {
  const arrow = transfer.direction === 'in' ? '↓' : '↑';
  const name: Part = [[span(`${arrow} `, 'accent'), span(safe(transfer.name), isChosen ? 'selected' : 'strong')]];
  const percent: Part = [[span(percentDone(transfer))]];
  const speed = transfer.state === 'active' && transfer.bytesPerSecond > 0;
  const how: Part = speed
    ? [[span(formatSpeed(transfer.bytesPerSecond), 'muted')], []]
    : [[span(stateWord(transfer), TONES[transfer.state] ?? 'muted')]];
  const left = leftWords(transfer);
  const time: Part = [left === '' ? [] : [span(left, 'muted')], []];
  const size: Part = [[span(formatBytes(transfer.size), 'muted')], []];
  const peers = safe(peerWords(transfer.peers));
  const who: Part =
    peers === '' ? [[]] : [[span(peers, 'muted')], [span(safe(peerNames(transfer.peers)), 'muted')], []];
  const why: Part =
    transfer.reason === null || transfer.state === 'done' ? [[]] : [[span(safe(transfer.reason), 'muted')], []];
  const bar = (columns: number): StyledLine => {
    const { full, rest } = barOf(shareDone(transfer), columns, unicode);
    return [span(full, TONES[transfer.state] ?? 'good'), span(rest, 'muted')];
  };
  if (rowHeight === 1) {
    const over = isOver(transfer);
    const bars: Part = over ? [[]] : [bar(20), bar(8), []];
    const shown = over && transfer.state !== 'done' ? [[]] : percent;
    const short: Part = over && transfer.state === 'done' ? [how[0]!] : how;
    return [squeeze([name, bars, shown, short, time, size, who, why], [7, 5, 6, 1, 1, 6, 3, 4], width, ' ')];
  }
  const first = squeeze([name, percent, who, size], [3, 2, 2], width, ' ');
  const second = squeeze([[bar(Math.min(16, Math.max(6, width - 22)))], how, time, why], [3, 2], width - 2, ' ');
  return [first, [span('  '), ...second]];
}

const TONES: Readonly<Partial<Record<Transfer['state'], Tone>>> = {
  done: 'good',
  failed: 'bad',
  declined: 'warn',
  cancelled: 'warn',
  queued: 'warn',
  connecting: 'warn',
};
