import { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import type { DatedQuote, QuoteDraft } from '../domain/quote.ts';
import type { Fetcher, FetchOptions } from './fetcher.ts';
import { latestOfSeries } from './latest-of-series.ts';
import { BodyError, type HistoryPage, type Provider, type ProviderContext, type ProviderReader } from './provider.ts';
import { RejectedRows } from './rows.ts';

export interface SourceSettings {
  readonly enabled: boolean;
  /** Base URL, without a trailing slash. */
  readonly url: string;
  readonly key?: string | undefined;
  /** Milliseconds between fetches. */
  readonly every: number;
}

/** What a provider says at one time, all its responses together. */
export interface Answer {
  /** One of each series. */
  readonly quotes: readonly QuoteDraft[];
  readonly rejected: Pick<RejectedRows, 'count' | 'first'>;
  /** When its server made the oldest of its responses, by the server's clock; undefined where one does not say. */
  readonly respondedAt: Instant | undefined;
}

/** A provider with its settings after config.json. */
export interface ConfiguredSource {
  readonly provider: Provider;
  readonly settings: SourceSettings;
  /** Where its texts are read; left out: in this thread. */
  readonly reader?: ProviderReader;
}

/** Live fetches go before those of a back-fill that wait for the same host. */
const LIVE = 0;
const BACKFILL = -1;
/** A live fetch does not wait through a pause that its host asked for: its provider says so and plans anew. */
const LIVE_PATIENCE = 1000;

/** One provider as it is fetched: its requests, its parser, and failures that name it. */
export class Source {
  readonly provider: Provider;
  readonly settings: SourceSettings;
  readonly #reader: ProviderReader | undefined;
  readonly #fetcher: Fetcher;
  readonly #now: () => Instant;

  constructor({ provider, settings, reader }: ConfiguredSource, fetcher: Fetcher, now: () => Instant) {
    this.provider = provider;
    this.settings = settings;
    this.#reader = reader;
    this.#fetcher = fetcher;
    this.#now = now;
  }

  get id(): string {
    return this.provider.id;
  }

  /** Why it is not fetched and what would turn it on; undefined when it is on. */
  get off(): string | undefined {
    const setting = `rates.providers.${this.id}`;
    // The key first: without one such a provider is never on by default, and switching it on would not help.
    if (this.provider.key === 'required' && !this.settings.key) return `needs a key: set ${setting}.key in config.json`;
    if (!this.settings.enabled) return `switched off: set ${setting}.enabled to true in config.json`;
    return undefined;
  }

  /** Makes the host's queue as slow as this provider wants it, before anybody asks that host. */
  announce(): void {
    this.#fetcher.space(this.settings.url, this.provider.spacing ?? 0);
  }

  /**
   * What the provider says now, all its answers together.
   * @param checkTime called with the time of each response before its body is parsed, by a clock that it may find wrong
   * @throws Failure NOT_AVAILABLE
   */
  async quotes(signal: AbortSignal, checkTime?: (respondedAt: Instant | undefined) => void): Promise<Answer> {
    const rejected = new RejectedRows();
    const quotes: QuoteDraft[] = [];
    const times: (Instant | undefined)[] = [];
    try {
      const reader = this.#reader ?? this.provider;
      const requests = await reader.requests(this.#context(LIVE, signal, rejected));
      for (const [index, request] of requests.entries()) {
        const { body, respondedAt } = await this.#fetcher.fetch(request, this.#options(LIVE, signal));
        times.push(respondedAt);
        checkTime?.(respondedAt);
        // A new context: the request may have waited in the queue for long.
        const context = this.#context(LIVE, signal, rejected);
        for (const quote of await reader.parse(body, context, index)) quotes.push(quote);
      }
    } catch (thrown) {
      throw this.#failure(thrown);
    }
    if (quotes.length > 0) return { quotes: latestOfSeries(quotes), rejected, respondedAt: oldest(times) };
    const [first] = rejected.first;
    const why = first ? ` Rows that do not fit: ${rejected.count}; ${first.path}: ${first.reason}.` : '';
    throw new Failure('NOT_AVAILABLE', `${this.#name} answered, but there are no prices in the body.${why}`);
  }

  /**
   * The pages of the provider's own history of `[from, to)`; none when it has no history. Their failures are
   * NOT_AVAILABLE. Rows that do not fit go to `rejected`.
   */
  history(from: Instant, to: Instant, signal: AbortSignal, rejected: RejectedRows): HistoryPage[] {
    const context = this.#context(BACKFILL, signal, rejected);
    const pages = this.provider.backfill?.(context, from, to) ?? [];
    const read = (page: HistoryPage) =>
      (this.#reader ? this.#reader.readPage(page.id, context, from, to) : page.read()).catch((thrown) => {
        throw this.#failure(thrown);
      });
    return pages.map((page) => new SourcePage(page, read));
  }

  get #name(): string {
    const { id, name } = this.provider;
    return name.toLowerCase() === id ? name : `${name} (${id})`;
  }

  #options(priority: number, signal: AbortSignal): FetchOptions {
    const spacing = this.provider.spacing ?? 0;
    return priority === LIVE
      ? { priority, spacing, signal, patience: LIVE_PATIENCE }
      : { priority, spacing, signal, remember: false }; // pages of the past are asked for once
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

  #failure(thrown: unknown): Failure {
    if (!(thrown instanceof BodyError)) return Failure.from(thrown);
    return new Failure(
      'NOT_AVAILABLE',
      `${this.#name} sent a body that does not fit: ${thrown.message}. Its form may have changed.`,
      { cause: thrown },
    );
  }
}

/** A page with what reads it: there may be very many, so each holds no function of its own. */
class SourcePage implements HistoryPage {
  readonly #page: HistoryPage;
  readonly #read: (page: HistoryPage) => Promise<DatedQuote[]>;

  constructor(page: HistoryPage, read: (page: HistoryPage) => Promise<DatedQuote[]>) {
    this.#page = page;
    this.#read = read;
  }

  get id(): string {
    return this.#page.id;
  }

  read(): Promise<DatedQuote[]> {
    return this.#read(this.#page);
  }
}

function oldest(times: readonly (Instant | undefined)[]): Instant | undefined {
  const known = times.filter((at) => at !== undefined);
  return known.length === times.length && known.length > 0 ? Math.min(...known) : undefined;
}
