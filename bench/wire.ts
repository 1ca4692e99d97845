import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** The protocol for preparing a daemon: sequential calls on the control socket or in clear text. */
export class Wire {
  readonly #socket: Socket;
  readonly #waiting: ((line: string) => void)[] = [];
  #rest = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.#waiting.shift()?.(line);
    });
  }

  static async to(address: string | number): Promise<Wire> {
    const socket = typeof address === 'string' ? connect(address) : connect(address, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Wire(socket);
  }

  /** Like a remote member. */
  static async toTls(port: number): Promise<Wire> {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return new Wire(socket);
  }

  async call<T>(method: string, params: object): Promise<T> {
    this.#socket.write(request(1, method, params));
    const line = await new Promise<string>((resolve) => this.#waiting.push(resolve));
    const { result, error } = JSON.parse(line) as { result: T; error?: { message: string } };
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  end(): void {
    this.#socket.end();
  }
}

export function request(id: number, method: string, params: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
}
