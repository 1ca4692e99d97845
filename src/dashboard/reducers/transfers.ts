import { sanitizeText } from '../../domain/text.ts';
import type { EpochMs } from '../../domain/time.ts';
import { isFinished, type Transfer } from '../../domain/transfer.ts';
import { describeState } from '../../repl/transfer-format.ts';
import type { ActionOf, Step } from '../action.ts';
import { transferIds } from '../presentation/transfers-pane.ts';
import type { FilesState, State } from '../state.ts';
import { step, withNotice } from './step.ts';

/** How many finished transfers and names of published files the state holds. */
const MAX_FINISHED_TRANSFERS = 50;
const MAX_LISTINGS = 500;

/** How long finished transfers stay on the screen: what failed longer, because the member should see it. NOTIFY lists all. */
const DONE_SHOWN_MS = 60_000;
const FAILED_SHOWN_MS = 600_000;

/**
 * Drops offers from `transfers`, puts running transfers first, and keeps the newest finished ones, unless the member
 * removed them or they have been shown long enough.
 */
export function withTransfers(files: FilesState, { offers, transfers }: ActionOf<'files'>, now: EpochMs): FilesState {
  const offered = new Set(offers.map(({ id }) => id));
  const others = transfers.filter(({ id }) => !offered.has(id));
  const running = others.filter((transfer) => !isFinished(transfer));
  const dismissed = files.dismissed.filter((id) => others.some((transfer) => transfer.id === id));
  const finished = others
    .filter((transfer) => isFinished(transfer) && !dismissed.includes(transfer.id) && isShown(transfer, now))
    .sort((a, b) => endTime(b) - endTime(a));
  const shown = [...running, ...finished.slice(0, MAX_FINISHED_TRANSFERS)];
  return withValidSelection({ ...files, offers, dismissed, transfers: shown });
}

/** Removes finished transfers that have been shown long enough. */
export function withoutExpired(files: FilesState, now: EpochMs): FilesState {
  const shown = files.transfers.filter((transfer) => isShown(transfer, now));
  return shown.length === files.transfers.length ? files : withValidSelection({ ...files, transfers: shown });
}

function isShown(transfer: Transfer, now: EpochMs): boolean {
  if (!isFinished(transfer)) return true;
  return now - endTime(transfer) < (transfer.state === 'done' ? DONE_SHOWN_MS : FAILED_SHOWN_MS);
}

function withValidSelection(files: FilesState): FilesState {
  return files.selected === null || transferIds(files).includes(files.selected) ? files : { ...files, selected: null };
}

function endTime({ endedAt, startedAt }: Transfer): number {
  return endedAt ?? startedAt;
}

export function withListings(files: FilesState, names: readonly string[]): FilesState {
  return { ...files, listings: names.slice(0, MAX_LISTINGS) };
}

export function withListing(files: FilesState, { name, change }: ActionOf<'listing'>): FilesState {
  const others = files.listings.filter((each) => each !== name);
  return withListings(files, change === 'published' ? [name, ...others] : others);
}

export function moveSelection(files: FilesState, by: number): FilesState {
  const ids = transferIds(files);
  if (ids.length === 0) return files;
  const index = files.selected === null ? 0 : Math.max(0, ids.indexOf(files.selected));
  return { ...files, selected: ids[Math.min(Math.max(index + by, 0), ids.length - 1)]! };
}

/** Applies a key to the selected offer or transfer. Without a selection: to the first one that the key fits. */
export function answerTransfer(state: State, verb: 'accept' | 'decline' | 'cancel'): Step {
  const { offers, transfers, selected } = state.files;
  const candidates = verb === 'cancel' ? transfers.filter((transfer) => !isFinished(transfer)) : offers;
  if (verb === 'cancel' && (candidates.length === 0 || isFinishedTransfer(state.files, selected))) {
    return dismissFinished(state);
  }
  const isUnambiguous = selected === null || candidates.length === 1;
  const target = candidates.find(({ id }) => id === selected) ?? (isUnambiguous ? candidates[0] : undefined);
  if (target) return step(state, { type: 'answerTransfer', verb, id: target.id });
  return step(
    withNotice(
      state,
      candidates.length > 0 ? 'Select one with the arrow keys first.' : 'There is no offer to answer.',
      'info',
    ),
  );
}

/** Enter: accepts the offer under the cursor, or tells more about the transfer there. Acts on nothing else. */
export function openTransfer(state: State): Step {
  const { offers, transfers, selected } = state.files;
  const id = selected ?? transferIds(state.files)[0];
  const offer = offers.find((each) => each.id === id);
  if (offer) return step(state, { type: 'answerTransfer', verb: 'accept', id: offer.id });
  const transfer = transfers.find((each) => each.id === id);
  if (!transfer) return step(withNotice(state, 'There is no offer to answer.', 'info'));
  const saved = transfer.savedAs === null ? '' : `. Saved as ${sanitizeText(transfer.savedAs)}`;
  return step(withNotice(state, `${describeState(transfer).replace(/\.$/, '')}${saved}.`, 'info'));
}

function isFinishedTransfer({ transfers }: FilesState, id: number | null): boolean {
  return transfers.some((transfer) => transfer.id === id && isFinished(transfer));
}

/** Removes the selected finished transfer from the screen; without one, all of them. */
function dismissFinished(state: State): Step {
  const { transfers, selected, dismissed } = state.files;
  const finished = transfers.filter(isFinished);
  if (finished.length === 0) return step(withNotice(state, 'There is no transfer to cancel.', 'info'));
  const removed = isFinishedTransfer(state.files, selected) ? [selected!] : finished.map(({ id }) => id);
  const ids = transferIds(state.files);
  const next = selected !== null && removed.includes(selected) ? neighbourOf(ids, selected) : selected;
  const kept = transfers.filter(({ id }) => !removed.includes(id));
  const files = { ...state.files, transfers: kept, dismissed: [...dismissed, ...removed], selected: next };
  return step({ ...state, files: withValidSelection(files) });
}

/** The cursor stays where it is: on the next item, or on the one before the end. */
function neighbourOf(ids: readonly number[], id: number): number | null {
  const index = ids.indexOf(id);
  return ids[index + 1] ?? ids[index - 1] ?? null;
}
