import { createServer, isIP, type Server, type Socket } from 'node:net';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Log } from '../rates/log.ts';
import { sum } from '../room/sum.ts';
import type { Limits } from './limits.ts';

interface SumOptions {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  readonly limits: Limits;
  readonly log: Log;
  /** Whether an address is kept out. */
  readonly isBanned: (address: string) => boolean;
}

/** The longest first object that is waited for, in bytes. */
const OBJECT_BYTES = 4096;

/**
 * The sum seed's listener: one JSON object in, one out, close. A number out of 1-100 ends the listener (never the
 * daemon), as it ended the original.
 */
export class SumListener {
  readonly #options: SumOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: 'open' | 'terminated' | 'closed' = 'closed';
  #port: number;

  constructor(options: SumOptions) {
    this.#options = options;
    this.#port = options.port;
    this.#server = createServer((socket) => this.#arrived(socket));
    this.#server.maxConnections = options.limits.connectionsPerAddress;
  }

  get state(): string {
    return this.#state;
  }

  /** `host:port`, the port as it came out where 0 was asked. */
  get address(): string {
    const { host } = this.#options;
    return `${isIP(host) === 6 ? `[${host}]` : host}:${this.#port}`;
  }

  /** @throws Failure PORT_TAKEN */
  async start(): Promise<void> {
    const { host, port, log, serverName } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: Error) =>
        reject(
          new Failure('PORT_TAKEN', `Port ${port} of ${host} (--sum-port) cannot be opened: ${cause.message}.`, {
            cause,
          }),
        );
      this.#server.once('error', failed);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
    this.#server.on('error', (error) => log.error({ event: 'sum', err: error }, 'the sum listener failed'));
    const address = this.#server.address();
    if (typeof address === 'object' && address) this.#port = address.port;
    this.#state = 'open';
    log.info({ event: 'sum.start' }, `${serverName} Server started and listening on ${this.address}`);
  }

  async stop(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed';
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #arrived(socket: Socket): void {
    const { log, limits, isBanned } = this.#options;
    if (isBanned(socket.remoteAddress ?? '')) {
      socket.destroy();
      return;
    }
    let text = '';
    this.#sockets.add(socket);
    log.debug({ event: 'sum' }, `Connection accepted from ('${socket.remoteAddress}', ${socket.remotePort})`);
    // For all of it, not for its next byte: who drips must not keep others out.
    const slow = setTimeout(() => socket.destroy(), limits.helloMs);
    socket.setEncoding('utf8');
    socket.on('error', (error) => log.debug({ event: 'sum', error: error.message }, 'Client connection failed'));
    socket.on('close', () => {
      clearTimeout(slow);
      this.#sockets.delete(socket);
      log.debug({ event: 'sum' }, 'Client connection closed');
    });
    socket.on('data', (chunk: string) => {
      if (socket.writableEnded) return;
      text += chunk;
      const request = parseSumRequest(text);
      if (request) this.#answer(socket, request);
      else if (text.length > OBJECT_BYTES || request === null) socket.destroy();
    });
  }

  #answer(socket: Socket, { client_name: client, client_number: number }: SumRequest): void {
    const { serverName, log } = this.#options;
    const name = plain(client).slice(0, 128);
    let answer: { number: number; sum: number };
    try {
      answer = sum(number);
    } catch {
      log.warn({ event: 'sum', client: name }, `Client int out of range: ${number}. Terminating the server.`);
      socket.destroy();
      this.#state = 'terminated';
      void this.stop();
      return;
    }
    log.info({ event: 'sum' }, `Client Name: ${name} | Server Name: ${serverName}`);
    log.info({ event: 'sum' }, `Client Number: ${number} | Server Number: ${answer.number} | Sum: ${answer.sum}`);
    // Spaced as Python's json.dumps spaces it, whose users compare bytes.
    socket.end(
      `{"server_name": ${JSON.stringify(serverName)}, "server_number": ${answer.number}, "sum": ${answer.sum}}`,
    );
  }
}

interface SumRequest {
  readonly client_name: string;
  readonly client_number: number;
}

/** The request; undefined while it is not whole, null when it never will be one. What follows the object is not read. */
export function parseSumRequest(text: string): SumRequest | undefined | null {
  if (!/^\s*(\{|$)/.test(text)) return null;
  const object = firstObject(text);
  if (object === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(object);
  } catch {
    return null;
  }
  const { client_name: name, client_number: number } = value as Partial<SumRequest>;
  return typeof name === 'string' && typeof number === 'number' ? { client_name: name, client_number: number } : null;
}

/** The text of the object that a text begins with, up to the brace that closes it; undefined while there is none. */
function firstObject(text: string): string | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*(?:"|\\?$)|[{}]/gs)) {
    if (token === '{') depth++;
    else if (token === '}' && --depth === 0) return text.slice(0, index + 1);
  }
  return undefined;
}
