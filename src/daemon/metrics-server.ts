import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopback } from '../domain/address.ts';
import { listenError } from '../domain/listen-error.ts';

export interface MetricsSource {
  /** Why the daemon does not work; undefined if it does. */
  readonly unavailableReason: () => string | undefined;
  /** Undefined while there are no metrics yet. */
  readonly metrics: () => { readonly contentType: string; text(): Promise<string> } | undefined;
}

const METRICS_HOST = '127.0.0.1';
const REQUEST_TIMEOUT_MS = 5000;
const MAX_CONNECTIONS = 16;

/** Serves `/healthz` and `/metrics` on loopback. It has no authentication, so it exposes only metrics. */
export class MetricsServer {
  readonly #port: number;
  readonly #server: Server;

  constructor(port: number, monitored: MetricsSource) {
    this.#port = port;
    this.#server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
      (request, response) => {
        handleRequest(request, monitored).then(
          ({ status, type = 'text/plain; charset=utf-8', text }) => {
            response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
            response.end(request.method === 'HEAD' ? '' : text);
          },
          () => sendServerError(response),
        );
      },
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** `host:port`, with the actual port if 0 was requested. */
  get address(): string {
    const { port } = (this.#server.address() as AddressInfo | null) ?? { port: this.#port };
    return `${METRICS_HOST}:${port}`;
  }

  get isOpen(): boolean {
    return this.#server.listening;
  }

  /** @throws AppError PORT_TAKEN */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(
          listenError(cause, {
            protocol: 'TCP',
            host: METRICS_HOST,
            port: this.#port,
            fix: 'Choose another with --metrics-port.',
          }),
        ),
      );
      this.#server.listen({ host: METRICS_HOST, port: this.#port }, resolve);
    });
    this.#server.unref(); // monitoring alone must not keep the process alive
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

interface HttpReply {
  readonly status: number;
  readonly type?: string;
  readonly text: string;
}

async function handleRequest(
  { method, url = '', headers }: IncomingMessage,
  monitored: MetricsSource,
): Promise<HttpReply> {
  // DNS rebinding: a web page may resolve its own name to this address, so check the requested host.
  if (!isLoopback(hostnameOf(headers.host ?? '')))
    return { status: 403, text: 'Forbidden. Use 127.0.0.1 or localhost as the host.\n' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'Method not allowed. Use GET or HEAD.\n' };
  const trouble = monitored.unavailableReason();
  const metrics = monitored.metrics();
  switch (url.split('?', 1)[0]) {
    case '/healthz':
      return trouble === undefined ? { status: 200, text: 'ok\n' } : { status: 503, text: `${trouble}\n` };
    case '/metrics':
      if (!metrics) return { status: 503, text: `${trouble}\n` };
      return { status: 200, type: metrics.contentType, text: await metrics.text() };
    default:
      return { status: 404, text: 'Not found. Use /healthz or /metrics.\n' };
  }
}

function hostnameOf(header: string): string {
  return header.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}

function sendServerError(response: ServerResponse): void {
  response.writeHead(500).end('The metrics could not be collected.\n');
}
