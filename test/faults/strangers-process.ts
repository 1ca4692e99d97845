// A process of `strangers`: `attack FAULT` starts when it gets the address, and counts until it is killed; `probe ADDRESS`
// measures.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Wire } from '../server/wire.ts';
import { type Attack, PASSWORD, type Tally, type Target } from './attack.ts';
import { FLOODS } from './stranger-floods.ts';
import { PEER_ATTACKS } from './stranger-peers.ts';
import { SOURCES } from './stranger-sources.ts';

/** Measurements of the probe over a period. Milliseconds. */
export interface Probe {
  /** Of `members.active` calls of a member. */
  readonly calls: readonly number[];
  /** From connecting over TLS to the end of the sign-up, then of the sign-in, each from another source. */
  readonly signUps: readonly number[];
  readonly signIns: readonly number[];
  readonly failures: readonly string[];
}

/** The first message of an attack. */
export interface AttackReady {
  /** `rates.providers` of the attacked daemon. */
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

process.on('disconnect', () => process.exit()); // the parent has exited
const [role, first] = process.argv.slice(2);
if (role === 'attack') await attack(first!);
else if (role === 'probe') await probe(first!);
