import type { StatedTimeMeaning } from '../domain/freshness.ts';
import type { Market } from '../domain/instrument.ts';
import type { DatedNewQuote, NewQuote } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';

/** One HTTP request of a provider: everything except parsing that differs between providers. */
export interface ProviderRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  /** An `application/x-www-form-urlencoded` body. */
  readonly form?: Readonly<Record<string, string>>;
}

/** Arguments of a provider's functions: its effective settings and the time. */
export interface ProviderContext {
  /** Base URL from config.json or the provider's default, without a trailing slash. */
  readonly url: string;
  readonly key: string | undefined;
  readonly now: EpochMs;
  /**
   * Fetches another body within the provider's queue and limits (for tokens and pages).
   * @throws AppError NOT_AVAILABLE
   */
  readonly fetch: (request: ProviderRequest) => Promise<string>;
  /** Counts rows that could not be parsed and are skipped. */
  readonly rejected: RejectedRows;
}

/** A part of a provider's history that is requested, and may fail, independently. */
export interface HistoryPage {
  /** Unique among the provider's pages and stable: `2021-12-29`, `BTC`. */
  readonly id: string;
  /** The quotes of the page, oldest first. @throws AppError NOT_AVAILABLE. @throws ResponseFormatError */
  read(): Promise<DatedNewQuote[]>;
}

/**
 * A source of quotes. Each provider is one small file in providers/, listed in providers/index.ts. Its `parse` is pure and
 * throws `ResponseFormatError`, which names the field, for an unexpected body. Formats: docs/providers.md.
 */
export interface Provider {
  readonly id: string;
  readonly name: string;
  readonly market: Market;
  /** The meaning of `at` of its quotes. */
  readonly statedTime: StatedTimeMeaning;
  /** Default interval between fetches. */
  readonly intervalMs: number;
  /** Minimum time between two requests to its host. */
  readonly minIntervalMs?: number;
  readonly url: string;
  /** `required`: disabled until config.json has a key. */
  readonly key?: 'required' | 'optional';
  /** Whether it is enabled by default. Never true if a key is required. */
  readonly enabled: boolean;
  /** The requests of each fetch, in order. */
  requests(context: ProviderContext): Promise<readonly ProviderRequest[]> | readonly ProviderRequest[];
  /**
   * Parses the quotes of one body, each with its stated time. `index` is the index in `requests`. Skips rows without a price,
   * counts invalid rows, and throws ResponseFormatError if the body or most of its rows are invalid.
   */
  parse(body: string, context: ProviderContext, index: number): NewQuote[];
  /** The pages of the provider's history of `[from, to)`, in fetch order. */
  backfill?(context: ProviderContext, from: EpochMs, to: EpochMs): readonly HistoryPage[];
}

/** Runs a provider's functions outside the thread that serves members. */
export interface ProviderReader {
  requests(context: ProviderContext): Promise<readonly ProviderRequest[]>;
  parse(body: string, context: ProviderContext, index: number): Promise<NewQuote[]>;
  /** Reads the page with this id of `Provider.backfill`. */
  readPage(id: string, context: ProviderContext, from: EpochMs, to: EpochMs): Promise<DatedNewQuote[]>;
}

/** An unexpected body or row. `path` names the field, for example `data[0].SellValue`. */
export class ResponseFormatError extends Error {
  readonly path: string;
  /** What was expected, without the path. */
  readonly expected: string;
  readonly reason: string;

  constructor(path: string, expected: string) {
    super(`${path}: expected ${expected}`);
    this.name = 'ResponseFormatError';
    this.path = path;
    this.expected = expected;
    this.reason = `expected ${expected}`;
  }
}

/** A skipped row: its path in the body, and why. */
export interface RejectedRow {
  readonly path: string;
  readonly reason: string;
}

/** The invalid rows of a response. All are counted; the first are kept. */
export class RejectedRows {
  /** If a larger share of the rows is invalid, the whole body is. */
  readonly maxShare: number;
  readonly #maxKept: number;
  readonly #first: RejectedRow[] = [];
  #count = 0;

  constructor({ kept = 20, share = 0.5 } = {}) {
    this.#maxKept = kept;
    this.maxShare = share;
  }

  get count(): number {
    return this.#count;
  }

  get first(): readonly RejectedRow[] {
    return this.#first;
  }

  add({ path, reason }: RejectedRow): void {
    this.addAll({ count: 1, first: [{ path, reason }] });
  }

  addAll({ count, first }: { readonly count: number; readonly first: readonly RejectedRow[] }): void {
    this.#count += count;
    this.#first.push(...first.slice(0, Math.max(0, this.#maxKept - this.#first.length)));
  }
}
