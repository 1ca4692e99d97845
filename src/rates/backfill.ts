import { Failure } from '../domain/failure.ts';
import { formatMinute, formatSpan, type Instant } from '../domain/instant.ts';
import type { Log } from './log.ts';
import type { HistoryPage } from './provider.ts';
import { RejectedRows } from './rows.ts';
import type { QuoteSink, Received } from './sink.ts';
import type { Source } from './source.ts';

const DAY = 24 * 3_600_000;
const SPAN = 3652 * DAY; // ten years
/** Missing pages are asked for again after so long. */
const RETRY_MS = DAY;
/** A page that was asked for so often without success is given up. */
const MAX_ATTEMPTS = 5;
/** After so many failures in a row the provider is left alone until the next attempt. */
const MAX_FAILURES_IN_A_ROW = 12;
const PROGRESS_MS = 10_000;
/** Quotes that are stored at a time: live ones come in between. */
const CHUNK = 500;

export interface BackfillSettings {
  readonly source: Source;
  readonly sink: QuoteSink;
  readonly log: Log;
  readonly now: () => Instant;
  /** What became of the quotes of a page. */
  readonly onReceived: (received: Received) => void;
}

/**
 * The history of one provider. It is fetched page by page. A page that fails is left out, and it alone is asked for
 * again a day later; the history is done when no page is missing. What is missing is known to this process only: the
 * next one fetches the whole history again.
 */
export class Backfill {
  readonly #settings: BackfillSettings;
  readonly #to: Instant;
  readonly #done = new Set<string>();
  /** How often pages were asked for in vain. */
  readonly #attempts = new Map<string, number>();
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(settings: BackfillSettings) {
    this.#settings = settings;
    this.#to = settings.now(); // a later attempt asks for the same pages
  }

  isDue(now: Instant): boolean {
    return now >= this.#dueAt;
  }

  /** Not due again until the run that begins has ended. */
  begin(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  /** Fetches what is missing. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, sink, log, now } = this.#settings;
    const fields = { event: 'rates.history', provider: source.id };
    try {
      signal.throwIfAborted();
      log.info(fields, 'fetching the history of the provider');
      const { missing, failure, ...counts } = await this.#fetch(signal);
      if (missing === 0) {
        await sink.historyDone(source.id);
        if (counts.givenUp === 0) log.info({ ...fields, ...counts }, 'the history of the provider is fetched');
        else
          log.warn({ ...fields, ...counts, err: failure }, 'the history is fetched, without pages that always failed');
        return;
      }
      this.#dueAt = now() + RETRY_MS;
      log.warn(
        { ...fields, ...counts, missing, err: failure },
        `parts of the history are missing: ${missing}. They are asked for again in ${formatSpan(RETRY_MS)}. ${failure?.message}`,
      );
    } catch (thrown) {
      if (signal.aborted) {
        this.#dueAt = Number.NEGATIVE_INFINITY;
        return;
      }
      this.#dueAt = now() + RETRY_MS;
      const failure = Failure.from(thrown);
      log.warn({ ...fields, err: failure }, `the history could not be stored: ${failure.message}`);
    }
  }

  async #fetch(signal: AbortSignal) {
    const { source, sink, log, now, onReceived } = this.#settings;
    const rejected = new RejectedRows();
    const pages = this.#missing(source.history(this.#to - SPAN, this.#to, signal, rejected));
    let [stored, refused, givenUp, failuresInARow, toldAt] = [0, 0, 0, 0, now()];
    let failure: Failure | undefined;
    for (const page of pages) {
      signal.throwIfAborted();
      let quotes: Awaited<ReturnType<HistoryPage['read']>>;
      try {
        quotes = await page.read();
        failuresInARow = 0;
      } catch (thrown) {
        signal.throwIfAborted();
        const cause = Failure.from(thrown);
        failure ??= cause;
        if (this.#failed(page)) givenUp++;
        log.debug({ event: 'rates.history', provider: source.id, page: page.id, err: cause }, cause.message);
        if (++failuresInARow === MAX_FAILURES_IN_A_ROW) break;
        continue;
      }
      signal.throwIfAborted();
      for (let start = 0; start < quotes.length; start += CHUNK) {
        const chunk = quotes.slice(start, start + CHUNK);
        const received = await sink.receiveHistory(source.id, chunk);
        signal.throwIfAborted();
        onReceived(received);
        stored += received.stored;
        refused += received.refused.length;
        const reason = received.refused[0]?.reason;
        const fields = { event: 'rates.history', provider: source.id, page: page.id, stored, refused, reason };
        log.debug(fields, 'history received');
        if (now() - toldAt < PROGRESS_MS) continue;
        toldAt = now();
        log.info({ ...fields, until: formatMinute(chunk.at(-1)!.at) }, 'history is being fetched');
      }
      this.#done.add(page.id);
    }
    const missing = pages.filter(({ id }) => !this.#done.has(id)).length;
    return { stored, refused, rejected: rejected.count, givenUp, missing, failure };
  }

  /** Those that are not in, the ones that failed least often first: a bad stretch does not keep others from being asked for. */
  #missing(pages: readonly HistoryPage[]): HistoryPage[] {
    const attempts = ({ id }: HistoryPage) => this.#attempts.get(id) ?? 0;
    return pages.filter(({ id }) => !this.#done.has(id)).sort((a, b) => attempts(a) - attempts(b));
  }

  /** Counts a failure of a page. Returns whether it is given up with that. */
  #failed({ id }: HistoryPage): boolean {
    const attempts = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempts);
    if (attempts < MAX_ATTEMPTS) return false;
    this.#done.add(id);
    return true;
  }
}
