import type { Instant } from '../domain/instant.ts';
import { isOver, type Path, type Transfer } from '../domain/transfer.ts';
import { endDetails, type TransferNews, transferNews } from './transfers.ts';

interface Course {
  readonly last: Transfer;
  /** When content began to move, as far as it was seen. */
  readonly movedAt: Instant | null;
  readonly paths: ReadonlySet<Path>;
}

/** Follows transfers, to say what is worth saying, and at their end how they went. */
export class TransferTeller {
  readonly #now: () => Instant;
  readonly #courses = new Map<number, Course>();

  constructor(now: () => Instant = Date.now) {
    this.#now = now;
  }

  /**
   * Takes every change of a transfer, in order.
   * @param isOwn somebody here began or accepted it; else somebody fetches what is published here
   */
  tell(transfer: Transfer, isOwn: boolean): TransferNews | undefined {
    const { id, state, peers } = transfer;
    const before = this.#courses.get(id);
    const movedAt = before?.movedAt ?? (state === 'active' ? this.#now() : null);
    const paths = new Set([...(before?.paths ?? []), ...peers.flatMap(({ path }) => path ?? [])]);
    if (isOver(transfer)) this.#courses.delete(id);
    else this.#courses.set(id, { last: transfer, movedAt, paths });
    const news = transferNews(before?.last, transfer, isOwn);
    if (!news || state !== 'done' || !isOwn) return news;
    const tookMs = movedAt === null ? null : Math.max(0, (transfer.endedAt ?? this.#now()) - movedAt);
    return { ...news, lines: [...news.lines, endDetails(transfer, { tookMs, paths: [...paths] })] };
  }
}
