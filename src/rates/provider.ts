import type { Instant } from '../domain/instant.ts';
import type { Market } from '../domain/instrument.ts';
import type { QuoteDraft } from '../domain/quote.ts';

/** One HTTP request of a provider. Everything that differs between providers and is not parsing stands here. */
export interface ProviderRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** An `application/x-www-form-urlencoded` body. */
  readonly form?: Readonly<Record<string, string>>;
}

/** What a provider's functions are given: its settings after config.json, and the time. */
export interface ProviderContext {
  /** Base URL, from config.json or the provider's own default; without a trailing slash. */
  readonly url: string;
  readonly key: string | undefined;
  readonly now: Instant;
  /**
   * Fetches a body within the provider's own queue, caps and limits (for tokens and pages).
   * @throws Failure NOT_AVAILABLE
   */
  readonly fetch: (request: ProviderRequest) => Promise<string>;
}

/**
 * A source of quotes. One small file a provider in providers/, listed in providers/index.ts; its `parse` is pure
 * and throws `BodyError` naming the field when a body does not fit. Shapes: docs/providers.md.
 */
export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly market: Market;
  /** Milliseconds between fetches unless config.json says otherwise. */
  readonly every: number;
  /** The least time between two requests to its host, in milliseconds. */
  readonly spacing?: number;
  /** Default base URL. */
  readonly url: string;
  /** `required`: off until config.json has a key. */
  readonly key?: 'required' | 'optional';
  /** On without being named in config.json. Never true when a key is required. */
  readonly enabled: boolean;
  /** What is fetched each time; a provider that needs several answers them in order. */
  requests(context: ProviderContext): Promise<readonly ProviderRequest[]> | readonly ProviderRequest[];
  /** Quotes of one body. `index` is its place in `requests`. Skips rows without a price; throws BodyError on a body that does not fit. */
  parse(body: string, context: ProviderContext, index: number): QuoteDraft[];
  /** Quotes of `[from, to)` out of the provider's own history, oldest first, in chunks. */
  backfill?(context: ProviderContext, from: Instant, to: Instant): AsyncIterable<QuoteDraft[]>;
}

/** A body that does not have the expected form. `path` names the field, as `data[0].SellValue`. */
export class BodyError extends Error {
  readonly path: string;

  constructor(path: string, expected: string) {
    super(`${path}: expected ${expected}`);
    this.name = 'BodyError';
    this.path = path;
  }
}
