import { AppError, type FailureJson } from '../domain/app-error.ts';
import type { NewQuote } from '../domain/quote.ts';
import type { EpochMs } from '../domain/time.ts';
import { createCustomProvider } from './custom-provider.ts';
import { latestOfSeries } from './latest-of-series.ts';
import {
  type Provider,
  type ProviderContext,
  type ProviderRequest,
  type RejectedRow,
  RejectedRows,
  ResponseFormatError,
} from './provider.ts';
import { PROVIDERS } from './providers/index.ts';
import { MAX_SERIES_PER_SOURCE } from './quote-sink.ts';

/** More quotes in one body mean that its format has changed. */
export const MAX_QUOTES_PER_BODY = 10_000;

/** A call of a provider function as a message to a worker. No state outlives the task. */
export interface ParserTask {
  readonly provider: string;
  /** `rates.providers.<id>` of a custom provider; undefined for a built-in one. */
  readonly settings: unknown;
  readonly url: string;
  readonly key: string | undefined;
  readonly now: EpochMs;
  readonly work:
    | { readonly type: 'requests' }
    | { readonly type: 'parse'; readonly body: string; readonly index: number }
    | { readonly type: 'page'; readonly id: string; readonly from: EpochMs; readonly to: EpochMs };
  /** Results of fetches that earlier attempts of this task requested. */
  readonly fetches: readonly FetchOutcome[];
}

export interface FetchOutcome {
  readonly request: ProviderRequest;
  readonly body?: string;
  readonly failure?: SerializedError;
}

export interface SerializedError extends FailureJson {
  /** For the log. */
  readonly cause?: string;
}

/** The result of a task. `needs`: retry it with the result of this request. */
export type ParserTaskResult =
  | { readonly type: 'needs'; readonly request: ProviderRequest }
  | { readonly type: 'requests'; readonly requests: readonly ProviderRequest[] }
  | {
      readonly type: 'quotes';
      readonly quotes: readonly NewQuote[];
      readonly rejected: { readonly count: number; readonly first: readonly RejectedRow[] };
    }
  | { readonly type: 'bodyError'; readonly path: string; readonly expected: string }
  | { readonly type: 'failure'; readonly failure: SerializedError };

const customProviders = new Map<string, { readonly json: string; readonly provider: Provider }>();

/** Never rejects. */
export async function runParserTask(task: ParserTask): Promise<ParserTaskResult> {
  let need!: (result: ParserTaskResult) => void;
  const needs = new Promise<ParserTaskResult>((resolve) => {
    need = resolve;
  });
  const rejected = new RejectedRows();
  const context: ProviderContext = {
    url: task.url,
    key: task.key,
    now: task.now,
    rejected,
    fetch: async (request) => {
      const answer = task.fetches.find((answer) => isSameRequest(answer.request, request));
      if (answer?.failure) throw deserializeError(answer.failure);
      if (answer?.body !== undefined) return answer.body;
      need({ type: 'needs', request });
      return new Promise(() => {}); // this attempt ends here
    },
  };
  try {
    return await Promise.race([needs, runWork(findProvider(task), task, context)]);
  } catch (thrown) {
    if (thrown instanceof ResponseFormatError)
      return { type: 'bodyError', path: thrown.path, expected: thrown.expected };
    return { type: 'failure', failure: serializeError(thrown) };
  }
}

async function runWork(provider: Provider, task: ParserTask, context: ProviderContext): Promise<ParserTaskResult> {
  const { rejected } = context;
  switch (task.work.type) {
    case 'requests':
      return { type: 'requests', requests: await provider.requests(context) };
    case 'parse':
      return currentQuotes(provider.parse(task.work.body, context, task.work.index), rejected);
    case 'page': {
      const { id, from, to } = task.work;
      const page = provider.backfill?.(context, from, to).find((page) => page.id === id);
      return quotesResult((await page?.read()) ?? [], rejected);
    }
  }
}

/** The latest quote of each series. The rest stays in this thread, because each quote costs the main thread time. */
function currentQuotes(quotes: readonly NewQuote[], rejected: RejectedRows): ParserTaskResult {
  checkCount(quotes);
  const latest = latestOfSeries(quotes);
  const left = latest.length - MAX_SERIES_PER_SOURCE;
  const reason = `more than ${MAX_SERIES_PER_SOURCE} series, the limit of one source`;
  if (left > 0) rejected.addAll({ count: left, first: [{ path: 'body', reason }] });
  return quotesResult(latest.slice(0, MAX_SERIES_PER_SOURCE), rejected);
}

function checkCount(quotes: readonly NewQuote[]): void {
  if (quotes.length > MAX_QUOTES_PER_BODY)
    throw new ResponseFormatError('body', `at most ${MAX_QUOTES_PER_BODY} prices`);
}

function quotesResult(quotes: readonly NewQuote[], { count, first }: RejectedRows): ParserTaskResult {
  checkCount(quotes);
  return { type: 'quotes', quotes, rejected: { count, first } };
}

function findProvider({ provider: id, settings }: ParserTask): Provider {
  const own = PROVIDERS.find((provider) => provider.id === id);
  if (own) return own;
  const json = JSON.stringify(settings);
  const known = customProviders.get(id);
  if (known?.json === json) return known.provider;
  const provider = createCustomProvider(id, settings);
  customProviders.set(id, { json, provider });
  return provider;
}

function isSameRequest(a: ProviderRequest, b: ProviderRequest): boolean {
  return requestKey(a) === requestKey(b);
}

function requestKey({ url, method, headers, form }: ProviderRequest): string {
  return JSON.stringify([url, method, headers, form]);
}

export function serializeError(thrown: unknown): SerializedError {
  const failure = AppError.from(thrown);
  const { cause } = failure;
  return { ...failure.toJSON(), ...(cause instanceof Error ? { cause: cause.stack ?? cause.message } : undefined) };
}

export function deserializeError({ cause, ...json }: SerializedError): AppError {
  return AppError.fromJSON(json, { cause: cause === undefined ? undefined : new Error(cause) });
}
