import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonSchema } from '../../src/client/schema-check.ts';
import { fitting, picker } from '../protocol/generated.ts';
import { ROOT } from '../root.ts';
import { FakeDaemon, type Request } from './fake-daemon.ts';
import { EVIL } from './lying-daemon.ts';

type Schemas = Readonly<Record<'results' | 'events', Readonly<Record<string, JsonSchema>>>>;

/** What becomes of an answer: `fits` has orders in each text, `differs` in everything that is no text as well, `refuses` is an error. */
export type Malice = 'fits' | 'differs' | 'refuses';

/** A daemon that answers whatever the schemas allow, with orders for terminals in every text of every answer and event. */
export class MaliciousDaemon extends FakeDaemon {
  readonly #schemas: Schemas;
  #pick = picker(1);
  malice: Malice = 'fits';
  /** Sent once after the answer to `watch`, as it stands here. */
  event: { readonly method: string; readonly params: unknown } | undefined;

  constructor() {
    super();
    this.#schemas = JSON.parse(readFileSync(join(ROOT, 'dist/src/client/schemas.json'), 'utf8')) as Schemas;
  }

  /** The next answers are made from this number on: the same for the same. */
  seed(seed: number): void {
    this.#pick = picker(seed);
  }

  protected override answer({ id, method }: Request): string {
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

  #value(schema: JsonSchema, leaf?: unknown): unknown {
    return fitting(schema, { text: () => EVIL, pick: (choices) => this.#pick(choices), leaf });
  }
}
