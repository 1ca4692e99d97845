import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One received request. */
export interface Asked {
  readonly provider: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly form: URLSearchParams;
}

/** A body, a response with a status, or `hang up`: the connection ends without a response. */
export type Served = string | { readonly status: number; readonly body: string } | 'hang up';

/**
 * The servers of providers: a real HTTP server on loopback, with one port per provider, because goldctl limits requests
 * per host to the rate of its slowest provider. Bodies have an ETag, which is honoured.
 */
export class ProviderHosts {
  readonly asked: Asked[] = [];
  /** What each provider answers. */
  readonly answers = new Map<string, (asked: Asked) => Served>();
  readonly #servers = new Map<string, Server>();

  async start(providers: Iterable<string>): Promise<void> {
    for (const provider of providers) {
      const server = createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const asked: Asked = {
          provider,
          path: request.url ?? '',
          headers: request.headers,
          form: new URLSearchParams(Buffer.concat(chunks).toString()),
        };
        this.asked.push(asked);
        const served = this.answers.get(provider)?.(asked) ?? { status: 404, body: 'not found' };
        if (served === 'hang up') {
          response.destroy();
          return;
        }
        const { status, body } = typeof served === 'string' ? { status: 200, body: served } : served;
        const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
        const known = status === 200 && request.headers['if-none-match'] === etag;
        response.writeHead(known ? 304 : status, status === 200 ? { etag } : {});
        response.end(known ? undefined : body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      this.#servers.set(provider, server);
    }
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  url(provider: string): string {
    return `http://127.0.0.1:${(this.#servers.get(provider)!.address() as AddressInfo).port}`;
  }

  /** Serves one body for every request to the provider. */
  serve(provider: string, served: Served | ((asked: Asked) => Served)): void {
    this.answers.set(provider, typeof served === 'function' ? served : () => served);
  }

  askedOf(provider: string): Asked[] {
    return this.asked.filter((asked) => asked.provider === provider);
  }
}
