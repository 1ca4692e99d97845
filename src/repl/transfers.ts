import { plain } from '../domain/fold.ts';
import { formatSpan, type Instant } from '../domain/instant.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { isOver, type Path, type Transfer, type TransferPeer, timeLeft } from '../domain/transfer.ts';
import { bar } from './bar.ts';
import { formatBytes, formatSpeed } from './bytes.ts';
import type { Paper } from './paper.ts';
import { cut, pad, table } from './table.ts';
import { displayWidth } from './width.ts';

/** A file that somebody wants to hand over. */
export interface Offered {
  readonly id: number;
  readonly member: string;
  readonly name: string;
  readonly size: number;
  readonly files: number;
}

/** What one line says about a transfer, and whether it is good news. */
export interface TransferNews {
  readonly lines: readonly SafeText[];
  readonly tone: 'info' | 'good' | 'bad';
}

const PATHS: Readonly<Record<Path, SafeText>> = {
  lan: safeText`LAN`,
  direct: safeText`direct`,
  relayed: safeText`relayed`,
  unencrypted: safeText`unencrypted, not verified`,
};
/** Columns of a bar below which it says nothing. */
const LEAST_BAR = 8;
const MOST_BAR = 40;

export function pathWord(path: Path): SafeText {
  return PATHS[path];
}

/** `Yoda (direct), Han (relayed)`; empty while nobody is known. */
export function peerWords(peers: readonly TransferPeer[]): SafeText {
  return joinSafe(
    peers.map(({ member, path }) => (path === null ? plain(member) : safeText`${plain(member)} (${pathWord(path)})`)),
    ', ',
  );
}

/** `Yoda`, `Yoda and Han`; `somebody` while nobody is known. */
export function peerNames(peers: readonly Pick<TransferPeer, 'member'>[]): SafeText {
  const names = [...new Set(peers.map(({ member }) => plain(member)))];
  if (names.length <= 1) return names[0] ?? safeText`somebody`;
  return safeText`${joinSafe(names.slice(0, -1), ', ')} and ${names.at(-1)!}`;
}

/** `lecture1.mp4 (12.3 MB)`, `photos (3 files, 12.3 MB)` */
export function whatWords({ name, size, files }: Pick<Transfer, 'name' | 'size' | 'files'>): SafeText {
  return safeText`${plain(name)} (${files === 1 ? safeText`` : safeText`${files} files, `}${formatBytes(size)})`;
}

/** 0 to 1. Of nothing, nothing is done until all of it is. */
export function shareDone({ size, done, state }: Pick<Transfer, 'size' | 'done' | 'state'>): number {
  if (state === 'done') return 1;
  return size > 0 ? Math.min(1, Math.max(0, done / size)) : 0;
}

/** `45%`. Only what is done is 100%. */
export function percentDone(transfer: Pick<Transfer, 'size' | 'done' | 'state'>): SafeText {
  const percent = Math.floor(shareDone(transfer) * 100);
  return safeText`${transfer.state === 'done' ? 100 : Math.min(99, percent)}%`;
}

/** `10 s left`; empty where nobody can say. */
export function leftWords(transfer: Transfer): SafeText {
  const left = transfer.state === 'active' && transfer.done < transfer.size ? timeLeft(transfer) : null;
  return left === null ? safeText`` : safeText`${formatSpan(left)} left`;
}

/** How it stands, in a word or two for tables. */
export function stateWord({ state, direction, place }: Pick<Transfer, 'state' | 'direction' | 'place'>): SafeText {
  switch (state) {
    case 'hashing':
      return safeText`reading`;
    case 'offered':
      return direction === 'in' ? safeText`offered` : safeText`asked`;
    case 'queued':
      return place === null ? safeText`queued` : safeText`queued (${place})`;
    case 'done':
      return direction === 'in' ? safeText`received` : safeText`uploaded`;
    default:
      return safeText`${state}`;
  }
}

