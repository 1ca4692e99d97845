import type { Readable } from 'node:stream';
import fetch, { Headers, isRedirect, type Response } from 'node-fetch';
import { Failure } from '../domain/failure.ts';
import { formatSpan, type Instant } from '../domain/instant.ts';
import { isSecretName, MASK } from '../domain/secrets.ts';
import { type Connect, connections } from './connections.ts';
import { answered, unanswered } from './fetch-failure.ts';
import { Host } from './host.ts';
import { respondedAt } from './http-date.ts';
import type { ProviderRequest } from './provider.ts';
import { RedirectGuard } from './redirect-guard.ts';
import { RememberedBodies, type RememberedBody } from './remembered.ts';
import { retryAfter } from './retry-after.ts';

export interface FetcherSettings {
  /** goldctl's own, for the User-Agent of requests that set none. */
  readonly version: string;
  /** Over the whole exchange from the connection to the last byte, redirects included. Default 10 s. */
  readonly timeoutMs?: number;
  /** Of one body, after decompression. Default 5 MiB. */
  readonly maxBytes?: number;
  /** Default 3. */
  readonly maxRedirects?: number;
  /** Requests that may wait for one host; more are refused. Default 100. */
  readonly maxWaiting?: number;
  /** How requests are connected, where the environment's proxies and the system's certificates do not fit. */
  readonly connect?: Connect;
  /** Where redirects may not lead. */
  readonly redirectGuard?: RedirectGuard;
}

export interface FetchOptions {
  /** Higher goes first among those that wait for a host. Default 0. */
  readonly priority?: number;
  /** The least time between two requests to the host, in milliseconds; the largest that anybody gave holds. */
  readonly spacing?: number;
  /** Keep the body for a conditional request next time. Default true; false for what is asked for only once. */
  readonly remember?: boolean;
  /** The longest pause of the host to wait through, in milliseconds; a longer one fails at once. Default: any. */
  readonly patience?: number;
  /** Calls the request off. */
  readonly signal?: AbortSignal;
}

/** Where a host that is not the one that was asked may be told to go: nothing in these can be a secret. */
const HARMLESS_HEADERS = ['accept', 'accept-language', 'user-agent'];
/** Answers whose Retry-After speaks for the whole host. */
const HOLDING = new Set([418, 429, 503]);

/** A request that waits or runs. */
interface Call {
  readonly host: Host;
  readonly url: URL;
  readonly patience: number;
  readonly controller: AbortController;
  running: boolean;
}

/** The body of a response, and when its server made it or confirmed it. */
export interface FetchedBody {
  readonly body: string;
  /** By the server's clock; undefined where it does not say. */
  readonly respondedAt: Instant | undefined;
}

interface Hop {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Headers;
  readonly body: URLSearchParams | null;
}

/**
 * Fetches bodies over HTTP without being a burden to anybody: one queue a host, bounds on time, size and
 * redirects, conditional requests, and Retry-After for the whole host.
 */
export class Fetcher {
  readonly #settings: Required<FetcherSettings>;
  readonly #hosts = new Map<string, Host>();
  readonly #bodies = new RememberedBodies();
  readonly #calls = new Set<Call>();
  #stopped = false;

