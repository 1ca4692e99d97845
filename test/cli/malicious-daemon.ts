import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Schema } from '../../src/client/schema-check.ts';
import { fitting, picker } from '../protocol/generated.ts';
import { ROOT } from '../root.ts';
import { EVIL } from './lying-daemon.ts';

type Schemas = Readonly<Record<'results' | 'events', Readonly<Record<string, Schema>>>>;

/** What becomes of an answer: `fits` has orders in each text, `differs` in everything that is no text as well, `refuses` is an error. */
export type Malice = 'fits' | 'differs' | 'refuses';

/** A daemon that answers whatever the schemas allow, with orders for terminals in every text of every answer and event. */
export class MaliciousDaemon {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #schemas: Schemas;
  #pick = picker(1);
  malice: Malice = 'fits';
  /** Sent once after the answer to `watch`, as it stands here. */
  event: { readonly method: string; readonly params: unknown } | undefined;

  constructor() {
    this.#schemas = JSON.parse(readFileSync(join(ROOT, 'dist/src/client/schemas.json'), 'utf8')) as Schemas;
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

  /** The next answers are made from this number on: the same for the same. */
  seed(seed: number): void {
    this.#pick = picker(seed);
  }

  #answer({ id, method }: { id?: number; method: string }): string {
    const say = (line: object) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`;
    const result = this.#value(this.#schemas.results[method]!);
    // It must be taken for a daemon, and for one that signs in, to be asked anything.
    if (method === 'hello') return say({ id, result: { ...(result as object), protocol: 1 } });
    if (method === 'account.resume') return say({ id, result });
    if (this.malice === 'refuses') {
      const data = { reason: 'NOT_AVAILABLE', field: EVIL, path: EVIL, suggestions: [EVIL] };
      return say({ id, error: { code: 503, message: `No. ${EVIL}`, data } });
    }
    if (this.malice === 'differs') return say({ id, result: this.#value(this.#schemas.results[method]!, EVIL) });
    const answer = say({ id, result });
    if (method !== 'watch') return answer;
    if (this.event) return answer + say(this.event);
    const events = Object.entries(this.#schemas.events).filter(([name]) => name !== 'bye' && name !== 'peer');
    return answer + events.map(([name, schema]) => say({ method: name, params: this.#value(schema) })).join('');
  }

  #value(schema: Schema, leaf?: unknown): unknown {
    return fitting(schema, { text: () => EVIL, pick: (choices) => this.#pick(choices), leaf });
  }
}