/** How it stands, in a sentence. Those of its end are the forum seed's, who ends them without a full stop. */
export function stateSentence(transfer: Transfer): SafeText {
  const { state, direction, id, place } = transfer;
  const name = plain(transfer.name);
  const who = peerNames(transfer.peers);
  const why = transfer.reason === null ? '' : plain(transfer.reason);
  const because = why === '' ? safeText`.` : safeText`: ${why}`;
  switch (state) {
    case 'hashing':
      return safeText`Reading ${name}, to know its hash.`;
    case 'offered':
      if (direction === 'out') return safeText`Offered ${whatWords(transfer)} to ${who}, who is asked.`;
      return offerLine({ ...transfer, member: transfer.peers[0]?.member ?? 'somebody' });
    case 'connecting':
      return safeText`Looking for a way to ${who} for ${name}${because}`;
    case 'queued':
      return safeText`${name} waits in the queue of ${who}${place === null ? safeText`` : safeText`, at place ${place}`}${because}`;
    case 'active':
      return safeText`${joinSafe(
        [
          safeText`${name}: ${percentDone(transfer)} of ${formatBytes(transfer.size)}`,
          ...pace(transfer),
          peerWords(transfer.peers),
        ].filter((text) => text !== ''),
        ', ',
      )}.`;
    case 'done':
      return direction === 'in' ? safeText`Received ${name} from ${who}` : safeText`${name} has been uploaded`;
    case 'declined':
      return direction === 'in'
        ? safeText`You declined ${name} (${id})${because}`
        : safeText`${who} declined ${name}${because}`;
    case 'cancelled':
      return safeText`${name} was cancelled${because}`;
    case 'failed':
      return direction === 'in'
        ? safeText`${name} did not arrive from ${who}${because}`
        : safeText`${name} did not reach ${who}${because}`;
  }
}

/** `Yoda offers lecture1.mp4 (12.3 MB): ACCEPT 3 or DECLINE 3` */
export function offerLine(offer: Offered): SafeText {
  return safeText`${plain(offer.member)} offers ${whatWords(offer)}: ACCEPT ${offer.id} or DECLINE ${offer.id}`;
}

/** Where it lies now, and how it came: `Saved as …; 12.3 MB in 3 s, 4.1 MB/s, LAN.` */
export function endDetails(
  { direction, savedAs, size }: Pick<Transfer, 'direction' | 'savedAs' | 'size'>,
  { tookMs, paths }: { readonly tookMs: number | null; readonly paths: readonly Path[] },
): SafeText {
  const time = tookMs !== null && tookMs >= 1000 ? safeText` in ${formatSpan(tookMs)}` : '';
  const speed = tookMs !== null && tookMs > 0 && size > 0 ? [formatSpeed((size / tookMs) * 1000)] : [];
  const how = joinSafe([safeText`${formatBytes(size)}${time}`, ...speed, ...paths.map(pathWord)], ', ');
  return direction === 'in' && savedAs !== null ? safeText`Saved as ${plain(savedAs)}; ${how}.` : safeText`${how}.`;
}

/**
 * What is worth telling about a transfer that moved on; undefined where nothing is. Its progress shows elsewhere.
 * @param isOwn somebody here began or accepted it; else somebody fetches what is published here
 */
export function transferNews(before: Transfer | undefined, now: Transfer, isOwn: boolean): TransferNews | undefined {
  if (before?.state === now.state && samePaths(before.peers, now.peers)) return undefined;
  const changed = before?.state !== now.state;
  if (!isOwn) {
    const who = peerNames(now.peers);
    if (now.state === 'active' && changed && before?.state !== 'queued') {
      return { lines: [safeText`${who} fetches ${whatWords(now)}.`], tone: 'info' };
    }
    if (now.state === 'done') return { lines: [safeText`${who} has fetched ${plain(now.name)}.`], tone: 'good' };
    return changed && now.state === 'failed' ? { lines: [stateSentence(now)], tone: 'info' } : undefined;
  }
  switch (now.state) {
    case 'done':
      return { lines: [stateSentence(now)], tone: 'good' };
    case 'failed':
    case 'declined':
    case 'cancelled':
      return { lines: [stateSentence(now)], tone: 'bad' };
    case 'offered':
    case 'queued':
      // Who is asked here is told of the offer itself.
      return changed && !(now.state === 'offered' && now.direction === 'in')
        ? { lines: [stateSentence(now)], tone: 'info' }
        : undefined;
    case 'connecting':
      // The first time it goes without saying.
      return changed && before?.state === 'active'
        ? {
            lines: [
              safeText`${plain(now.name)}: ${now.reason === null ? 'the connection is lost' : plain(now.reason)}; trying again.`,
            ],
            tone: 'info',
          }
        : undefined;
    case 'active': {
      const relayed = now.peers.filter(({ path }) => path === 'relayed');
      const wasRelayed = before?.peers.some(({ path }) => path === 'relayed') === true;
      if (relayed.length > 0 && !wasRelayed) {
        return {
          lines: [
            safeText`${plain(now.name)} goes by way of the daemon: no direct way to ${peerNames(relayed)} was found.`,
          ],
          tone: 'info',
        };
      }
      return undefined;
    }
    default:
      return undefined;
  }
}

