import { isFinished, type Transfer } from '../../domain/transfer.ts';
import type { ActionOf, Step } from '../action.ts';
import { transferIds } from '../presentation/transfers-pane.ts';
import type { FilesState, State } from '../state.ts';
import { step, withNotice } from './step.ts';

/** How many finished transfers and names of published files the state holds. */
const MAX_FINISHED_TRANSFERS = 50;
const MAX_LISTINGS = 500;

/** Drops offers from `transfers`, puts running transfers first, and keeps the newest finished ones. */
export function withTransfers(files: FilesState, { offers, transfers }: ActionOf<'files'>): FilesState {
  const offered = new Set(offers.map(({ id }) => id));
  const others = transfers.filter(({ id }) => !offered.has(id));
  const running = others.filter((transfer) => !isFinished(transfer));
  const finished = others.filter(isFinished).sort((a, b) => endTime(b) - endTime(a));
  const after = { ...files, offers, transfers: [...running, ...finished.slice(0, MAX_FINISHED_TRANSFERS)] };
  return transferIds(after).includes(files.selected ?? 0) ? after : { ...after, selected: null };
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
  const isUnambiguous = selected === null || candidates.length === 1;
  const target = candidates.find(({ id }) => id === selected) ?? (isUnambiguous ? candidates[0] : undefined);
  if (target) return step(state, { type: 'answerTransfer', verb, id: target.id });
  const none = verb === 'cancel' ? 'There is no transfer to cancel.' : 'There is no offer to answer.';
  return step(withNotice(state, candidates.length > 0 ? 'Select one with the arrow keys first.' : none, 'info'));
}
