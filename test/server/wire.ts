import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Answer {
  readonly jsonrpc: string;
  readonly id?: unknown;
  readonly method?: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any reply
  readonly params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any reply
  readonly result?: any;
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any reply
  readonly error?: { code: number; message: string; data: any };
}

export interface WireOptions {
  readonly tls?: boolean;
  readonly from?: string;
}

/** A raw client: sends bytes, keeps received lines. */
export class Wire {
  readonly socket: Socket;
  readonly lines: Answer[] = [];
  #rest = '';
  #id = 0;
  #wake: (() => void)[] = [];
  closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.lines.push(JSON.parse(line) as Answer);
      this.#stir();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#stir();
    });
  }

  /**
   * @param address `host:port`
   * @param options.from the local address
   */
  static async open(address: string, { tls = false, from }: WireOptions = {}): Promise<Wire> {
    const at = address.lastIndexOf(':');
    const [host, port] = [address.slice(0, at), Number(address.slice(at + 1))];
    const to = { host, port, ...(from === undefined ? {} : { localAddress: from }) };
    const socket = tls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    await once(socket, tls ? 'secureConnect' : 'connect');
    return new Wire(socket);
  }

  /** On a connected socket. */
  static async over(socket: Socket): Promise<Wire> {
    if (socket.connecting) await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Connects and sends hello. */
  static async greet(address: string, options?: WireOptions): Promise<Wire> {
    const wire = await Wire.open(address, options);
    await wire.call('hello', { protocol: 1, client: 'test' });
    return wire;
  }

  /** Connects as the member of that name, signed up or in. */
  static async member(address: string, name: string, password = 'secret'): Promise<Wire> {
    const wire = await Wire.greet(address);
    const up = await wire.call('account.signUp', { name, password });
    if (up.error?.code === 404) await wire.call('account.signIn', { name, password });
    return wire;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  async call(method: string, params: unknown = {}): Promise<Answer> {
    const id = ++this.#id;
    this.send(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return await this.wait((answer) => answer.id === id && answer.method === undefined);
  }

  /** Returns the result; an error fails the test with its message. */
  // biome-ignore lint/suspicious/noExplicitAny: tests inspect any reply
  async result(method: string, params?: unknown): Promise<any> {
    const answer = await this.call(method, params);
    if (answer.error) throw new Error(`${method}: ${answer.error.code} ${answer.error.message}`);
    return answer.result;
  }

  /** The first line that matches, received or to come. */
  async wait(fits: (answer: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const found = this.lines.find(fits);
      if (found) return found;
      if (this.closed) throw new Error(`the connection closed; last lines: ${JSON.stringify(this.lines.slice(-3))}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  async event(method: string): Promise<Answer> {
    return await this.wait((answer) => answer.method === method);
  }

  async ended(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  close(): void {
    this.socket.destroy();
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
