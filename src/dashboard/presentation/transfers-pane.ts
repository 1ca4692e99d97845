import { isFinished, type Transfer } from '../../domain/transfer.ts';
import { formatBytes, formatSpeed } from '../../repl/byte-format.ts';
import { truncate } from '../../repl/table.ts';
import { displayWidth } from '../../repl/text-width.ts';
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
import { fitSegments, fitToPane, type LineSegment, lineWidth, padLine } from './line-layout.ts';

/** Narrower panes show a transfer on two lines, if there is room. */
const WIDE_COLUMNS = 60;
/** What is left of a name, and of a bar, in the narrowest pane. */
const MIN_NAME_COLUMNS = 4;
const MIN_BAR_COLUMNS = 4;

export function transfersTitle(state: State, width: number): StyledLine {
  const { offers, transfers } = state.files;
  const count = transfers.filter((each) => !isFinished(each)).length;
  return fitSegments(
    [
      [[span('Transfers', 'title')]],
      [offers.length > 0 ? [span(`${offers.length} offered`, 'accent')] : [], []],
      [count > 0 ? [span(`${count} running`, 'muted')] : [], []],
    ],
    [2, 1],
    width,
  );
}

/** The number of lines that all offers and transfers need. */
export function transfersHeight({ offers, transfers }: FilesState, width: number): number {
  return Math.max(1, (offers.length + transfers.length) * (width < WIDE_COLUMNS ? 2 : 1));
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
        ? offerLines(each, width, rowHeight)
        : rowHeight === 2
          ? twoTransferLines(each, width, state.unicode)
          : [transferLine(each, width, state.unicode)];
    return { id: each.id, lines: isSelected ? lines.map((line) => selectedLine(line, width)) : lines };
  });
  return { visible, hidden: count - visible.length };
}

function selectedLine(line: StyledLine, width: number): StyledLine {
  return padLine(line, width).map(({ text }) => span(text, 'selected'));
}

/** What is offered, how large it is, and by whom: the name is cut first. */
function offerLines(offer: IncomingOffer, width: number, rowHeight: number): StyledLine[] {
  const mark = span('? ', 'accent');
  const [name, size, member] = [displayText(offer.name), formatBytes(offer.size), displayText(offer.member)];
  if (rowHeight === 2) {
    const advice: LineSegment = [
      [span(`ACCEPT ${offer.id} or DECLINE ${offer.id}`, 'gold')],
      [span(`ACCEPT ${offer.id}?`, 'gold')],
      [],
    ];
    const details = [[[span(`${size} from ${member}`, 'accent')]], advice];
    return [
      [mark, span(truncate(name, Math.max(1, width - 2)), 'accent')],
      [span('  '), ...fitSegments(details, [1, 1], Math.max(0, width - 2))],
    ];
  }
  const long = [mark, span(displayText(offerLine(offer)), 'accent')];
  if (lineWidth(long) <= width) return [long];
  const rest = ` ${size} ${truncate(member, 16)}`;
  const room = Math.max(MIN_NAME_COLUMNS, width - 2 - displayWidth(rest));
  return [[mark, span(truncate(name, room), 'accent'), span(rest, 'accent')]];
}

/** The parts of a line about a transfer, in forms. */
function transferSegments(transfer: Transfer, unicode: boolean) {
  const isOver = isFinished(transfer);
  const isMoving = transfer.state === 'active' && transfer.bytesPerSecond > 0;
  const status: LineSegment = isMoving
    ? [[span(formatSpeed(transfer.bytesPerSecond), 'muted')], []]
    : [[span(stateLabel(transfer), STATE_TONES[transfer.state] ?? 'muted')]];
  const eta = formatEta(transfer);
  const peers = displayText(describePeers(transfer.peers));
  return {
    arrow: span(transfer.direction === 'in' ? '↓ ' : '↑ ', 'accent'),
    name: displayText(transfer.name),
    /** A transfer that ended without success shows why, not how far it was. */
    percent: (isOver && transfer.state !== 'done' ? [[]] : [[span(percentDone(transfer))]]) satisfies LineSegment,
    status,
    time: [eta === '' ? [] : [span(eta, 'muted')], []] satisfies LineSegment,
    size: [[span(formatBytes(transfer.size), 'muted')], []] satisfies LineSegment,
    partners: (peers === ''
      ? [[]]
      : [
          [span(peers, 'muted')],
          [span(displayText(joinPeerNames(transfer.peers)), 'muted')],
          [],
        ]) satisfies LineSegment,
    reason: (transfer.reason === null || transfer.state === 'done'
      ? [[]]
      : [[span(displayText(transfer.reason), 'muted')], []]) satisfies LineSegment,
    bar: (columns: number): StyledLine => {
      if ((isOver && transfer.state !== 'done') || columns < 1) return [];
      const { done, remaining } = progressBar(fractionDone(transfer), columns, unicode);
      return [span(done, STATE_TONES[transfer.state] ?? 'good'), span(remaining, 'muted')];
    },
  };
}

/** Name, bar and percentage in any case: the name is cut last but one, and the bar never dropped. */
function transferLine(transfer: Transfer, width: number, unicode: boolean): StyledLine {
  const { arrow, name, percent, status, time, size, partners, reason, bar } = transferSegments(transfer, unicode);
  const names: LineSegment = [
    [arrow, span(name, 'strong')],
    [arrow, span(truncate(name, Math.max(MIN_NAME_COLUMNS, width - 2 - MIN_BAR_COLUMNS - 6)), 'strong')],
  ];
  const bars: LineSegment = isFinished(transfer) ? [[]] : [bar(20), bar(8), bar(MIN_BAR_COLUMNS)];
  const segments = [names, bars, percent, status, time, size, partners, reason];
  return fitSegments(segments, [7, 5, 6, 1, 6, 3, 1, 4, 0], width, ' ');
}

function twoTransferLines(transfer: Transfer, width: number, unicode: boolean): StyledLine[] {
  const { arrow, name, percent, status, time, size, partners, reason, bar } = transferSegments(transfer, unicode);
  const names: LineSegment = [
    [arrow, span(name, 'strong')],
    [arrow, span(truncate(name, Math.max(MIN_NAME_COLUMNS, width - 7)), 'strong')],
  ];
  const first = fitSegments([names, percent, partners, size], [3, 2, 2, 0], width, ' ');
  const bars: LineSegment = [bar(Math.min(16, Math.max(6, width - 22)))];
  const second = fitSegments([bars, status, time, reason], [3, 2, 1], Math.max(0, width - 2), ' ');
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
