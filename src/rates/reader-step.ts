import { Failure, type FailureCode, type FailureData } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import type { QuoteDraft } from '../domain/quote.ts';
import { configuredProvider } from './configured.ts';
import { latestOfSeries } from './latest-of-series.ts';
import { BodyError, type Provider, type ProviderContext, type ProviderRequest } from './provider.ts';
import { PROVIDERS } from './providers/index.ts';
import { type RejectedRow, RejectedRows } from './rows.ts';
import { MAX_SERIES } from './sink.ts';

/** Quotes of one body; a source with more has another form than its provider expects. */
export const MAX_QUOTES = 10_000;

/** What a provider does with texts of its source, as a message to a worker. Nothing of it outlasts the step. */
export interface ReaderStep {
  readonly provider: string;
  /** `rates.providers.<id>` of a provider that is made by configuration alone; undefined for one of goldctl's own. */
  readonly settings: unknown;
  readonly url: string;
  readonly key: string | undefined;
  readonly now: Instant;
  readonly work:
    | { readonly type: 'requests' }
    | { readonly type: 'parse'; readonly body: string; readonly index: number }
    | { readonly type: 'page'; readonly id: string; readonly from: Instant; readonly to: Instant };
  /** Bodies that earlier tries of this step asked for. */
  readonly answers: readonly FetchAnswer[];
}

export interface FetchAnswer {
  readonly request: ProviderRequest;
  readonly body?: string;
  readonly failure?: SentFailure;
}

export interface SentFailure {
  readonly code: FailureCode;
  readonly message: string;
  readonly data: FailureData;
  /** For the log. */
  readonly cause?: string;
}

/** How a step ends. `needs`: it goes on when it is tried again with the body of that request. */
export type StepResult =
  | { readonly type: 'needs'; readonly request: ProviderRequest }
  | { readonly type: 'requests'; readonly requests: readonly ProviderRequest[] }
  | {
      readonly type: 'quotes';
      readonly quotes: readonly QuoteDraft[];
      readonly rejected: { readonly count: number; readonly first: readonly RejectedRow[] };
    }
  | { readonly type: 'bodyError'; readonly path: string; readonly expected: string }
  | { readonly type: 'failure'; readonly failure: SentFailure };

const configured = new Map<string, { readonly json: string; readonly provider: Provider }>();

/** Never rejects. */
export async function runStep(step: ReaderStep): Promise<StepResult> {
  let need!: (result: StepResult) => void;
  const needs = new Promise<StepResult>((resolve) => {
    need = resolve;
  });
  const rejected = new RejectedRows();
  const context: ProviderContext = {
    url: step.url,
    key: step.key,
    now: step.now,
    rejected,
    fetch: async (request) => {
      const answer = step.answers.find((answer) => isSame(answer.request, request));
      if (answer?.failure) throw failureOf(answer.failure);
      if (answer?.body !== undefined) return answer.body;
      need({ type: 'needs', request });
      return new Promise(() => {}); // this try ends here
    },
  };
  try {
    return await Promise.race([needs, work(providerOf(step), step, context)]);
  } catch (thrown) {
    if (thrown instanceof BodyError) return { type: 'bodyError', path: thrown.path, expected: thrown.expected };
    return { type: 'failure', failure: sentFailure(thrown) };
  }
}

async function work(provider: Provider, step: ReaderStep, context: ProviderContext): Promise<StepResult> {
  const { rejected } = context;
  switch (step.work.type) {
    case 'requests':
      return { type: 'requests', requests: await provider.requests(context) };
    case 'parse':
      return currentQuotes(provider.parse(step.work.body, context, step.work.index), rejected);
    case 'page': {
      const { id, from, to } = step.work;
      const page = provider.backfill?.(context, from, to).find((page) => page.id === id);
      return quotesResult((await page?.read()) ?? [], rejected);
    }
  }
}

/** What of a response is taken: the rest stays in this thread, as each quote costs the other one time. */
function currentQuotes(quotes: readonly QuoteDraft[], rejected: RejectedRows): StepResult {
  checkCount(quotes);
  const latest = latestOfSeries(quotes);
  const left = latest.length - MAX_SERIES;
  const reason = `more than ${MAX_SERIES} series, which is what is taken of one source`;
  if (left > 0) rejected.addAll({ count: left, first: [{ path: 'body', reason }] });
  return quotesResult(latest.slice(0, MAX_SERIES), rejected);
}

function checkCount(quotes: readonly QuoteDraft[]): void {
  if (quotes.length > MAX_QUOTES) throw new BodyError('body', `at most ${MAX_QUOTES} prices`);
}

function quotesResult(quotes: readonly QuoteDraft[], { count, first }: RejectedRows): StepResult {
  checkCount(quotes);
  return { type: 'quotes', quotes, rejected: { count, first } };
}

function providerOf({ provider: id, settings }: ReaderStep): Provider {
  const own = PROVIDERS.find((provider) => provider.id === id);
  if (own) return own;
  const json = JSON.stringify(settings);
  const known = configured.get(id);
  if (known?.json === json) return known.provider;
  const provider = configuredProvider(id, settings);
  configured.set(id, { json, provider });
  return provider;
}

function isSame(a: ProviderRequest, b: ProviderRequest): boolean {
  return keyOf(a) === keyOf(b);
}

function keyOf({ url, method, headers, form }: ProviderRequest): string {
  return JSON.stringify([url, method, headers, form]);
}

export function sentFailure(thrown: unknown): SentFailure {
  const { code, message, data, cause } = Failure.from(thrown);
  return { code, message, data, ...(cause instanceof Error ? { cause: cause.stack ?? cause.message } : undefined) };
}

export function failureOf({ code, message, data, cause }: SentFailure): Failure {
  return new Failure(code, message, { data, cause: cause === undefined ? undefined : new Error(cause) });
}
