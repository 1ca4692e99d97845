import { createServer, type Server, type Socket } from 'node:net';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Log } from '../rates/log.ts';
import { sum } from '../room/sum.ts';
import type { Limits } from './limits.ts';

/** The longest first object that is waited for, in bytes. */
const OBJECT_BYTES = 4096;

/**
 * The sum seed's listener: one JSON object in, one out, close. A number out of 1-100 ends the listener (never the
 * daemon), as it ended the original.
 */
export class SumListener {
  readonly #options: { host: string; port: number; serverName: string; limits: Limits; log: Log };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: 'open' | 'terminated' | 'closed' = 'closed';
  #port: number;

  constructor(options: { host: string; port: number; serverName: string; limits: Limits; log: Log }) {
    this.#options = options;
    this.#port = options.port;
    this.#server = createServer((socket) => this.#arrived(socket));
    this.#server.maxConnections = options.limits.connectionsPerAddress;
  }

  get state(): string {
    return this.#state;
  }

  get port(): number {
    return this.#port;
  }

  /** @throws Failure PORT_TAKEN */
  async start(): Promise<void> {
    const { host, port, log, serverName } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(
          new Failure('PORT_TAKEN', `Port ${port} of ${host} (--sum-port) cannot be opened: ${cause.message}.`, {
            cause,
          }),
        ),
      );
      this.#server.listen({ host, port }, resolve);
    });
    const address = this.#server.address();
    if (typeof address === 'object' && address) this.#port = address.port;
    this.#state = 'open';
    log.info({ event: 'sum.start' }, `${serverName} Server started and listening on ${host}:${this.#port}`);
  }

  async stop(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed';
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #arrived(socket: Socket): void {
    const { log, limits } = this.#options;
    let text = '';
    this.#sockets.add(socket);
    log.debug({ event: 'sum' }, `Connection accepted from ('${socket.remoteAddress}', ${socket.remotePort})`);
    socket.setEncoding('utf8').setTimeout(limits.helloMs, () => socket.destroy());
    socket.on('error', (error) => log.debug({ event: 'sum', error: error.message }, 'Client connection failed'));
    socket.on('close', () => {
      this.#sockets.delete(socket);
      log.debug({ event: 'sum' }, 'Client connection closed');
    });
    socket.on('data', (chunk: string) => {
      if (socket.writableEnded) return;
      text += chunk;
      const request = parse(text);
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
    socket.end(JSON.stringify({ server_name: serverName, server_number: answer.number, sum: answer.sum }));
  }
}

interface SumRequest {
  readonly client_name: string;
  readonly client_number: number;
}

/** The request; undefined while it is not whole, null when it never will be one. */
function parse(text: string): SumRequest | undefined | null {
  if (!/^\s*(\{|$)/.test(text)) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { client_name: name, client_number: number } = value as Partial<SumRequest>;
  return typeof name === 'string' && typeof number === 'number' ? { client_name: name, client_number: number } : null;
}