/** One line for a terminal: a bar that takes the room that is left, speed, time left, and the path. */
export function progressLine(transfer: Transfer, paper: Paper): SafeText {
  const { state } = transfer;
  const width = paper.width - 1;
  const name = cut(plain(transfer.name), Math.max(12, Math.floor(width / 3)), paper.unicode);
  if (state !== 'active' && state !== 'done') return cut(stateSentence(transfer), width, paper.unicode);
  const amount = safeText`${formatBytes(transfer.done)} of ${formatBytes(transfer.size)}`;
  const details = [...pace(transfer), amount, peerWords(transfer.peers)].filter((text) => text !== '');
  const percent = pad(percentDone(transfer), 4, 'right');
  for (let kept = details.length; ; kept--) {
    const rest = joinSafe(
      details.slice(0, kept).map((text) => safeText`  ${text}`),
      '',
    );
    const room = width - displayWidth(name) - 2 - percent.length - 1 - displayWidth(rest);
    if (room >= LEAST_BAR) {
      const { full, rest: open } = bar(shareDone(transfer), Math.min(room, MOST_BAR), paper.unicode);
      return safeText`${name}  ${paper.style.up(full)}${open} ${percent}${rest}`;
    }
    if (kept === 0) return cut(safeText`${name}  ${percent}`, width, paper.unicode);
  }
}

/** Offers that wait for an answer, then what is on its way, then what is over, the newest last. */
export function notifyLines(transfers: readonly Transfer[], offers: readonly Offered[], paper: Paper): SafeText[] {
  const others = transfers.filter(({ id }) => !offers.some((offer) => offer.id === id));
  if (offers.length === 0 && others.length === 0) {
    return [
      safeText`There are no offers and no transfers. To send a file: UPD user file. To get one: LIST, then FETCH name`,
    ];
  }
  const sorted = [...others.filter((each) => !isOver(each)), ...others.filter(isOver).sort(byEnd)];
  return [...offers.map(offerLine), ...(sorted.length === 0 ? [] : transfersTable(sorted, paper))];
}

export function transfersTable(transfers: readonly Transfer[], paper: Paper): SafeText[] {
  const right = { align: 'right' as const };
  return table(
    [
      { title: 'No', ...right },
      { title: 'File', most: 40 },
      { title: 'Way' },
      { title: 'Member', most: 40 },
      { title: 'Size', ...right },
      { title: 'Done', ...right },
      { title: 'Speed', ...right },
      { title: 'Left', ...right },
      { title: 'State' },
      { title: 'Why', most: 60 },
    ],
    transfers.map((transfer) => [
      safeText`${transfer.id}`,
      plain(transfer.name),
      safeText`${transfer.direction}`,
      peerWords(transfer.peers),
      formatBytes(transfer.size),
      percentDone(transfer),
      transfer.state === 'active' && transfer.bytesPerSecond > 0 ? formatSpeed(transfer.bytesPerSecond) : '',
      plain(leftWords(transfer).replace(/ left$/, '')),
      { text: stateWord(transfer), ...(transfer.state === 'failed' ? { style: paper.style.error } : {}) },
      plain((transfer.state === 'done' ? transfer.savedAs : transfer.reason) ?? ''),
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** Speed and time left; what is not known is missing. */
function pace(transfer: Transfer): SafeText[] {
  const speed =
    transfer.state === 'active' && transfer.bytesPerSecond > 0 ? formatSpeed(transfer.bytesPerSecond) : safeText``;
  return [speed, leftWords(transfer)].filter((text) => text !== '');
}

function byEnd(a: { readonly endedAt: Instant | null }, b: { readonly endedAt: Instant | null }): number {
  return (a.endedAt ?? 0) - (b.endedAt ?? 0);
}

function samePaths(a: readonly TransferPeer[], b: readonly TransferPeer[]): boolean {
  return a.length === b.length && a.every(({ member, path }, i) => member === b[i]!.member && path === b[i]!.path);
}
