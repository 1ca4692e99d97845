import type { MethodName } from '../../src/protocol/methods.ts';
import { EXAMPLES } from '../protocol/examples.ts';
import { FakeDaemon, type Request } from './fake-daemon.ts';

/** Every way to give a terminal orders: escapes, their one-byte forms, a title, reordering, a line of its own. */
export const EVIL = '\x1b[2J\x1b]0;owned\x07\x9b31m\x9d0;owned\x9c\u202egnp\u2066\u2028\r\x08\x7fowned';

/** Texts that a client goes by: a daemon that changes them is not understood, which is not what is tried here. */
const STRUCTURE = new Set(['status', 'role', 'state', 'market', 'unit', 'currency', 'hash', 'key', 'fingerprint']);

/** A daemon that answers every call as the examples of the protocol do, with orders for terminals in each text. */
export class LyingDaemon extends FakeDaemon {
  /** With this, every call but hello is refused, as evilly. */
  refusing = false;

  protected override answer({ id, method }: Request): string {
    const say = (line: object) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`;
    const { result } = EXAMPLES[method as MethodName];
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
