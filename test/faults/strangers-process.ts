// A process that `strangers` starts: `attack FAULT ADDRESS` floods a daemon until it is killed; `probe ADDRESS` measures.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Wire } from '../server/wire.ts';

/** What the probe tells about a span of time. Milliseconds. */
export interface Probe {
  /** Of a member's `members.active`. */
  readonly calls: readonly number[];
  /** From connecting over TLS to being signed up, then in, from another source each time. */
  readonly signUps: readonly number[];
  readonly signIns: readonly number[];
  readonly failures: readonly string[];
}

export const ACCOUNTS = ['throwaway', 'reader-0', 'reader-1', 'reader-2', 'reader-3', 'poster'] as const;
export const PASSWORD = 'correct horse';
const CALL_EVERY_MS = 60;
const SIGN_UP_EVERY_MS = 2500;

function open(to: string, from: string): Promise<Socket> {
  const at = to.lastIndexOf(':');
  return new Promise((resolve) => {
    const socket = connect({
      host: to.slice(0, at).replace(/^\[|\]$/g, ''),
      port: Number(to.slice(at + 1)),
      localAddress: from,
    });
    socket.on('error', () => {}).once('connect', () => resolve(socket));
    socket.once('close', () => resolve(socket));
  });
}

/** Does one thing on so many connections at once, each again and again. */
function onEach(count: number, act: (i: number) => Promise<void>): void {
  for (let i = 0; i < count; i++) {
    void (async () => {
      for (;;) {
        await act(i).catch(() => {});
        await sleep(5);
      }
    })();
  }
}

const closed = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));

/** A token of an account, by a sign-in from an address. */
async function tokenOf(to: string, from: string, name: string): Promise<string> {
  const wire = await Wire.over(await open(to, from));
  await wire.result('hello', { protocol: 1, client: 'stranger' });
  return (await wire.result('account.signIn', { name, password: PASSWORD })).token as string;
}

const FAULTS: Readonly<Record<string, (to: string) => Promise<void>>> = {
  /** Lines that are no requests, and requests over the limit, without an account. */
  async F1(to) {
    const lines = ['x', '{}', '[]', '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"x"}}'];
    onEach(60, async (i) => {
      const socket = await open(to, '127.0.0.2');
      socket.resume().end(`${lines[i % lines.length]}\n`.repeat(30_000));
      await closed(socket);
    });
  },
  /** Half-open connections of 160 addresses of one /64. */
  async F3(to) {
    onEach(160 * 64, async (i) => closed(await open(to, `2001:db8:1::${(1 + (i % 160)).toString(16)}`)));
  },
  /** One account that signs in on and on, by the right password. */
  async F4(to) {
    onEach(60, async (i) => {
      const wire = await Wire.over(await open(to, `127.0.0.${2 + (i % 2)}`));
      await wire.result('hello', { protocol: 1, client: 'stranger' });
      while (!wire.closed) {
        await wire.call('account.signIn', { name: 'throwaway', password: PASSWORD });
        wire.lines.length = 0;
      }
    });
  },
  /** Members who ask for all topics and go. */
  async F5(to) {
    const tokens = await Promise.all([0, 1, 2, 3].map((i) => tokenOf(to, `127.0.0.${10 + i}`, `reader-${i}`)));
    onEach(60, async (i) => {
      const socket = await open(to, `127.0.0.${10 + (i % 4)}`);
      const line = (id: number, method: string, params: object) =>
        `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
      const topics = Array.from({ length: 58 }, (_, id) => line(id + 10, 'forum.topics', {})).join('');
      const resume = line(2, 'account.resume', { token: tokens[i % 4]! });
      socket.resume().write(`${line(1, 'hello', { protocol: 1, client: 'x' })}${resume}${topics}`);
      await sleep(100);
      socket.destroy();
    });
  },
  /** Posts of combining marks alone. */
  async F6(to) {
    const token = await tokenOf(to, '127.0.0.2', 'poster');
    onEach(15, async () => {
      const wire = await Wire.over(await open(to, '127.0.0.2'));
      await wire.result('hello', { protocol: 1, client: 'stranger' });
      await wire.result('account.resume', { token });
      while (!wire.closed) {
        await wire.call('forum.post', { text: `a${'\u0323\u0301'.repeat(4095)}` });
        wire.lines.length = 0;
      }
    });
  },
};

async function probe(to: string): Promise<void> {
  const wire = await Wire.greet(to, { tls: true });
  await wire.result('account.signUp', { name: 'watcher', password: PASSWORD });
  let seen = { calls: [] as number[], signUps: [] as number[], signIns: [] as number[], failures: [] as string[] };
  process.on('message', () => {
    process.send!(seen satisfies Probe);
    seen = { calls: [], signUps: [], signIns: [], failures: [] };
  });
  process.send!('ready');
  let joined = 0;
  const timed = async (times: () => number[], work: () => Promise<void>) => {
    const begun = performance.now();
    await work().catch((thrown: Error) => seen.failures.push(thrown.message.slice(0, 200)));
    times().push(performance.now() - begun);
  };
  const join = async () => {
    const name = `new-${++joined}`;
    const enter = async (method: string) => {
      const other = await Wire.greet(to, { tls: true, from: `127.0.1.${joined}` });
      await other.result(method, { name, password: PASSWORD });
      other.close();
    };
    await timed(
      () => seen.signUps,
      () => enter('account.signUp'),
    );
    await timed(
      () => seen.signIns,
      () => enter('account.signIn'),
    );
  };
  void (async () => {
    for (; ; await sleep(SIGN_UP_EVERY_MS)) await join();
  })();
  for (; ; await sleep(CALL_EVERY_MS)) {
    await timed(
      () => seen.calls,
      () => wire.result('members.active'),
    );
    wire.lines.length = 0;
  }
}

process.on('disconnect', () => process.exit()); // whoever measures has gone
const [role, first, second] = process.argv.slice(2);
if (role === 'attack') await FAULTS[first!]!(second!);
else if (role === 'probe') await probe(first!);
