import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { encodeResult, LineDecoder, parseRpcMessage, type RpcMessage } from '../../src/protocol/jsonrpc.ts';

export const HELLO = {
  protocol: 1,
  server: 'goldctl/0.1.0',
  name: null,
  seq: 7,
  now: 1_700_000_000_000,
  limits: { lineBytes: 65_536, postCharacters: 4096, callsPerSecond: 20, callsBurst: 60 },
};

/** Replies to one line: text to write, or nothing. */
export type Answer = (line: RpcMessage, socket: Socket) => string | undefined;

/** A server for client tests: a real socket with lines; the test answers every method except `hello`. */
export class Listener {
  readonly lines: RpcMessage[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(answer: Answer = () => undefined, tls?: TlsOptions) {
    const serve = (socket: Socket) => {
      this.sockets.add(socket);
      const splitter = new LineDecoder(1 << 20);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (chunk: Buffer) => {
        for (const text of splitter.push(chunk)) {
          const line = parseRpcMessage(text);
          this.lines.push(line);
          const reply = answer(line, socket) ?? (line.method === 'hello' ? result(line, HELLO) : undefined);
          if (reply !== undefined && reply !== '') socket.write(reply);
        }
      });
    };
    this.#server = tls ? createTlsServer(tls, serve) : createServer(serve);
    this.#server.on('tlsClientError', () => {});
  }

  /** @param at a path, or a port of loopback; by default a free port @returns the port, 0 for a path */
  listen(at: string | number = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      const ready = () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      };
      if (typeof at === 'number') this.#server.listen(at, '127.0.0.1', ready);
      else this.#server.listen(at, ready);
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function result(line: RpcMessage, value: unknown): string {
  return encodeResult(line.id ?? null, JSON.stringify(value));
}

export function failure(line: RpcMessage, code: number, message: string, data?: unknown): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id: line.id ?? null, error: { code, message, data } })}\n`;
}
