import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A message as the original client packs it: its length in characters, then UTF-8. */
export function shareMessage(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE([...text].length);
  return Buffer.concat([length, Buffer.from(text)]);
}

/** A socket like Python's: `recv(n)` returns available bytes, at most `n`, and nothing once the other end closed. */
class PythonSocket {
  readonly socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  static async connect(port: number, host: string): Promise<PythonSocket> {
    const socket = connect(port, host);
    const python = new PythonSocket(socket);
    await once(socket, 'connect');
    return python;
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {}); // a reset is an end as well
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    for (const end of ['end', 'close'] as const) {
      socket.on(end, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  async recv(most: number): Promise<Buffer> {
    while (this.#bytes.length === 0 && !this.#ended) await new Promise<void>((wake) => (this.#wake = wake));
    const bytes = this.#bytes.subarray(0, most);
    this.#bytes = this.#bytes.subarray(bytes.length);
    return bytes;
  }
}

/** A client of the legacy file program: one thread receives three bytes at a time, the user's thread sends. */
export class ShareClient {
  /** Every byte of the server, as it was read: codes, lengths, bodies. */
  readonly read: string[] = [];
  /** Whether it answers pings, as the original does. */
  answers = true;
  readonly #connection: PythonSocket;
  readonly #files = new Map<string, Buffer>();
  readonly #peer: Server;
  #seen = 0;
  #wake: () => void = () => {};
  #ended = false;

  static async connect(address: string): Promise<ShareClient> {
    const peer = createServer();
    peer.listen(0, '127.0.0.1');
    await once(peer, 'listening');
    const at = address.lastIndexOf(':');
    const connection = await PythonSocket.connect(Number(address.slice(at + 1)), address.slice(0, at));
    return new ShareClient(connection, peer);
  }

  private constructor(connection: PythonSocket, peer: Server) {
    this.#connection = connection;
    this.#peer = peer;
    peer.on('connection', (socket) => void this.#serve(new PythonSocket(socket)));
    void this.#listen();
  }

  get socket(): Socket {
    return this.#connection.socket;
  }

  /** Where other clients get its files. */
  get port(): number {
    return (this.#peer.address() as AddressInfo).port;
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(text: string): void {
    this.socket.write(shareMessage(text));
  }

  /** Sends, and waits for the next code, with its body if it has one. */
  async ask(text: string): Promise<string> {
    this.send(text);
    return this.next();
  }

  /** The next code other than a ping; '' once the connection is closed. */
  async next(): Promise<string> {
    for (;;) {
      while (this.#seen < this.read.length) {
        const code = this.read[this.#seen++]!;
        if (!code.startsWith('203')) return code;
      }
      if (this.#ended) return '';
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }

  login(name: string, password: string, { ip = '127.0.0.1', port = this.port } = {}): Promise<string> {
    return this.ask(`login ${name} ${password} ${ip} ${port}`);
  }

  register(name: string, password: string): Promise<string> {
    return this.ask(`register ${name} ${password} 127.0.0.1 ${this.port}`);
  }

  /** Publishes a file, and sends it to every client that asks for it. */
  publish(name: string, content: string | Buffer, description = 'no_description'): Promise<string> {
    const bytes = Buffer.from(content);
    this.#files.set(name, bytes);
    return this.ask(`publish ${name} ${bytes.length} 10:20:30-01/02/2024 ${description}`);
  }

  /** Finds a file and fetches it from the first client that has it; undefined if there is none. */
  async fetch(name: string): Promise<Buffer | undefined> {
    const answer = await this.ask(`fetch ${name}`);
    if (answer === '406') return undefined;
    const [, host, port] = /^204\n\[\('[^']+', '([^']+)', (\d+), 1\)/.exec(answer)!;
    const peer = await PythonSocket.connect(Number(port), host!);
    peer.socket.write(shareMessage(`download ${name}`));
    const size = (await peer.recv(4)).readUInt32BE(0);
    const content: Buffer[] = [];
    for (let got = 0; got < size; ) {
      const chunk = await peer.recv(4096);
      if (chunk.length === 0) throw new Error(`it ended after ${got} of ${size} bytes`);
      content.push(chunk);
      got += chunk.length;
    }
    peer.socket.destroy();
    return Buffer.concat(content);
  }

  /** As by `kill -9` of its process. */
  kill(): void {
    this.socket.resetAndDestroy();
    this.#peer.close();
  }

  close(): void {
    this.socket.destroy();
    this.#peer.close();
  }

  async #listen(): Promise<void> {
    for (;;) {
      const code = (await this.#connection.recv(3)).toString();
      if (code === '') break;
      if (code === '203' || code === '204') {
        const body = await receiveMessage(this.#connection);
        this.#take(`${code}\n${body}`);
        if (code === '203' && this.answers) this.send(`ping ${body}`);
      } else this.#take(code);
    }
    this.#ended = true;
    this.#wake();
  }

  #take(said: string): void {
    this.read.push(said);
    this.#wake();
  }

  async #serve(peer: PythonSocket): Promise<void> {
    const asked = await receiveMessage(peer);
    const content = this.#files.get(asked.replace(/^download /, ''));
    if (!content) {
      peer.socket.destroy();
      return;
    }
    const size = Buffer.alloc(4);
    size.writeUInt32BE(content.length);
    peer.socket.write(size);
    peer.socket.end(content);
  }
}

/** One `recv` for the length, one for the rest: later data is lost. */
async function receiveMessage(socket: PythonSocket): Promise<string> {
  const head = await socket.recv(4);
  if (head.length < 4) throw new Error(`a length has 4 bytes, not ${head.length}`);
  const length = head.readUInt32BE(0);
  const body = await socket.recv(length);
  if (body.length < length) throw new Error(`${body.length} of ${length} bytes came at once`);
  return body.toString();
}
