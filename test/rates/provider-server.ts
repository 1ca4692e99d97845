import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../src/domain/app-error.ts';
import type { DatedNewQuote, NewQuote } from '../../src/domain/quote.ts';
import type { EpochMs } from '../../src/domain/time.ts';
import type { Provider, ProviderContext, ProviderRequest } from '../../src/rates/provider.ts';
import { contextAt } from './context.ts';

/** A received request. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The body of a form. */
  readonly form: URLSearchParams;
}

/** A body, a response with a status, or a function that makes one of the request. */
export type Served = Answer | ((asked: Asked) => Answer);
export type Answer = string | { readonly status: number; readonly body: string };

/** A real HTTP server on loopback with fixed bodies: by path and query, else by path; others are 404. */
export class ProviderServer {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  #bodies: Readonly<Record<string, Served>> = {};

  constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const asked: Asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        form: new URLSearchParams(Buffer.concat(chunks).toString()),
      };
      this.asked.push(asked);
      const served = this.#bodies[asked.path] ?? this.#bodies[asked.path.split('?')[0] ?? ''];
      const answer = (typeof served === 'function' ? served(asked) : served) ?? { status: 404, body: 'not found' };
      const { status, body } = typeof answer === 'string' ? { status: 200, body: answer } : answer;
      response.statusCode = status;
      response.end(body);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Serves these bodies from now on, and forgets received requests. */
  serve(bodies: Readonly<Record<string, Served>>): void {
    this.#bodies = bodies;
    this.asked.length = 0;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The context of a provider whose config.json names this server. */
  context(now: EpochMs, key?: string): ProviderContext {
    return contextAt(now, { url: this.url, key, fetch: fetchBody });
  }

  /** Every quote of one poll: all requests of the provider, fetched and parsed in order. */
  async quotes(provider: Provider, now: EpochMs, key?: string): Promise<NewQuote[]> {
    const context = this.context(now, key);
    const quotes: NewQuote[] = [];
    for (const [index, request] of (await provider.requests(context)).entries()) {
      quotes.push(...provider.parse(await fetchBody(request), context, index));
    }
    return quotes;
  }

  /** The quotes of all history pages, without empty pages. */
  async history(
    provider: Provider,
    now: EpochMs,
    from: EpochMs,
    to: EpochMs,
    key?: string,
  ): Promise<DatedNewQuote[][]> {
    const chunks: DatedNewQuote[][] = [];
    for (const page of provider.backfill!(this.context(now, key), from, to)) {
      const quotes = await page.read();
      if (quotes.length > 0) chunks.push(quotes);
    }
    return chunks;
  }
}

async function fetchBody({ url, method, headers, form }: ProviderRequest): Promise<string> {
  const response = await fetch(url, {
    method: method ?? 'GET',
    ...(headers ? { headers } : {}),
    ...(form ? { body: new URLSearchParams(form) } : {}),
  });
  if (!response.ok) {
    const { status } = response;
    throw new AppError('NOT_AVAILABLE', `HTTP ${status} of ${url}`, { data: { status } });
  }
  return Buffer.from(await response.arrayBuffer()).toString(); // text() would remove a byte order mark
}
