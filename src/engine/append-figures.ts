import { Histogram } from '../domain/histogram.ts';

/** Bounds of what is counted: milliseconds, and records. */
const TIMES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];
const SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** What a journal counts of its appends: how long they take, and how many share a batch. */
export class AppendFigures {
  /** From an append to its record being durable and applied, ms; its count is the records that were appended here. */
  readonly appendMs = new Histogram(TIMES);
  /** Writing of a batch, and syncing where that makes it durable, ms. */
  readonly commitMs = new Histogram(TIMES);
  /** Records of a batch. */
  readonly groupRecords = new Histogram(SIZES);

  /** @param begun when the writing of it began, in monotonic milliseconds */
  committed(records: number, begun: number): void {
    this.commitMs.add(performance.now() - begun);
    this.groupRecords.add(records);
  }

  /** @param since when it was asked for, in monotonic milliseconds */
  appended(since: number): void {
    this.appendMs.add(performance.now() - since);
  }
}
