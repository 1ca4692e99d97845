import type { Readable } from 'node:stream';
import fetch, { Headers, isRedirect, type Response } from 'node-fetch';
import { AppError } from '../domain/app-error.ts';
import { isSecretName, MASK } from '../domain/secrets.ts';
import { type EpochMs, formatDuration } from '../domain/time.ts';
import { type CachedResponse, ConditionalCache } from './conditional-cache.ts';
import { httpError, networkError } from './fetch-errors.ts';
import { HostQueue } from './host-queue.ts';
import { type ConnectionFactory, createConnectionFactory } from './outbound-connection.ts';
import type { ProviderRequest } from './provider.ts';
import { RedirectGuard } from './redirect-guard.ts';
import { responseTime, retryAfterMs } from './response-headers.ts';

export interface HttpFetcherSettings {
  /** goldctl's version, for the default User-Agent. */
  readonly version: string;
  /** From connecting to the last byte, redirects included. Default 10 s. */
  readonly timeoutMs?: number;
  /** Per body, after decompression. Default 5 MiB. */
  readonly maxBytes?: number;
  /** Default 3. */
  readonly maxRedirects?: number;
  /** Requests that may wait for one host; more are rejected. Default 100. */
  readonly maxWaiting?: number;
  /** Default: the environment's proxies and the system's certificates. */
  readonly connect?: ConnectionFactory;
  readonly redirectGuard?: RedirectGuard;
}

export interface HttpRequestOptions {
  /** Requests with a higher priority are sent first to the same host. Default 0. */
  readonly priority?: number;
  /** Minimum time between two requests to the host; the largest value ever given applies. */
  readonly minIntervalMs?: number;
  /** Keep the body for a conditional request next time. Default true; false for requests that are not repeated. */
  readonly isCacheable?: boolean;
  /** The longest pause of the host to wait for; a longer one fails immediately. Default: unlimited. */
  readonly maxWaitMs?: number;
  readonly signal?: AbortSignal;
}

/** Headers that are forwarded on a redirect to another host: none of them can contain a secret. */
const CROSS_HOST_HEADERS = ['accept', 'accept-language', 'user-agent'];
/** Statuses whose Retry-After applies to the whole host. */
const PAUSE_STATUSES = new Set([418, 429, 503]);

interface PendingRequest {
  readonly request: ProviderRequest;
  readonly host: HostQueue;
  readonly url: URL;
  readonly isCacheable: boolean;
  readonly maxWaitMs: number;
  readonly controller: AbortController;
  isRunning: boolean;
}

/** A response body, and when the server created or confirmed it. */
export interface FetchedBody {
  readonly body: string;
  /** By the server's clock, if it states a time. */
  readonly respondedAt: EpochMs | undefined;
}

interface RequestHop {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Headers;
  readonly body: URLSearchParams | null;
}

/**
 * Fetches bodies over HTTP politely: one queue per host, limits on time, size and redirects, conditional requests, and
 * Retry-After for the whole host.
 */
export class HttpFetcher {
  readonly #settings: Required<HttpFetcherSettings>;
  readonly #hosts = new Map<string, HostQueue>();
  readonly #cache = new ConditionalCache();
  readonly #pendingRequests = new Set<PendingRequest>();
  #stopped = false;

