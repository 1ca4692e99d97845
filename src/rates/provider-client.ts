import { AppError } from '../domain/app-error.ts';
import type { DatedNewQuote, NewQuote } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';
import type { HttpFetcher, HttpRequestOptions } from './http-fetcher.ts';
import { latestOfSeries } from './latest-of-series.ts';
import {
  type HistoryPage,
  type Provider,
  type ProviderContext,
  type ProviderReader,
  RejectedRows,
  ResponseFormatError,
} from './provider.ts';

export interface ProviderOptions {
  readonly enabled: boolean;
  /** Without a trailing slash. */
  readonly url: string;
  readonly key?: string | undefined;
  readonly intervalMs: number;
}

/** All responses of one fetch of a provider. */
export interface ProviderAnswer {
  /** One per series. */
  readonly quotes: readonly NewQuote[];
  readonly rejected: Pick<RejectedRows, 'count' | 'first'>;
  /** The server's time of the oldest response; undefined if one of them states none. */
  readonly respondedAt: EpochMs | undefined;
}

/** A provider with its effective settings. */
export interface ConfiguredProvider {
  readonly provider: Provider;
  readonly settings: ProviderOptions;
  /** Default: bodies are parsed in this thread. */
  readonly reader?: ProviderReader;
}

/** Live fetches take precedence over a backfill from the same host. */
const LIVE_PRIORITY = 0;
const BACKFILL_PRIORITY = -1;
/** A live fetch does not wait for a longer pause of its host: the poller reschedules it. */
const MAX_LIVE_WAIT_MS = 1000;

/** Fetches and parses the responses of one provider; its errors name the provider. */
export class ProviderClient {
  readonly provider: Provider;
  readonly settings: ProviderOptions;
  readonly #reader: ProviderReader | undefined;
  readonly #fetcher: HttpFetcher;
  readonly #now: () => EpochMs;

  constructor({ provider, settings, reader }: ConfiguredProvider, fetcher: HttpFetcher, now: () => EpochMs) {
    this.provider = provider;
    this.settings = settings;
    this.#reader = reader;
    this.#fetcher = fetcher;
    this.#now = now;
  }

  get id(): string {
    return this.provider.id;
  }

  /** Why it is not fetched and how to enable it; undefined if it is enabled. */
  get disabledReason(): string | undefined {
    const setting = `rates.providers.${this.id}`;
    // The key comes first: without it, enabling the provider would not help.
    if (this.provider.key === 'required' && !this.settings.key) return `needs a key: set ${setting}.key in config.json`;
    if (!this.settings.enabled) return `switched off: set ${setting}.enabled to true in config.json`;
    return undefined;
  }

  /** Applies the provider's minimum interval to the host's queue before the first request. */
  applyMinInterval(): void {
    this.#fetcher.setMinInterval(this.settings.url, this.provider.minIntervalMs ?? 0);
  }

  /**
   * Fetches the current quotes.
   * @param checkTime called with the time of each response before its body is parsed; may throw
   * @throws AppError NOT_AVAILABLE
   */
  async fetchQuotes(signal: AbortSignal, checkTime?: (at: EpochMs | undefined) => void): Promise<ProviderAnswer> {
    const rejected = new RejectedRows();
    const quotes: NewQuote[] = [];
    const times: (EpochMs | undefined)[] = [];
    try {
      const reader = this.#reader ?? this.provider;
      const requests = await reader.requests(this.#context(LIVE_PRIORITY, signal, rejected));
      for (const [index, request] of requests.entries()) {
        const { body, respondedAt } = await this.#fetcher.fetch(request, this.#options(LIVE_PRIORITY, signal));
        times.push(respondedAt);
        checkTime?.(respondedAt);
        // A new context with the current time: the request may have been queued for long.
        const context = this.#context(LIVE_PRIORITY, signal, rejected);
        for (const quote of await reader.parse(body, context, index)) quotes.push(quote);
      }
    } catch (thrown) {
      throw this.#toAppError(thrown);
    }
    if (quotes.length > 0) return { quotes: latestOfSeries(quotes), rejected, respondedAt: oldestTime(times) };
    const [first] = rejected.first;
    const why = first ? ` Invalid rows: ${rejected.count}; ${first.path}: ${first.reason}.` : '';
    throw new AppError('NOT_AVAILABLE', `${this.#name} responded, but without prices.${why}`);
  }

  /**
   * The pages of the provider's history of `[from, to)`; none if it has no history. Reading one throws NOT_AVAILABLE; invalid
   * rows go to `rejected`.
   */
  historyPages(from: EpochMs, to: EpochMs, signal: AbortSignal, rejected: RejectedRows): HistoryPage[] {
    const context = this.#context(BACKFILL_PRIORITY, signal, rejected);
    const pages = this.provider.backfill?.(context, from, to) ?? [];
    const read = (page: HistoryPage) =>
      (this.#reader ? this.#reader.readPage(page.id, context, from, to) : page.read()).catch((thrown) => {
        throw this.#toAppError(thrown);
      });
    return pages.map((page) => new ClientHistoryPage(page, read));
  }

  get #name(): string {
    const { id, name } = this.provider;
    return name.toLowerCase() === id ? name : `${name} (${id})`;
  }

  #options(priority: number, signal: AbortSignal): HttpRequestOptions {
    const options = { priority, minIntervalMs: this.provider.minIntervalMs ?? 0, signal };
    // History pages are requested once.
    return priority === LIVE_PRIORITY
      ? { ...options, maxWaitMs: MAX_LIVE_WAIT_MS }
      : { ...options, isCacheable: false };
  }

  #context(priority: number, signal: AbortSignal, rejected: RejectedRows): ProviderContext {
    const options = this.#options(priority, signal);
    return {
      url: this.settings.url,
      key: this.settings.key,
      now: this.#now(),
      fetch: async (request) => (await this.#fetcher.fetch(request, options)).body,
      rejected,
    };
  }

  #toAppError(thrown: unknown): AppError {
    if (!(thrown instanceof ResponseFormatError)) return AppError.from(thrown);
    const message = `${this.#name} sent an unexpected response: ${thrown.message}. Its format may have changed.`;
    return new AppError('NOT_AVAILABLE', message, { cause: thrown });
  }
}

/** There may be many pages, so they share one function instead of a closure each. */
class ClientHistoryPage implements HistoryPage {
  readonly #page: HistoryPage;
  readonly #read: (page: HistoryPage) => Promise<DatedNewQuote[]>;

  constructor(page: HistoryPage, read: (page: HistoryPage) => Promise<DatedNewQuote[]>) {
    this.#page = page;
    this.#read = read;
  }

  get id(): string {
    return this.#page.id;
  }

  read(): Promise<DatedNewQuote[]> {
    return this.#read(this.#page);
  }
}

function oldestTime(times: readonly (EpochMs | undefined)[]): EpochMs | undefined {
  const known = times.filter((at) => at !== undefined);
  return known.length === times.length && known.length > 0 ? Math.min(...known) : undefined;
}
