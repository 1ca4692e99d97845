import { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import type { QuoteDraft } from '../domain/quote.ts';
import type { Fetcher } from './fetcher.ts';
import { BodyError, type Provider, type ProviderContext } from './provider.ts';

export interface SourceSettings {
  readonly enabled: boolean;
  /** Base URL, without a trailing slash. */
  readonly url: string;
  readonly key?: string | undefined;
  /** Milliseconds between fetches. */
  readonly every: number;
}

/** A provider with its settings after config.json. */
export interface ConfiguredSource {
  readonly provider: Provider;
  readonly settings: SourceSettings;
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
  readonly #fetcher: Fetcher;
  readonly #now: () => Instant;

  constructor({ provider, settings }: ConfiguredSource, fetcher: Fetcher, now: () => Instant) {
    this.provider = provider;
    this.settings = settings;
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
   * @throws Failure NOT_AVAILABLE
   */
  async quotes(signal: AbortSignal): Promise<QuoteDraft[]> {
    const asking = this.#context(LIVE, signal);
    const quotes: QuoteDraft[] = [];
    try {
      for (const [index, request] of (await this.provider.requests(asking)).entries()) {
        const body = await asking.fetch(request);
        // A new context: the request may have waited in the queue for long.
        for (const quote of this.provider.parse(body, this.#context(LIVE, signal), index)) quotes.push(quote);
      }
    } catch (thrown) {
      throw this.#failure(thrown);
    }
    if (quotes.length > 0) return quotes;
    throw new Failure('NOT_AVAILABLE', `${this.#name} answered, but there are no prices in the body.`);
  }

  /**
   * The provider's own history of `[from, to)` in chunks, oldest first; nothing when it has none.
   * @throws Failure NOT_AVAILABLE
   */
  async *history(from: Instant, to: Instant, signal: AbortSignal): AsyncIterable<QuoteDraft[]> {
    try {
      yield* this.provider.backfill?.(this.#context(BACKFILL, signal), from, to) ?? [];
    } catch (thrown) {
      throw this.#failure(thrown);
    }
  }

  get #name(): string {
    const { id, name } = this.provider;
    return name.toLowerCase() === id ? name : `${name} (${id})`;
  }

  #context(priority: number, signal: AbortSignal): ProviderContext {
    const spacing = this.provider.spacing ?? 0;
    const options =
      priority === LIVE
        ? { priority, spacing, signal, patience: LIVE_PATIENCE }
        : { priority, spacing, signal, remember: false }; // pages of the past are asked for once
    return {
      url: this.settings.url,
      key: this.settings.key,
      now: this.#now(),
      fetch: (request) => this.#fetcher.fetch(request, options),
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