  constructor(settings: HttpFetcherSettings) {
    this.#settings = {
      timeoutMs: 10_000,
      maxBytes: 5 * 1024 * 1024,
      maxRedirects: 3,
      maxWaiting: 100,
      connect: createConnectionFactory(),
      redirectGuard: new RedirectGuard(),
      ...settings,
    };
  }

  /** Sets the minimum interval between requests to the URL's host before the first one. */
  setMinInterval(url: string, ms: number): void {
    if (URL.canParse(url)) this.#hostQueue(new URL(url)).setMinInterval(ms); // `fetch` reports an invalid URL
  }

  /** Milliseconds until the pause of the URL's host ends; 0 if it is not paused. */
  pausedForMs(url: string): number {
    return URL.canParse(url) ? (this.#hosts.get(new URL(url).host)?.pausedForMs ?? 0) : 0;
  }

  /**
   * Returns the body of a successful response; for a 304, the cached body with the time of the 304.
   * @throws AppError NOT_AVAILABLE; data has `status` and `retryAfterMs` if the host sent them
   */
  async fetch(request: ProviderRequest, options: HttpRequestOptions = {}): Promise<FetchedBody> {
    const url = parseFetchUrl(request.url);
    if (this.#stopped || options.signal?.aborted) throw canceledError(url);
    const host = this.#hostQueue(url);
    host.setMinInterval(options.minIntervalMs ?? 0);
    if (host.waitingCount >= this.#settings.maxWaiting) {
      throw new AppError(
        'NOT_AVAILABLE',
        `${host.waitingCount} requests are already waiting for ${url.host}; this one was rejected. Increase the interval of its providers.`,
      );
    }
    const { isCacheable = true, maxWaitMs = Number.POSITIVE_INFINITY } = options;
    if (host.pausedForMs > maxWaitMs) throw hostPausedError(url, host.pausedForMs);
    const controller = new AbortController();
    const cancel = () => controller.abort(canceledError(url));
    options.signal?.addEventListener('abort', cancel, { once: true });
    const pending: PendingRequest = { request, host, url, isCacheable, maxWaitMs, controller, isRunning: false };
    this.#pendingRequests.add(pending);
    try {
      return await host.run(
        () => {
          pending.isRunning = true;
          return this.#fetchWithTimeout(pending);
        },
        { priority: options.priority ?? 0, signal: controller.signal },
      );
    } finally {
      this.#pendingRequests.delete(pending);
      options.signal?.removeEventListener('abort', cancel);
    }
  }

  /** Cancels running and queued requests. */
  stop(): void {
    this.#stopped = true;
    for (const { controller } of this.#pendingRequests) {
      controller.abort(new AppError('NOT_AVAILABLE', 'goldctl stopped fetching.'));
    }
    for (const host of this.#hosts.values()) host.clear();
  }

  #hostQueue(url: URL): HostQueue {
    const host = this.#hosts.get(url.host) ?? new HostQueue();
    this.#hosts.set(url.host, host);
    return host;
  }

  async #fetchWithTimeout(pending: PendingRequest): Promise<FetchedBody> {
    const { url, controller } = pending;
    const { timeoutMs } = this.#settings;
    const timer = setTimeout(() => {
      const duration = timeoutMs < 1000 ? `${timeoutMs} ms` : formatDuration(timeoutMs);
      const message = `${url.host} did not send a complete response within ${duration}; goldctl will try again.`;
      controller.abort(new AppError('NOT_AVAILABLE', message));
    }, timeoutMs);
    try {
      return await this.#followRedirects(pending);
    } catch (thrown) {
      if (controller.signal.aborted) throw controller.signal.reason;
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  async #followRedirects({ url, request, isCacheable, controller }: PendingRequest): Promise<FetchedBody> {
    let hop = this.#firstHop(url, request);
    let guard: RedirectGuard | undefined;
    // Only for GET: on a POST, a validator is a precondition for executing it.
    const name = isCacheable && hop.method === 'GET' ? url.href : undefined;
    const known = name === undefined ? undefined : this.#cache.get(name);
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(hop, known, controller.signal, guard);
      const location = response.headers.get('location');
      if (isRedirect(response.status) && location !== null) {
        discardBody(response);
        // A provider in an internal network may redirect within it: config.json names its address.
        if (redirects === 0 && !(await this.#settings.redirectGuard.isInternal(url))) {
          guard = this.#settings.redirectGuard;
        }
        hop = this.#nextHop(hop, response.status, location, redirects, guard);
        continue;
      }
      if (response.status === 304 && known) {
        discardBody(response);
        return { body: known.body, respondedAt: responseTime(response.headers) };
      }
      if (!response.ok) {
        discardBody(response);
        throw this.#responseError(url, hop.url, response);
      }
      // If a provider echoes the request, its secrets must not be shown, stored or logged.
      const body = maskRequestSecrets(await this.#readBody(hop.url, response), request);
      if (name !== undefined) this.#cacheBody(name, hop.url, response, body);
      return { body, respondedAt: responseTime(response.headers) };
    }
  }

  async #send(
    hop: RequestHop,
    known: CachedResponse | undefined,
    signal: AbortSignal,
    guard: RedirectGuard | undefined,
  ): Promise<Response> {
    const headers = new Headers(hop.headers);
    if (known?.url === hop.url.href) {
      if (known.etag !== null) headers.set('If-None-Match', known.etag);
      if (known.lastModified !== null) headers.set('If-Modified-Since', known.lastModified);
    }
    const { connect, maxBytes } = this.#settings;
    const { agent, proxy } = connect(hop.url, signal, guard?.lookup);
    try {
      return await fetch(hop.url, {
        method: hop.method,
        headers,
        body: hop.body,
        redirect: 'manual',
        size: maxBytes,
        agent,
        signal,
      });
    } catch (thrown) {
      throw networkError(hop.url.host, thrown, maxBytes, proxy);
    }
  }

  #firstHop(url: URL, request: ProviderRequest): RequestHop {
    const method = request.form ? 'POST' : (request.method ?? 'GET');
    let headers: Headers;
    try {
      headers = new Headers({ ...request.headers });
    } catch {
      // No cause: it would quote the value, which may be the key.
      throw new AppError('NOT_AVAILABLE', `A header for ${url.host} has invalid characters; check its key.`);
    }
    if (!headers.has('User-Agent')) headers.set('User-Agent', `goldctl/${this.#settings.version}`);
    return { url, method, headers, body: request.form ? new URLSearchParams({ ...request.form }) : null };
  }

  #nextHop(
    hop: RequestHop,
    status: number,
    location: string,
    redirects: number,
    guard: RedirectGuard | undefined,
  ): RequestHop {
    const from = hop.url.host;
    const redirectError = (why: string) =>
      new AppError('NOT_AVAILABLE', `${from} ${why}; check the provider's url in config.json.`);
    if (redirects >= this.#settings.maxRedirects)
      throw redirectError(`redirected more than ${this.#settings.maxRedirects} times`);
    if (!URL.canParse(location, hop.url.href)) throw redirectError('redirected to an invalid URL');
    const url = new URL(location, hop.url);
    if (hop.url.protocol === 'https:' && url.protocol !== 'https:') {
      throw redirectError('redirected from https to an unencrypted URL, which goldctl does not follow');
    }
    if (!isFetchable(url)) throw redirectError('redirected to a URL that goldctl does not fetch');
    if (guard?.isInternalLiteral(url))
      throw redirectError('redirected into an internal network, which goldctl does not follow');
    const pausedForMs = this.pausedForMs(url.href);
    if (pausedForMs > 0) throw hostPausedError(url, pausedForMs);

    const becomesGet = status === 303 || (hop.method === 'POST' && (status === 301 || status === 302));
    const isSameHost = url.host === from;
    if (hop.body && !becomesGet && !isSameHost)
      throw redirectError('redirected a form to another host, which goldctl does not follow');
    const headers = isSameHost ? hop.headers : new Headers();
    if (!isSameHost) {
      for (const name of CROSS_HOST_HEADERS) {
        const value = hop.headers.get(name);
        if (value !== null) headers.set(name, value);
      }
    }
    return becomesGet ? { url, method: 'GET', headers, body: null } : { ...hop, url, headers };
  }

  #responseError(requested: URL, final: URL, response: Response): AppError {
    const wait = retryAfterMs(response.headers.get('retry-after'), response.headers.get('date'), Date.now());
    if (wait !== undefined && wait > 0 && PAUSE_STATUSES.has(response.status)) {
      this.#pauseHost(requested.host, wait);
      this.#pauseHost(final.host, wait);
    }
    return httpError(final.host, response.status, wait);
  }

  /** Pauses a host and cancels its queued requests that may not wait that long. */
  #pauseHost(name: string, ms: number): void {
    const host = this.#hosts.get(name);
    host?.pauseFor(ms);
    for (const pending of this.#pendingRequests) {
      if (pending.host !== host || pending.isRunning || host.pausedForMs <= pending.maxWaitMs) continue;
      pending.controller.abort(hostPausedError(pending.url, host.pausedForMs));
    }
  }

  async #readBody(url: URL, response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (thrown) {
      discardBody(response);
      throw networkError(url.host, thrown, this.#settings.maxBytes);
    }
  }

  #cacheBody(name: string, url: URL, response: Response, body: string): void {
    const [etag, lastModified] = [response.headers.get('etag'), response.headers.get('last-modified')];
    if (response.status !== 200 || (etag === null && lastModified === null)) this.#cache.delete(name);
    else this.#cache.set(name, { url: url.href, etag, lastModified, body });
  }
}

function parseFetchUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && isFetchable(url)) return url;
  throw new AppError(
    'NOT_AVAILABLE',
    "goldctl cannot fetch the provider's url in config.json: only http and https URLs without a user name are supported.",
  );
}

function isFetchable(url: URL): boolean {
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '';
}

function hostPausedError(url: URL, ms: number): AppError {
  return new AppError(
    'NOT_AVAILABLE',
    `${url.host} asked clients to wait, and ${formatDuration(ms)} of that time is left; goldctl will try again then.`,
    { data: { retryAfterMs: Math.ceil(ms) } },
  );
}

function canceledError(url: URL): AppError {
  return new AppError('NOT_AVAILABLE', `The request to ${url.host} was canceled.`);
}

/** Headers whose values are not masked. */
const NON_SECRET_HEADERS = new Set([...CROSS_HOST_HEADERS, 'content-type', 'referer', 'origin', 'x-requested-with']);
/** Shorter values may occur in the body by chance. */
const MIN_SECRET_LENGTH = 8;

function maskRequestSecrets(body: string, { url, headers = {}, form = {} }: ProviderRequest): string {
  const values = [...new URL(url).searchParams, ...Object.entries(form)]
    .filter(([name]) => isSecretName(name))
    .map(([, value]) => value);
  for (const [name, value] of Object.entries(headers)) {
    if (!NON_SECRET_HEADERS.has(name.toLowerCase())) values.push(...value.split(/\s+/)); // some begin with `Bearer`
  }
  let text = body;
  for (const value of values) if (value.length >= MIN_SECRET_LENGTH) text = text.replaceAll(value, () => MASK);
  return text;
}

/** Drops an unread body and closes its connection. */
function discardBody(response: Response): void {
  (response.body as Readable | null)?.destroy();
}
