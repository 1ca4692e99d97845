// A process that `strangers` starts: `attack FAULT` begins when it is told where, and counts until it is killed; `probe
// ADDRESS` measures.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Wire } from '../server/wire.ts';
import { type Attack, PASSWORD, type Tally, type Target } from './attack.ts';
import { FLOODS } from './stranger-floods.ts';
import { PEER_ATTACKS } from './stranger-peers.ts';
import { SOURCES } from './stranger-sources.ts';

/** What the probe tells about a span of time. Milliseconds. */
export interface Probe {
  /** Of a member's `members.active`. */
  readonly calls: readonly number[];
  /** From connecting over TLS to being signed up, then in, from another source each time. */
  readonly signUps: readonly number[];
  readonly signIns: readonly number[];
  readonly failures: readonly string[];
}

/** What an attack says first. */
export interface AttackReady {
  /** `rates.providers` of the daemon that it attacks. */
  readonly providers: Readonly<Record<string, object>>;
}

const CALL_EVERY_MS = 60;
const SIGN_UP_EVERY_MS = 2500;
const ATTACKS: Readonly<Record<string, Attack>> = { ...FLOODS, ...PEER_ATTACKS };

async function attack(fault: string): Promise<void> {
  const tally: Tally = { done: {}, breaches: {} };
  const sources = await SOURCES[fault]?.(tally);
  const told = once(process, 'message');
  process.send!({ providers: sources?.providers ?? {} } satisfies AttackReady);
  const [target] = (await told) as [Target];
  sources?.begin();
  await ATTACKS[fault]?.(target, tally);
  process.send!('begun');
  process.on('message', () => process.send!(tally));
}

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
const [role, first] = process.argv.slice(2);
if (role === 'attack') await attack(first!);
else if (role === 'probe') await probe(first!);
