import { connect, type Socket } from 'node:net';

/** The error of a call. */
export class Refused extends Error {
  readonly code: number;

  constructor(method: string, { code, message }: { code: number; message: string }) {
    super(`${method}: ${code} ${message}`);
    this.code = code;
  }
}

interface Waiting {
  readonly method: string;
  resolve(result: never): void;
  reject(error: Error): void;
}

/** A connection for many calls over a long time: replies go to their callers, and nothing is stored. */
export class Caller {
  readonly socket: Socket;
  /** Called for every event. */
  onEvent: (name: string, params: unknown) => void = () => {};
  closed = false;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #rest = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      for (const { reject } of this.#waiting.values()) reject(new Error('the connection closed'));
      this.#waiting.clear();
    });
  }

  /** @param to `host:port` in clear text, or a path */
  static async to(to: string): Promise<Caller> {
    const at = to.lastIndexOf(':');
    const socket = to.startsWith('/') ? connect(to) : connect(Number(to.slice(at + 1)), to.slice(0, at));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve();
      });
    });
    const caller = new Caller(socket);
    await caller.call('hello', { protocol: 1, client: 'faults' });
    return caller;
  }

  /** @throws Refused, or Error if the connection ends first */
  call<T>(method: string, params: object = {}): Promise<T> {
    if (this.closed) return Promise.reject(new Error('the connection closed'));
    const id = ++this.#id;
    this.socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return new Promise<T>((resolve, reject) =>
      this.#waiting.set(id, { method, resolve: resolve as Waiting['resolve'], reject }),
    );
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const { id, method, params, result, error } = JSON.parse(line);
      if (method === 'ping') this.socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: {} })}\n`);
      else if (method !== undefined) this.onEvent(method, params);
      else {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error) waiting?.reject(new Refused(waiting.method, error));
        else waiting?.resolve(result as never);
      }
    }
  }
}
