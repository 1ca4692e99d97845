import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { MethodName } from '../../src/protocol/methods.ts';
import { EXAMPLES } from '../protocol/examples.ts';

/** Every way to give a terminal orders: escapes, their one-byte forms, a title, reordering, a line of its own. */
export const EVIL = '\x1b[2J\x1b]0;owned\x07\x9b31m\x9d0;owned\x9c\u202egnp\u2066\u2028\r\x08\x7fowned';

/** Texts that a client goes by: a daemon that changes them is not understood, which is not what is tried here. */
const STRUCTURE = new Set(['status', 'role', 'state', 'market', 'unit', 'currency', 'hash', 'key', 'fingerprint']);

/** A daemon that answers every call as the examples of the protocol do, with orders for terminals in each text. */
export class LyingDaemon {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** With this, every call but hello is refused, as evilly. */
  refusing = false;

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      let rest = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop()!;
        for (const line of lines) socket.write(this.#answer(JSON.parse(line)));
      });
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer({ id, method }: { id: number; method: MethodName }): string {
    const say = (line: object) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`;
    const { result } = EXAMPLES[method];
    if (method === 'hello') return say({ id, result: { ...result, server: EVIL } });
    if (this.refusing) {
      const data = { reason: 'NOT_AVAILABLE', field: EVIL, path: EVIL };
      return say({ id, error: { code: 503, message: `No. ${EVIL}`, data } });
    }
    const answer = say({ id, result: evil(result) });
    if (method !== 'watch') return answer;
    const { posts } = EXAMPLES['forum.read'].result;
    const post = say({ method: 'post', params: { seq: 5000, post: evil(posts[0]) } });
    return answer + post + say({ method: 'notice', params: { text: EVIL } });
  }
}

function evil(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return STRUCTURE.has(name) ? value : `${value}${EVIL}`;
  if (Array.isArray(value)) return value.map((each) => evil(each, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, evil(each, key)]));
}
