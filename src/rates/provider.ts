import type { StatedTime } from '../domain/freshness.ts';
import type { Instant } from '../domain/instant.ts';
import type { Market } from '../domain/instrument.ts';
import type { DatedQuote, QuoteDraft } from '../domain/quote.ts';
import type { RejectedRows } from './rows.ts';

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
  /** Where rows are counted that do not fit and are left out. */
  readonly rejected: RejectedRows;
}

/** A part of a provider's history that is asked for by itself, and may fail by itself. */
export interface HistoryPage {
  /** Names it among the pages of the provider, each time in the same way: `2021-12-29`, `BTC`. */
  readonly id: string;
  /**
   * Its quotes, oldest first.
   * @throws Failure NOT_AVAILABLE
   * @throws BodyError
   */
  read(): Promise<DatedQuote[]>;
}

/**
 * A source of quotes. One small file a provider in providers/, listed in providers/index.ts; its `parse` is pure
 * and throws `BodyError` naming the field when a body does not fit. Shapes: docs/providers.md.
 */
export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly market: Market;
  /** What the `at` of its quotes means. */
  readonly statedTime: StatedTime;
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
  /**
   * Quotes of one body, each with the time that it states. `index` is its place in `requests`. Skips rows without a
   * price, counts rows that do not fit, and throws BodyError on a body that does not fit, or most rows of which do not.
   */
  parse(body: string, context: ProviderContext, index: number): QuoteDraft[];
  /** The pages of the provider's own history of `[from, to)`, in the order in which they are to be fetched. */
  backfill?(context: ProviderContext, from: Instant, to: Instant): readonly HistoryPage[];
}

/** Reads texts of a source for its provider, somewhere else than in the thread that serves members. */
export interface ProviderReader {
  /** As `Provider.requests`. */
  requests(context: ProviderContext): Promise<readonly ProviderRequest[]>;
  /** As `Provider.parse`. */
  parse(body: string, context: ProviderContext, index: number): Promise<QuoteDraft[]>;
  /** Reads the page of that id of `Provider.backfill`. */
  readPage(id: string, context: ProviderContext, from: Instant, to: Instant): Promise<DatedQuote[]>;
}

/** A body, or a row of one, that does not have the expected form. `path` names the field, as `data[0].SellValue`. */
export class BodyError extends Error {
  readonly path: string;
  /** What would fit, without the path. */
  readonly expected: string;
  /** The message without the path. */
  readonly reason: string;

  constructor(path: string, expected: string) {
    super(`${path}: expected ${expected}`);
    this.name = 'BodyError';
    this.path = path;
    this.expected = expected;
    this.reason = `expected ${expected}`;
  }
}