  constructor(settings: FetcherSettings) {
    this.#settings = {
      timeoutMs: 10_000,
      maxBytes: 5 * 1024 * 1024,
      maxRedirects: 3,
      maxWaiting: 100,
      connect: connections(),
      redirectGuard: new RedirectGuard(),
      ...settings,
    };
  }

  /** Says before the first request how far apart those to the URL's host have to be, in milliseconds. */
  space(url: string, spacing: number): void {
    if (URL.canParse(url)) this.#host(new URL(url)).space(spacing); // what is wrong with it, the fetch says
  }

  /** Milliseconds until the URL's host may be asked again, 0 when it may be at once. */
  heldFor(url: string): number {
    return URL.canParse(url) ? (this.#hosts.get(new URL(url).host)?.heldFor ?? 0) : 0;
  }

  /**
   * The body of a successful response; of a 304, the body that it confirms, with the time of the 304.
   * @throws Failure NOT_AVAILABLE; data has `status` and `retryAfterMs` when the host said them
   */
  async fetch(request: ProviderRequest, options: FetchOptions = {}): Promise<FetchedBody> {
    const url = parse(request.url);
    if (this.#stopped || options.signal?.aborted) throw calledOff(url);
    const host = this.#host(url);
    host.space(options.spacing ?? 0);
    if (host.waiting >= this.#settings.maxWaiting) {
      throw new Failure(
        'NOT_AVAILABLE',
        `${host.waiting} requests wait for ${url.host} already; this one was not added. Ask its providers less often.`,
      );
    }
    const { patience = Number.POSITIVE_INFINITY } = options;
    if (host.heldFor > patience) throw pausing(url, host.heldFor);
    const controller = new AbortController();
    const callOff = () => controller.abort(calledOff(url));
    options.signal?.addEventListener('abort', callOff, { once: true });
    const call: Call = { host, url, patience, controller, running: false };
    this.#calls.add(call);
    try {
      return await host.run(
        () => {
          call.running = true;
          return this.#timed(url, request, options.remember ?? true, controller);
        },
        { priority: options.priority ?? 0, signal: controller.signal },
      );
    } finally {
      this.#calls.delete(call);
      options.signal?.removeEventListener('abort', callOff);
    }
  }

  /** Calls off what runs and what waits. */
  stop(): void {
    this.#stopped = true;
    for (const { controller } of this.#calls) {
      controller.abort(new Failure('NOT_AVAILABLE', 'goldctl stopped fetching.'));
    }
    for (const host of this.#hosts.values()) host.clear();
  }

  #host(url: URL): Host {
    const host = this.#hosts.get(url.host) ?? new Host();
    this.#hosts.set(url.host, host);
    return host;
  }

  async #timed(
    url: URL,
    request: ProviderRequest,
    remember: boolean,
    controller: AbortController,
  ): Promise<FetchedBody> {
    const { timeoutMs } = this.#settings;
    const timer = setTimeout(() => {
      const span = timeoutMs < 1000 ? `${timeoutMs} ms` : formatSpan(timeoutMs);
      controller.abort(
        new Failure('NOT_AVAILABLE', `${url.host} did not answer in full within ${span}; goldctl tries again.`),
      );
    }, timeoutMs);
    try {
      return await this.#exchange(url, request, remember, controller.signal);
    } catch (thrown) {
      if (controller.signal.aborted) throw controller.signal.reason;
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  async #exchange(url: URL, request: ProviderRequest, remember: boolean, signal: AbortSignal): Promise<FetchedBody> {
    let hop = this.#firstHop(url, request);
    let guard: RedirectGuard | undefined;
    // Only of GET: a validator on a POST is a condition for carrying it out, not a question whether anything is new.
    const name = remember && hop.method === 'GET' ? url.href : undefined;
    const known = name === undefined ? undefined : this.#bodies.get(name);
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(hop, known, signal, guard);
      const location = response.headers.get('location');
      if (isRedirect(response.status) && location !== null) {
        discard(response);
        // A source of an internal network may redirect within it: config.json has its address.
        if (redirects === 0 && !(await this.#settings.redirectGuard.isInternal(url))) {
          guard = this.#settings.redirectGuard;
        }
        hop = this.#nextHop(hop, response.status, location, redirects, guard);
        continue;
      }
      if (response.status === 304 && known) {
        discard(response);
        return { body: known.body, respondedAt: respondedAt(response.headers) };
      }
      if (!response.ok) {
        discard(response);
        throw this.#refused(url, hop.url, response);
      }
      // A source that repeats what it was asked with must not have it shown, stored or logged.
      const body = withoutSecrets(await this.#read(hop.url, response), request);
      if (name !== undefined) this.#remember(name, hop.url, response, body);
      return { body, respondedAt: respondedAt(response.headers) };
    }
  }

  async #send(
    hop: Hop,
    known: RememberedBody | undefined,
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
      throw unanswered(hop.url.host, thrown, maxBytes, proxy);
    }
  }

  #firstHop(url: URL, request: ProviderRequest): Hop {
    const method = request.form ? 'POST' : (request.method ?? 'GET');
    let headers: Headers;
    try {
      headers = new Headers({ ...request.headers });
    } catch {
      // The cause would quote the value, which may be the key.
      throw new Failure('NOT_AVAILABLE', `A header for ${url.host} has characters that HTTP forbids; check its key.`);
    }
    if (!headers.has('User-Agent')) headers.set('User-Agent', `goldctl/${this.#settings.version}`);
    return { url, method, headers, body: request.form ? new URLSearchParams({ ...request.form }) : null };
  }

  #nextHop(hop: Hop, status: number, location: string, redirects: number, guard: RedirectGuard | undefined): Hop {
    const from = hop.url.host;
    const no = (why: string) =>
      new Failure('NOT_AVAILABLE', `${from} ${why}; check the provider's url in config.json.`);
    if (redirects >= this.#settings.maxRedirects) throw no(`redirected more than ${this.#settings.maxRedirects} times`);
    if (!URL.canParse(location, hop.url.href)) throw no('redirected to an address that is none');
    const url = new URL(location, hop.url);
    if (hop.url.protocol === 'https:' && url.protocol !== 'https:') {
      throw no('redirected from https to an address without encryption, which goldctl does not follow');
    }
    if (!fetchable(url)) throw no('redirected to an address that goldctl does not fetch');
    if (guard?.isInternalLiteral(url)) throw no('redirected into an internal network, which goldctl does not follow');
    const held = this.heldFor(url.href);
    if (held > 0) throw pausing(url, held);

    const becomesGet = status === 303 || (hop.method === 'POST' && (status === 301 || status === 302));
    const sameHost = url.host === from;
    if (hop.body && !becomesGet && !sameHost)
      throw no('redirected a form to another host, which goldctl does not follow');
    const headers = sameHost ? hop.headers : new Headers();
    if (!sameHost) {
      for (const name of HARMLESS_HEADERS) {
        const value = hop.headers.get(name);
        if (value !== null) headers.set(name, value);
      }
    }
    return becomesGet ? { url, method: 'GET', headers, body: null } : { ...hop, url, headers };
  }

  #refused(asked: URL, at: URL, response: Response): Failure {
    const wait = retryAfter(response.headers.get('retry-after'), response.headers.get('date'), Date.now());
    if (wait !== undefined && wait > 0 && HOLDING.has(response.status)) {
      this.#hold(asked.host, wait);
      this.#hold(at.host, wait);
    }
    return answered(at.host, response.status, wait);
  }

  /** Holds a host that has a queue, and lets those in it go that have no patience for so long. */
  #hold(name: string, ms: number): void {
    const host = this.#hosts.get(name);
    host?.hold(ms);
    for (const call of this.#calls) {
      if (call.host !== host || call.running || host.heldFor <= call.patience) continue;
      call.controller.abort(pausing(call.url, host.heldFor));
    }
  }

  async #read(url: URL, response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (thrown) {
      discard(response);
      throw unanswered(url.host, thrown, this.#settings.maxBytes);
    }
  }

  #remember(name: string, url: URL, response: Response, body: string): void {
    const [etag, lastModified] = [response.headers.get('etag'), response.headers.get('last-modified')];
    if (response.status !== 200 || (etag === null && lastModified === null)) this.#bodies.delete(name);
    else this.#bodies.set(name, { url: url.href, etag, lastModified, body });
  }
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && fetchable(url)) return url;
  throw new Failure(
    'NOT_AVAILABLE',
    "The provider's url in config.json is not one that goldctl fetches: it takes http and https without a user name.",
  );
}

