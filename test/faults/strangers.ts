import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile } from '../../bench/figure.ts';
import { Network, noNetwork } from '../network/network.ts';
import { Wire } from '../server/wire.ts';
import { type CrashHome, crashHome, DaemonProcess, type Fork } from './daemon-process.ts';
import { ACCOUNTS, PASSWORD, type Probe } from './strangers-process.ts';

export const FAULTS = ['F1', 'F3', 'F4', 'F5', 'F6'] as const;
export type Fault = (typeof FAULTS)[number];

/** What others felt while one fault went on. Milliseconds, and megabytes of the daemon. */
export interface StrangerFigures {
  readonly worst: number;
  readonly p99: number;
  readonly calls: number;
  readonly signUp: number;
  readonly signIn: number;
  readonly megabytes: number;
  /** The worst call from 2 s after the end on. */
  readonly after: number;
  readonly failures: readonly string[];
}

export const BARS = { worst: 250, p99: 50, join: 1500, megabytes: 300 };

const PROCESS = fileURLToPath(new URL('./strangers-process.js', import.meta.url));
const PRESETS = { callsPerSecond: 20, callsBurst: 60, connectionsPerAddress: 64 };
const LIFTED = { passwordQueue: 1600 };
const TOPICS = 500;
const RECOVERY_MS = 2000;

/** Why a fault cannot be tried here; undefined where it can. */
export function skipReason(fault: Fault): string | undefined {
  return fault === 'F3' ? noNetwork() : undefined;
}

/** @param options.posts in the forum, which F5 looks through */
export async function strangers(fault: Fault, options: { seconds: number; posts: number }): Promise<StrangerFigures> {
  const network = fault === 'F3' ? new Network() : undefined;
  const machine = network?.machine('strangers');
  // Every address of the /64 is one of this machine.
  machine?.ip('-6 route add local 2001:db8:1::/64 dev lo');
  const run: Fork = machine ? machine.fork.bind(machine) : fork;
  const home = await filledHome(options.posts);
  try {
    await home.set({ ...PRESETS }, fault === 'F3' ? '::' : '127.0.0.1');
    return await measure(fault, home, run, options.seconds);
  } finally {
    await home.remove();
    network?.remove();
  }
}

async function measure(fault: Fault, home: CrashHome, run: Fork, seconds: number): Promise<StrangerFigures> {
  const daemon = await DaemonProcess.start(home, { fork: run });
  const port = daemon.address.slice(daemon.address.lastIndexOf(':') + 1);
  const probe = run(PROCESS, ['probe', `127.0.0.1:${port}`], {});
  const children = [probe];
  const ask = async (): Promise<Probe> => {
    const answer = once(probe, 'message');
    probe.send('figures');
    return (await answer)[0] as Probe;
  };
  let megabytes = 0;
  const memory = setInterval(async () => {
    const status = await readFile(`/proc/${daemon.pid}/status`, 'utf8').catch(() => '');
    megabytes = Math.max(megabytes, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }, 200);
  try {
    await once(probe, 'message');
    const attack = run(
      PROCESS,
      ['attack', fault, fault === 'F3' ? `[2001:db8:1::ffff]:${port}` : `127.0.0.1:${port}`],
      {},
    );
    children.push(attack);
    await sleep(1000); // it starts
    await ask();
    await sleep(seconds * 1000);
    let during = await ask();
    // On a slow machine, nobody may have signed up and in yet.
    while (Math.min(during.signUps.length, during.signIns.length) === 0 && during.failures.length === 0) {
      await sleep(500);
      during = joined(during, await ask());
    }
    attack.kill('SIGKILL');
    await sleep(RECOVERY_MS);
    await ask();
    await sleep(RECOVERY_MS);
    const after = await ask();
    return {
      worst: Math.max(...during.calls),
      p99: quantile(during.calls, 0.99),
      calls: during.calls.length,
      signUp: Math.max(...during.signUps),
      signIn: Math.max(...during.signIns),
      megabytes: Math.round(megabytes),
      after: Math.max(...after.calls),
      failures: [...during.failures, ...after.failures],
    };
  } finally {
    clearInterval(memory);
    for (const child of children) child.kill('SIGKILL');
    await daemon.end('SIGTERM');
  }
}

function joined(one: Probe, other: Probe): Probe {
  return {
    calls: [...one.calls, ...other.calls],
    signUps: [...one.signUps, ...other.signUps],
    signIns: [...one.signIns, ...other.signIns],
    failures: [...one.failures, ...other.failures],
  };
}

/** A room with the accounts of the strangers, and a forum of 500 topics. */
async function filledHome(posts: number): Promise<Awaited<ReturnType<typeof crashHome>>> {
  const home = await crashHome(LIFTED);
  const daemon = await DaemonProcess.start(home);
  try {
    for (const name of ACCOUNTS) (await Wire.member(daemon.address, name, PASSWORD)).close();
    const writer = await Wire.member(daemon.address, 'writer', PASSWORD);
    for (let i = 0; i < posts; i += 500) {
      const post = (k: number) =>
        writer.result('forum.post', { text: `${i + k} `.padEnd(200, 'word '), topic: `t${k % TOPICS}` });
      await Promise.all(Array.from({ length: Math.min(500, posts - i) }, (_, k) => post(k)));
      writer.lines.length = 0;
    }
    writer.close();
  } finally {
    await daemon.end('SIGTERM');
  }
  return home;
}
