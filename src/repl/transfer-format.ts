import { joinSafe, repeatSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { type EpochMs, formatDuration } from '../domain/time.ts';
import { type ConnectionPath, etaMs, isFinished, type Transfer, type TransferPeer } from '../domain/transfer.ts';
import { formatBytes, formatSpeed } from './byte-format.ts';
import type { OutputFormat } from './output-format.ts';
import { formatTable, padText, rightAligned, truncate } from './table.ts';
import { displayWidth } from './text-width.ts';

export interface OfferSummary {
  readonly id: number;
  readonly member: string;
  readonly name: string;
  readonly size: number;
  readonly files: number;
}

/** Lines about a transfer, and whether they are good news. */
export interface TransferNotice {
  readonly lines: readonly SafeText[];
  readonly tone: 'info' | 'good' | 'bad';
}

const PATH_LABELS: Readonly<Record<ConnectionPath, SafeText>> = {
  lan: safeText`LAN`,
  direct: safeText`direct`,
  relayed: safeText`relayed`,
  unencrypted: safeText`unencrypted, not verified`,
};
/** A narrower bar shows nothing useful. */
const MIN_BAR_COLUMNS = 8;
const MAX_BAR_COLUMNS = 40;

/** `Yoda (direct), Han (relayed)`; empty if no peer is known. */
export function describePeers(peers: readonly TransferPeer[]): SafeText {
  return joinSafe(
    peers.map(({ member, path }) =>
      path === null ? sanitizeText(member) : safeText`${sanitizeText(member)} (${PATH_LABELS[path]})`,
    ),
    ', ',
  );
}

/** `Yoda`, `Yoda and Han`; `someone` if no peer is known. */
export function joinPeerNames(peers: readonly Pick<TransferPeer, 'member'>[]): SafeText {
  const names = [...new Set(peers.map(({ member }) => sanitizeText(member)))];
  if (names.length <= 1) return names[0] ?? safeText`someone`;
  return safeText`${joinSafe(names.slice(0, -1), ', ')} and ${names.at(-1)!}`;
}

/** `lecture1.mp4 (12.3 MB)`, `photos (3 files, 12.3 MB)` */
export function describeFiles({ name, size, files }: Pick<Transfer, 'name' | 'size' | 'files'>): SafeText {
  return safeText`${sanitizeText(name)} (${files === 1 ? safeText`` : safeText`${files} files, `}${formatBytes(size)})`;
}

/** 0 to 1. An empty file counts as 0 until it is done. */
export function fractionDone({ size, done, state }: Pick<Transfer, 'size' | 'done' | 'state'>): number {
  if (state === 'done') return 1;
  return size > 0 ? Math.min(1, Math.max(0, done / size)) : 0;
}

/** `45%`. 100% only when it is done. */
export function percentDone(transfer: Pick<Transfer, 'size' | 'done' | 'state'>): SafeText {
  const percent = Math.floor(fractionDone(transfer) * 100);
  return safeText`${transfer.state === 'done' ? 100 : Math.min(99, percent)}%`;
}

/** `10 s left`; empty if unknown. */
export function formatEta(transfer: Transfer): SafeText {
  const left = transfer.state === 'active' && transfer.done < transfer.size ? etaMs(transfer) : null;
  return left === null ? safeText`` : safeText`${formatDuration(left)} left`;
}

export function stateLabel({ state, direction, place }: Pick<Transfer, 'state' | 'direction' | 'place'>): SafeText {
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

export function describeState(transfer: Transfer): SafeText {
  const { state, direction, id, place } = transfer;
  const name = sanitizeText(transfer.name);
  const who = joinPeerNames(transfer.peers);
  const why = transfer.reason === null ? '' : sanitizeText(transfer.reason);
  const reason = why === '' ? safeText`.` : safeText`: ${why}`;
  switch (state) {
    case 'hashing':
      return safeText`Reading ${name} to compute its hash.`;
    case 'offered':
      if (direction === 'out') return safeText`Offered ${describeFiles(transfer)} to ${who}; waiting for a reply.`;
      return offerLine({ ...transfer, member: transfer.peers[0]?.member ?? 'someone' });
    case 'connecting':
      return safeText`Connecting to ${who} for ${name}${reason}`;
    case 'queued':
      return safeText`${name} is queued at ${who}${place === null ? safeText`` : safeText`, position ${place}`}${reason}`;
    case 'active':
      return safeText`${joinSafe(
        [
          safeText`${name}: ${percentDone(transfer)} of ${formatBytes(transfer.size)}`,
          ...speedAndEta(transfer),
          describePeers(transfer.peers),
        ].filter((text) => text !== ''),
        ', ',
      )}.`;
    case 'done':
      return direction === 'in' ? safeText`Received ${name} from ${who}` : safeText`${name} has been uploaded`;
    case 'declined':
      return direction === 'in'
        ? safeText`You declined ${name} (${id})${reason}`
        : safeText`${who} declined ${name}${reason}`;
    case 'cancelled':
      return safeText`${name} was cancelled${reason}`;
    case 'failed':
      return direction === 'in'
        ? safeText`${name} was not received from ${who}${reason}`
        : safeText`${name} was not sent to ${who}${reason}`;
  }
}

/** `Yoda offers lecture1.mp4 (12.3 MB): ACCEPT 3 or DECLINE 3` */
export function offerLine(offer: OfferSummary): SafeText {
  return safeText`${sanitizeText(offer.member)} offers ${describeFiles(offer)}: ACCEPT ${offer.id} or DECLINE ${offer.id}`;
}

/** Where the file is and how it was transferred: `Saved as …; 12.3 MB in 3 s, 4.1 MB/s, LAN.` */
export function completionDetails(
  { direction, savedAs, size }: Pick<Transfer, 'direction' | 'savedAs' | 'size'>,
  { tookMs, paths }: { readonly tookMs: number | null; readonly paths: readonly ConnectionPath[] },
): SafeText {
  const time = tookMs !== null && tookMs >= 1000 ? safeText` in ${formatDuration(tookMs)}` : '';
  const speed = tookMs !== null && tookMs > 0 && size > 0 ? [formatSpeed((size / tookMs) * 1000)] : [];
  const how = joinSafe(
    [safeText`${formatBytes(size)}${time}`, ...speed, ...paths.map((path) => PATH_LABELS[path])],
    ', ',
  );
  return direction === 'in' && savedAs !== null
    ? safeText`Saved as ${sanitizeText(savedAs)}; ${how}.`
    : safeText`${how}.`;
}

/**
 * What to tell the user about a change of a transfer; undefined for nothing. Progress is shown elsewhere.
 * @param isOwn the user started or accepted it; otherwise another member downloads a published file
 */
export function transferNotice(
  before: Transfer | undefined,
  now: Transfer,
  isOwn: boolean,
): TransferNotice | undefined {
  if (before?.state === now.state && hasSamePaths(before.peers, now.peers)) return undefined;
  const changed = before?.state !== now.state;
  if (!isOwn) {
    const who = joinPeerNames(now.peers);
    if (now.state === 'active' && changed && before?.state !== 'queued') {
      return notice('info', safeText`${who} is downloading ${describeFiles(now)}.`);
    }
    if (now.state === 'done') return notice('good', safeText`${who} downloaded ${sanitizeText(now.name)}.`);
    return changed && now.state === 'failed' ? notice('info', describeState(now)) : undefined;
  }
  switch (now.state) {
    case 'done':
      return notice('good', describeState(now));
    case 'failed':
    case 'declined':
    case 'cancelled':
      return notice('bad', describeState(now));
    case 'offered':
    case 'queued':
      // The offer itself was already shown to the user.
      return changed && !(now.state === 'offered' && now.direction === 'in')
        ? notice('info', describeState(now))
        : undefined;
    case 'connecting':
      // The first connection attempt is not worth a notice.
      return changed && before?.state === 'active'
        ? notice(
            'info',
            safeText`${sanitizeText(now.name)}: ${now.reason === null ? 'connection lost' : sanitizeText(now.reason)}; reconnecting.`,
          )
        : undefined;
    case 'active': {
      const relayed = now.peers.filter(({ path }) => path === 'relayed');
      const wasRelayed = before?.peers.some(({ path }) => path === 'relayed') === true;
      if (relayed.length > 0 && !wasRelayed) {
        return notice(
          'info',
          safeText`${sanitizeText(now.name)} is relayed by the daemon: no direct connection to ${joinPeerNames(relayed)} was found.`,
        );
      }
      return undefined;
    }
    default:
      return undefined;
  }
}

function notice(tone: TransferNotice['tone'], line: SafeText): TransferNotice {
  return { lines: [line], tone };
}

/** One terminal line: a bar that fills the free columns, speed, time left and path. */
export function progressLine(transfer: Transfer, format: OutputFormat): SafeText {
  const { state } = transfer;
  const width = format.width - 1;
  const name = truncate(sanitizeText(transfer.name), Math.max(12, Math.floor(width / 3)), format.unicode);
  if (state !== 'active' && state !== 'done') return truncate(describeState(transfer), width, format.unicode);
  const amount = safeText`${formatBytes(transfer.done)} of ${formatBytes(transfer.size)}`;
  const details = [...speedAndEta(transfer), amount, describePeers(transfer.peers)].filter((text) => text !== '');
  const percent = padText(percentDone(transfer), 4, 'right');
  for (let kept = details.length; ; kept--) {
    const rest = joinSafe([safeText``, ...details.slice(0, kept)], '  ');
    const room = width - displayWidth(name) - 2 - percent.length - 1 - displayWidth(rest);
    if (room >= MIN_BAR_COLUMNS) {
      const { done, remaining: open } = progressBar(
        fractionDone(transfer),
        Math.min(room, MAX_BAR_COLUMNS),
        format.unicode,
      );
      return safeText`${name}  ${format.style.up(done)}${open} ${percent}${rest}`;
    }
    if (kept === 0) return truncate(safeText`${name}  ${percent}`, width, format.unicode);
  }
}

/** Pending offers, then active transfers, then finished ones, newest last. */
export function transferOverviewLines(
  transfers: readonly Transfer[],
  offers: readonly OfferSummary[],
  format: OutputFormat,
): SafeText[] {
  const others = transfers.filter(({ id }) => !offers.some((offer) => offer.id === id));
  if (offers.length === 0 && others.length === 0) {
    return [
      safeText`There are no offers and no transfers. To send a file: UPD user file. To get one: LIST, then FETCH name`,
    ];
  }
  const sorted = [...others.filter((each) => !isFinished(each)), ...others.filter(isFinished).sort(compareEndTime)];
  return [...offers.map(offerLine), ...(sorted.length === 0 ? [] : transfersTable(sorted, format))];
}

export function transfersTable(transfers: readonly Transfer[], format: OutputFormat): SafeText[] {
  return formatTable(
    [
      { ...rightAligned('No'), importance: 3 },
      { title: 'File', maxWidth: 40, minWidth: 16, importance: 3 },
      { title: 'Direction', importance: 1 },
      { title: 'Member', maxWidth: 40, minWidth: 10 },
      { ...rightAligned('Size'), importance: 1 },
      { ...rightAligned('Done'), importance: 3 },
      { ...rightAligned('Speed'), importance: 1 },
      { ...rightAligned('Left'), importance: 1 },
      { title: 'State', importance: 3 },
      { title: 'Details', maxWidth: 60, minWidth: 12, importance: 0 },
    ],
    transfers.map((transfer) => [
      safeText`${transfer.id}`,
      sanitizeText(transfer.name),
      safeText`${transfer.direction}`,
      describePeers(transfer.peers),
      formatBytes(transfer.size),
      percentDone(transfer),
      transfer.state === 'active' && transfer.bytesPerSecond > 0 ? formatSpeed(transfer.bytesPerSecond) : '',
      sanitizeText(formatEta(transfer).replace(/ left$/, '')),
      { text: stateLabel(transfer), ...(transfer.state === 'failed' ? { style: format.style.error } : {}) },
      sanitizeText((transfer.state === 'done' ? transfer.savedAs : transfer.reason) ?? ''),
    ]),
    format,
  );
}

/** Speed and time left; unknown values are omitted. */
function speedAndEta(transfer: Transfer): SafeText[] {
  const speed =
    transfer.state === 'active' && transfer.bytesPerSecond > 0 ? formatSpeed(transfer.bytesPerSecond) : safeText``;
  return [speed, formatEta(transfer)].filter((text) => text !== '');
}

function compareEndTime(a: { readonly endedAt: EpochMs | null }, b: { readonly endedAt: EpochMs | null }): number {
  return (a.endedAt ?? 0) - (b.endedAt ?? 0);
}

function hasSamePaths(a: readonly TransferPeer[], b: readonly TransferPeer[]): boolean {
  return a.length === b.length && a.every(({ member, path }, i) => member === b[i]!.member && path === b[i]!.path);
}

export interface ProgressBar {
  readonly done: SafeText;
  readonly remaining: SafeText;
}

/** Draws how much is done. A bar is full only when everything is done. @param part 0 to 1 */
export function progressBar(part: number, width: number, unicode: boolean): ProgressBar {
  const columns = Math.max(0, Math.floor(width));
  const share = Math.min(1, Math.max(0, part));
  const full = share === 1 ? columns : Math.min(Math.floor(share * columns), Math.max(0, columns - 1));
  const [done, left] = unicode ? [safeText`█`, safeText`░`] : [safeText`#`, safeText`.`];
  return { done: repeatSafe(done!, full), remaining: repeatSafe(left!, columns - full) };
}
