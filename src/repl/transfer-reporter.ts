import type { EpochMs } from '../domain/time.ts';
import { type ConnectionPath, isFinished, type Transfer } from '../domain/transfer.ts';
import { completionDetails, type TransferNotice, transferNotice } from './transfer-format.ts';

interface TransferCourse {
  readonly last: Transfer;
  /** When data was first seen moving. */
  readonly startedAt: EpochMs | null;
  readonly paths: ReadonlySet<ConnectionPath>;
}

/** Follows transfers and reports notable changes, with a summary when they finish. */
export class TransferReporter {
  readonly #now: () => EpochMs;
  readonly #courses = new Map<number, TransferCourse>();

  constructor(now: () => EpochMs = Date.now) {
    this.#now = now;
  }

  /**
   * Processes every update of a transfer, in order.
   * @param isOwn the user started or accepted it; otherwise another member downloads a published file
   */
  report(transfer: Transfer, isOwn: boolean): TransferNotice | undefined {
    const { id, state, peers } = transfer;
    const before = this.#courses.get(id);
    const startedAt = before?.startedAt ?? (state === 'active' ? this.#now() : null);
    const paths = new Set([...(before?.paths ?? []), ...peers.flatMap(({ path }) => path ?? [])]);
    if (isFinished(transfer)) this.#courses.delete(id);
    else this.#courses.set(id, { last: transfer, startedAt, paths });
    const notice = transferNotice(before?.last, transfer, isOwn);
    if (!notice || state !== 'done' || !isOwn) return notice;
    const tookMs = startedAt === null ? null : Math.max(0, (transfer.endedAt ?? this.#now()) - startedAt);
    return { ...notice, lines: [...notice.lines, completionDetails(transfer, { tookMs, paths: [...paths] })] };
  }
}
