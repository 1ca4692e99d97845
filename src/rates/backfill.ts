import { AppError } from '../domain/app-error.ts';
import type { Logger } from '../domain/logger.ts';
import { DAY_MS, type EpochMs, formatDateTime, formatDuration } from '../domain/time.ts';
import { type HistoryPage, RejectedRows } from './provider.ts';
import type { ProviderClient } from './provider-client.ts';
import type { IngestResult, QuoteSink } from './quote-sink.ts';

const MAX_HISTORY_MS = 3652 * DAY_MS; // ten years
/** Delay before missing pages are requested again. */
const RETRY_DELAY_MS = DAY_MS;
/** A page is given up after this many failed requests. */
const MAX_ATTEMPTS = 5;
/** A run stops after this many consecutive failures. */
const MAX_FAILURES_IN_A_ROW = 12;
const PROGRESS_LOG_INTERVAL_MS = 10_000;
/** Small, so that live quotes are stored in between. */
const QUOTES_PER_BATCH = 500;

export interface BackfillSettings {
  readonly provider: ProviderClient;
  readonly sink: QuoteSink;
  readonly log: Logger;
  readonly now: () => EpochMs;
  /** Called with the result of each stored batch. */
  readonly onIngested: (received: IngestResult) => void;
}

/**
 * Fetches the history of one provider page by page. Only pages that failed are requested again, a day later; the history
 * is complete when no page is missing. Progress is kept in memory: after a restart, the whole history is fetched again.
 */
export class Backfill {
  readonly #settings: BackfillSettings;
  readonly #endTime: EpochMs;
  readonly #finishedPages = new Set<string>();
  /** Failed requests by page id. */
  readonly #failedAttempts = new Map<string, number>();
  #nextRunAt = Number.NEGATIVE_INFINITY;

  constructor(settings: BackfillSettings) {
    this.#settings = settings;
    this.#endTime = settings.now(); // fixed, so that later runs request the same pages
  }

  isDue(now: EpochMs): boolean {
    return now >= this.#nextRunAt;
  }

  /** Keeps the backfill from being due until the run that starts now has ended. */
  markStarted(): void {
    this.#nextRunAt = Number.POSITIVE_INFINITY;
  }

  /** Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { provider, sink, log, now } = this.#settings;
    const fields = { event: 'rates.history', provider: provider.id };
    try {
      signal.throwIfAborted();
      log.info(fields, 'fetching provider history');
      const { missing, failure, ...counts } = await this.#fetch(signal);
      if (missing === 0) {
        await sink.historyDone(provider.id);
        if (counts.givenUp === 0) log.info({ ...fields, ...counts }, 'provider history fetched');
        else
          log.warn({ ...fields, ...counts, err: failure }, 'provider history fetched, except pages that always failed');
        return;
      }
      this.#nextRunAt = now() + RETRY_DELAY_MS;
      log.warn(
        { ...fields, ...counts, missing, err: failure },
        `${missing} pages of the provider history are missing and will be requested again in ${formatDuration(RETRY_DELAY_MS)}. ${failure?.message}`,
      );
    } catch (thrown) {
      if (signal.aborted) {
        this.#nextRunAt = Number.NEGATIVE_INFINITY;
        return;
      }
      this.#nextRunAt = now() + RETRY_DELAY_MS;
      const failure = AppError.from(thrown);
      log.warn({ ...fields, err: failure }, `could not store the provider history: ${failure.message}`);
    }
  }

  async #fetch(signal: AbortSignal) {
    const { provider, sink, log, now, onIngested } = this.#settings;
    const rejected = new RejectedRows();
    const pages = this.#missingPages(
      provider.historyPages(this.#endTime - MAX_HISTORY_MS, this.#endTime, signal, rejected),
    );
    let [stored, refused, givenUp, failuresInARow, toldAt] = [0, 0, 0, 0, now()];
    let failure: AppError | undefined;
    for (const page of pages) {
      signal.throwIfAborted();
      let quotes: Awaited<ReturnType<HistoryPage['read']>>;
      try {
        quotes = await page.read();
        failuresInARow = 0;
      } catch (thrown) {
        signal.throwIfAborted();
        const cause = AppError.from(thrown);
        failure ??= cause;
        if (this.#recordFailure(page)) givenUp++;
        log.debug({ event: 'rates.history', provider: provider.id, page: page.id, err: cause }, cause.message);
        if (++failuresInARow === MAX_FAILURES_IN_A_ROW) break;
        continue;
      }
      signal.throwIfAborted();
      for (let start = 0; start < quotes.length; start += QUOTES_PER_BATCH) {
        const chunk = quotes.slice(start, start + QUOTES_PER_BATCH);
        const received = await sink.receiveHistory(provider.id, chunk);
        signal.throwIfAborted();
        onIngested(received);
        stored += received.stored;
        refused += received.refused.length;
        const reason = received.refused[0]?.reason;
        const fields = { event: 'rates.history', provider: provider.id, page: page.id, stored, refused, reason };
        log.debug(fields, 'history page stored');
        if (now() - toldAt < PROGRESS_LOG_INTERVAL_MS) continue;
        toldAt = now();
        log.info({ ...fields, until: formatDateTime(chunk.at(-1)!.at) }, 'fetching history');
      }
      this.#finishedPages.add(page.id);
    }
    const missing = pages.filter(({ id }) => !this.#finishedPages.has(id)).length;
    return { stored, refused, rejected: rejected.count, givenUp, missing, failure };
  }

  /** Pages that failed least often come first, so that a run of bad pages does not block the others. */
  #missingPages(pages: readonly HistoryPage[]): HistoryPage[] {
    const attempts = ({ id }: HistoryPage) => this.#failedAttempts.get(id) ?? 0;
    return pages.filter(({ id }) => !this.#finishedPages.has(id)).sort((a, b) => attempts(a) - attempts(b));
  }

  /** Returns whether the page is now given up. */
  #recordFailure({ id }: HistoryPage): boolean {
    const attempts = (this.#failedAttempts.get(id) ?? 0) + 1;
    this.#failedAttempts.set(id, attempts);
    if (attempts < MAX_ATTEMPTS) return false;
    this.#finishedPages.add(id);
    return true;
  }
}