function fetchable(url: URL): boolean {
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '';
}

function pausing(url: URL, ms: number): Failure {
  return new Failure(
    'NOT_AVAILABLE',
    `${url.host} asked for a pause and ${formatSpan(ms)} of it is left; goldctl asks again then.`,
    { data: { retryAfterMs: Math.ceil(ms) } },
  );
}

function calledOff(url: URL): Failure {
  return new Failure('NOT_AVAILABLE', `The request to ${url.host} was called off.`);
}

/** Headers that every request may have. */
const OPEN_HEADERS = new Set([...HARMLESS_HEADERS, 'content-type', 'referer', 'origin', 'x-requested-with']);
/** A shorter one may be a word of the body's own. */
const MIN_SECRET_LENGTH = 8;

function withoutSecrets(body: string, { url, headers = {}, form = {} }: ProviderRequest): string {
  const values = [...new URL(url).searchParams, ...Object.entries(form)]
    .filter(([name]) => isSecretName(name))
    .map(([, value]) => value);
  for (const [name, value] of Object.entries(headers)) {
    if (!OPEN_HEADERS.has(name.toLowerCase())) values.push(...value.split(/\s+/)); // `Bearer` stands before some
  }
  let text = body;
  for (const value of values) if (value.length >= MIN_SECRET_LENGTH) text = text.replaceAll(value, () => MASK);
  return text;
}

/** Lets go of a body that nobody reads, and of its connection. */
function discard(response: Response): void {
  (response.body as Readable | null)?.destroy();
}
