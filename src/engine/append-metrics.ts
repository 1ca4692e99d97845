import { Histogram } from '../domain/histogram.ts';

/** Histogram bounds, in milliseconds and in records. */
const LATENCY_BUCKETS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000];
const GROUP_SIZE_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export class AppendMetrics {
  /** From append to durable and applied, in ms. Its count is the number of records appended by this daemon. */
  readonly appendMs = new Histogram(LATENCY_BUCKETS_MS);
  /** Writing a batch, including the sync where that makes it durable, in ms. */
  readonly commitMs = new Histogram(LATENCY_BUCKETS_MS);
  readonly groupRecords = new Histogram(GROUP_SIZE_BUCKETS);

  /** @param begun when writing began, in monotonic ms */
  recordCommit(records: number, startedAt: number): void {
    this.commitMs.add(performance.now() - startedAt);
    this.groupRecords.add(records);
  }

  /** @param since when the append was requested, in monotonic ms */
  recordAppend(since: number): void {
    this.appendMs.add(performance.now() - since);
  }
}
