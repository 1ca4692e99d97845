import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopback } from '../address.ts';
import { Failure } from '../domain/failure.ts';

/** What a monitor tells. */
export interface Monitored {
  /** Why the daemon does not do what it is there for; undefined while it does. */
  readonly trouble: () => string | undefined;
  /** Undefined while there is nothing to measure. */
  readonly metrics: () => { readonly contentType: string; text(): Promise<string> } | undefined;
}

const HOST = '127.0.0.1';
const REQUEST_MS = 5000;
const CONNECTIONS = 16;

/**
 * HTTP on loopback for whoever looks after the daemon: `/healthz` and `/metrics`. It has no sign-in, so it tells
 * nothing but figures.
 */
export class Monitor {
  readonly #port: number;
  readonly #server: Server;

  constructor(port: number, monitored: Monitored) {
    this.#port = port;
    this.#server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
      answer(request, monitored).then(
        ({ status, type = 'text/plain; charset=utf-8', text }) => {
          response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
          response.end(request.method === 'HEAD' ? '' : text);
        },
        () => failed(response),
      );
    });
    this.#server.maxConnections = CONNECTIONS;
  }

  /** `host:port`, the port as it came out where 0 was asked. */
  get address(): string {
    const { port } = (this.#server.address() as AddressInfo | null) ?? { port: this.#port };
    return `${HOST}:${port}`;
  }

  get open(): boolean {
    return this.#server.listening;
  }

  /** @throws Failure PORT_TAKEN */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(
          new Failure(
            'PORT_TAKEN',
            `Port ${this.#port} of ${HOST} (--metrics-port) cannot be opened: ${cause.message}.`,
            { cause },
          ),
        ),
      );
      this.#server.listen({ host: HOST, port: this.#port }, resolve);
    });
    this.#server.unref(); // it looks on; what it looks at keeps the process
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
}

async function answer({ method, url = '', headers }: IncomingMessage, monitored: Monitored): Promise<Answer> {
  // A web page in a browser of this machine may have any name mean this address: that name is what it asks for.
  if (!isLoopback(hostOf(headers.host ?? ''))) return { status: 403, text: 'Ask for 127.0.0.1 or localhost.\n' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'GET and HEAD are what there is.\n' };
  const trouble = monitored.trouble();
  const metrics = monitored.metrics();
  switch (url.split('?', 1)[0]) {
    case '/healthz':
      return trouble === undefined ? { status: 200, text: 'ok\n' } : { status: 503, text: `${trouble}\n` };
    case '/metrics':
      if (!metrics) return { status: 503, text: `${trouble}\n` };
      return { status: 200, type: metrics.contentType, text: await metrics.text() };
    default:
      return { status: 404, text: 'There is /healthz and /metrics.\n' };
  }
}

/** The host of a Host header, without its port. */
function hostOf(header: string): string {
  return header.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}

function failed(response: ServerResponse): void {
  response.writeHead(500).end('The figures could not be collected.\n');
}
