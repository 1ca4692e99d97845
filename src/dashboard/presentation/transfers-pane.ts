import { isFinished, type Transfer } from '../../domain/transfer.ts';
import { formatBytes, formatSpeed } from '../../repl/byte-format.ts';
import {
  describePeers,
  formatEta,
  fractionDone,
  joinPeerNames,
  offerLine,
  percentDone,
  progressBar,
  stateLabel,
} from '../../repl/transfer-format.ts';
import type { FilesState, IncomingOffer, State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { paragraphs } from './empty-state.ts';
import { fitSegments, fitToPane, type LineSegment } from './line-layout.ts';
import { simulatedBadge } from './simulated.ts';

/** Narrower panes show a transfer on two lines, if there is room. */
const WIDE_COLUMNS = 60;

export function transfersTitle(state: State, width: number): StyledLine {
  const { offers, transfers } = state.files;
  const count = transfers.filter((each) => !isFinished(each)).length;
  return fitSegments(
    [
      [[span('Transfers', 'title')]],
      [offers.length > 0 ? [span(`${offers.length} offered`, 'accent')] : [], []],
      [count > 0 ? [span(`${count} running`, 'muted')] : [], []],
      [simulatedBadge(state), []],
    ],
    [3, 2, 1],
    width,
  );
}

/** Pending offers, then running transfers with progress, speed and time left, then finished ones. */
export function transferLines(state: State, width: number, height: number): StyledLine[] {
  const { offers, transfers } = state.files;
  if (offers.length + transfers.length === 0)
    return fitToPane(paragraphs(emptyTransfersText(state), width), state, width, height);
  const rows = visibleTransfers(state, width, height);
  const lines = rows.visible.flatMap((row) => row.lines);
  if (rows.hidden > 0) lines.push([span(`… and ${rows.hidden} more`, 'muted')]);
  return fitToPane(lines, state, width, height);
}

/** The numbers of offers and transfers in display order. */
export function transferIds({ offers, transfers }: Pick<FilesState, 'offers' | 'transfers'>): number[] {
  return [...offers, ...transfers].map(({ id }) => id);
}

/** The number of the transfer on a row of the pane. */
export function transferAt(state: State, width: number, height: number, row: number): number | undefined {
  let end = 0;
  for (const { id, lines } of visibleTransfers(state, width, height).visible) {
    end += lines.length;
    if (row < end) return id;
  }
  return undefined;
}

function emptyTransfersText({ member, connection }: State): string[] {
  if (member === null) return ['No transfers.', 'Sign in first to send or receive files.'];
  if (connection.phase !== 'online') return ['No transfers.', 'Transfers start when the connection is back.'];
  return ['No transfers.', 'UPD user file sends a file. LIST shows the files that you can FETCH.'];
}

interface TransferRow {
  readonly id: number;
  readonly lines: readonly StyledLine[];
}

/** As many as fit, scrolled so that the selected one is visible. */
function visibleTransfers(
  state: State,
  width: number,
  height: number,
): { readonly visible: readonly TransferRow[]; readonly hidden: number } {
  const { offers, transfers, selected } = state.files;
  const isFocused = state.focus === 'transfers';
  const count = offers.length + transfers.length;
  const rowHeight = width < WIDE_COLUMNS && count * 2 <= height ? 2 : 1;
  const fits = count * rowHeight <= height;
  const room = fits ? count : Math.max(1, Math.floor((height - 1) / rowHeight));
  const ids = transferIds(state.files);
  const selectedIndex = selected === null ? 0 : Math.max(0, ids.indexOf(selected));
  const from = Math.max(0, Math.min(selectedIndex - room + 1, count - room));
  const rows = [...offers, ...transfers].slice(from, from + room);
  const visible = rows.map((each, i): TransferRow => {
    const isSelected = isFocused && from + i === selectedIndex;
    const lines =
      'member' in each
        ? [offerLines(each, width, isSelected)]
        : transferRowLines(each, width, rowHeight, isSelected, state.unicode);
    return { id: each.id, lines };
  });
  return { visible, hidden: count - visible.length };
}

function offerLines(offer: IncomingOffer, width: number, isSelected: boolean): StyledLine {
  const mark = span('? ', 'accent');
  const tone: Tone = isSelected ? 'selected' : 'accent';
  const short = span(`${displayText(offer.member)}: ${displayText(offer.name)} ${formatBytes(offer.size)}`, tone);
  const forms = [
    [mark, span(displayText(offerLine(offer)), tone)],
    [mark, short, span(` ACCEPT ${offer.id}?`, 'gold')],
    [mark, span(`ACCEPT ${offer.id}? `, 'gold'), short],
  ];
  return fitSegments([forms], [0, 0], width, ' ');
}

function transferRowLines(
  transfer: Transfer,
  width: number,
  rowHeight: number,
  isSelected: boolean,
  unicode: boolean,
): StyledLine[] {
  const arrow = transfer.direction === 'in' ? '↓' : '↑';
  const name: LineSegment = [
    [span(`${arrow} `, 'accent'), span(displayText(transfer.name), isSelected ? 'selected' : 'strong')],
  ];
  const percent: LineSegment = [[span(percentDone(transfer))]];
  const isMoving = transfer.state === 'active' && transfer.bytesPerSecond > 0;
  const status: LineSegment = isMoving
    ? [[span(formatSpeed(transfer.bytesPerSecond), 'muted')], []]
    : [[span(stateLabel(transfer), STATE_TONES[transfer.state] ?? 'muted')]];
  const eta = formatEta(transfer);
  const time: LineSegment = [eta === '' ? [] : [span(eta, 'muted')], []];
  const size: LineSegment = [[span(formatBytes(transfer.size), 'muted')], []];
  const peers = displayText(describePeers(transfer.peers));
  const partners: LineSegment =
    peers === '' ? [[]] : [[span(peers, 'muted')], [span(displayText(joinPeerNames(transfer.peers)), 'muted')], []];
  const reason: LineSegment =
    transfer.reason === null || transfer.state === 'done' ? [[]] : [[span(displayText(transfer.reason), 'muted')], []];
  const bar = (columns: number): StyledLine => {
    const { done, remaining } = progressBar(fractionDone(transfer), columns, unicode);
    return [span(done, STATE_TONES[transfer.state] ?? 'good'), span(remaining, 'muted')];
  };
  if (rowHeight === 1) {
    const isOver = isFinished(transfer);
    const isDone = transfer.state === 'done';
    const bars: LineSegment = isOver ? [[]] : [bar(20), bar(8), []];
    const progress = isOver && !isDone ? [[]] : percent;
    const state: LineSegment = isDone ? [status[0]!] : status;
    return [
      fitSegments([name, bars, progress, state, time, size, partners, reason], [7, 5, 6, 1, 1, 6, 3, 4], width, ' '),
    ];
  }
  const first = fitSegments([name, percent, partners, size], [3, 2, 2], width, ' ');
  const second = fitSegments(
    [[bar(Math.min(16, Math.max(6, width - 22)))], status, time, reason],
    [3, 2],
    width - 2,
    ' ',
  );
  return [first, [span('  '), ...second]];
}

const STATE_TONES: Readonly<Partial<Record<Transfer['state'], Tone>>> = {
  done: 'good',
  failed: 'bad',
  declined: 'warn',
  cancelled: 'warn',
  queued: 'warn',
  connecting: 'warn',
};
