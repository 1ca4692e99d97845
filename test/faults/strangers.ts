import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile } from '../../bench/figure.ts';
import { parseConfig } from '../../src/daemon/config.ts';
import { Network, noNetwork } from '../network/network.ts';
import { Wire } from '../server/wire.ts';
import { PASSWORD, type Tally, type Target } from './attack.ts';
import { type CrashHome, crashHome, DaemonProcess, type Fork } from './daemon-process.ts';
import { PUBLIC_ADDRESS } from './stranger-sources.ts';
import type { AttackReady, Probe } from './strangers-process.ts';

/** Milliseconds, and megabytes of the daemon. */
export interface Bars {
  /** Of a member's calls, during and after the attack. */
  readonly worst: number;
  readonly p99?: number;
  /** Of a sign-up and a sign-in from another source. */
  readonly join?: number;
  readonly megabytes?: number;
}

export interface Fault {
  readonly what: string;
  readonly bars: Bars;
  /** It needs its own addresses. */
  readonly network?: true;
  /** It scans the forum, which therefore has many posts. */
  readonly forum?: true;
}

const FLOOD: Bars = { worst: 250, p99: 50, join: 1500, megabytes: 300 };
const OTHER: Bars = { worst: 250 };

export const FAULTS = {
  F1: { what: 'lines that are not requests', bars: FLOOD },
  F2: { what: 'sources with new names in each body', bars: { worst: 100 } },
  F3: { what: 'half-open connections of an IPv6 /64', bars: FLOOD, network: true },
  F4: { what: 'one account that signs in', bars: FLOOD },
  F5: { what: 'forum.topics, abandoned', bars: FLOOD, forum: true },
  F6: { what: 'posts of combining marks', bars: FLOOD },
  F7: { what: 'posts and refused connections at the limit', bars: OTHER },
  F8: { what: 'foreign addresses of peers', bars: OTHER, network: true },
  F9: { what: 'owners demoted while signing in', bars: OTHER },
  F11: { what: 'files named as states of others', bars: OTHER },
  F12: { what: 'all relays for one member', bars: OTHER },
  F13: { what: 'exports of an account', bars: OTHER, forum: true },
  F17: { what: '5 MiB of XML, redirects inside', bars: OTHER, network: true },
} as const satisfies Readonly<Record<string, Fault>>;
export type FaultName = keyof typeof FAULTS;

/** Faults of the table that concern only a client, and their tests. */
export const CLIENT_FAULTS = {
  F10: { what: 'a malicious daemon', test: 'test/cli/malicious-daemon.test.ts' },
  F14: { what: 'tokens and other servers', test: 'test/client/first-use.test.ts' },
} as const;

/** Effects of one fault on others. Milliseconds, and megabytes of the daemon. */
export interface StrangerFigures {
  readonly worst: number;
  readonly p99: number;
  readonly calls: number;
  readonly signUp: number;
  readonly signIn: number;
  readonly megabytes: number;
  /** Growth of the journal and log files, in bytes per second. */
  readonly journal: number;
  readonly log: number;
  /** The slowest call from 2 s after the end on. */
  readonly after: number;
  readonly attack: Tally;
  readonly failures: readonly string[];
}

const PROCESS = fileURLToPath(new URL('./strangers-process.js', import.meta.url));
/** All limits have their defaults. */
const PRESETS = { ...parseConfig('{}', 'presets').limits };
const TOPICS = 500;
const RECOVERY_MS = 2000;
const MAX_WAIT_MS = 30_000;

/** Why a fault cannot be tested here; undefined if it can. */
export function skipReason(name: FaultName): string | undefined {
  return 'network' in FAULTS[name] ? noNetwork() : undefined;
}

/** @param options.posts number of posts in the forum */
export async function strangers(
  name: FaultName,
  options: { seconds: number; posts: number },
): Promise<StrangerFigures> {
  const network = 'network' in FAULTS[name] ? new Network() : undefined;
  const machine = network?.machine('strangers');
  // Every address of the /64 belongs to this machine, and so does one that is not in its own networks.
  machine?.ip('-6 route add local 2001:db8:1::/64 dev lo');
  machine?.ip(`addr add ${PUBLIC_ADDRESS}/32 dev lo`);
  const run: Fork = machine ? machine.fork.bind(machine) : fork;
  const home = await filledHome(options.posts);
  try {
    return await measure(name, home, run, options.seconds);
  } finally {
    await home.remove();
    network?.remove();
  }
}

async function measure(name: FaultName, home: CrashHome, run: Fork, seconds: number): Promise<StrangerFigures> {
  const attack = run(PROCESS, ['attack', name], {});
  const children = [attack];
  let daemon: DaemonProcess | undefined;
  let memory: NodeJS.Timeout | undefined;
  try {
    const { providers } = await message<AttackReady>(attack);
    await home.set(PRESETS, { host: name === 'F3' ? '::' : '127.0.0.1', providers });
    daemon = await DaemonProcess.start(home, { fork: run });
    const address = `127.0.0.1:${daemon.address.slice(daemon.address.lastIndexOf(':') + 1)}`;
    const probe = run(PROCESS, ['probe', address], {});
    children.push(probe);
    await message(probe);
    let megabytes = 0;
    const { pid } = daemon;
    memory = setInterval(async () => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      megabytes = Math.max(megabytes, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    }, 200);
    await ask(probe);
    const [before, begun] = [await written(home), performance.now()];
    const started = message(attack);
    attack.send({ address, home: home.path } satisfies Target);
    await started;
    await sleep(seconds * 1000);
    let during = await ask<Probe>(probe);
    const [after, spent] = [await written(home), (performance.now() - begun) / 1000];
    let tally = await ask<Tally>(attack);
    // On a slow machine, no sign-up or sign-in and no step of the attack may have finished yet.
    const isShort = () => Math.min(during.signUps.length, during.signIns.length, Object.keys(tally.done).length) === 0;
    for (let waited = 0; isShort() && during.failures.length === 0 && waited < MAX_WAIT_MS; waited += 500) {
      await sleep(500);
      during = joined(during, await ask(probe));
      tally = await ask(attack);
    }
    attack.kill('SIGKILL');
    await sleep(RECOVERY_MS);
    await ask(probe);
    await sleep(RECOVERY_MS);
    const afterwards = await ask<Probe>(probe);
    return {
      worst: Math.max(...during.calls),
      p99: quantile(during.calls, 0.99),
      calls: during.calls.length,
      signUp: Math.max(...during.signUps),
      signIn: Math.max(...during.signIns),
      megabytes: Math.round(megabytes),
      journal: Math.max(0, after.journal - before.journal) / spent,
      log: Math.max(0, after.log - before.log) / spent,
      after: Math.max(...afterwards.calls),
      attack: tally,
      failures: [...during.failures, ...afterwards.failures],
    };
  } finally {
    clearInterval(memory);
    for (const child of children) child.kill('SIGKILL');
    await daemon?.end('SIGTERM');
  }
}

/** The next message of a process. @throws Error if it exits first */
async function message<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(() => undefined);
  const said = await Promise.race([once(child, 'message', { signal }), ended]);
  over.abort();
  if (said === undefined) throw new Error(`${child.spawnargs.slice(-2).join(' ')} ended.`);
  return said[0] as T;
}

async function ask<T>(child: ChildProcess): Promise<T> {
  const answer = message<T>(child);
  child.send('figures');
  return answer;
}

/** Size of the files in bytes. */
async function written({ path }: CrashHome): Promise<{ journal: number; log: number }> {
  const sizes = async (folder: string, isCounted: (name: string) => boolean) => {
    const names = (await readdir(folder, { recursive: true })).filter(isCounted);
    // LevelDB removes files at any time.
    const all = await Promise.all(names.map((each) => stat(join(folder, each)).catch(() => undefined)));
    return all.reduce((sum, each) => sum + (each?.isFile() ? each.size : 0), 0);
  };
  return {
    journal: await sizes(join(path, 'data'), () => true),
    log: await sizes(path, (name) => /^goldctl\.log(\.\d)?$/.test(name)),
  };
}

function joined(one: Probe, other: Probe): Probe {
  return {
    calls: [...one.calls, ...other.calls],
    signUps: [...one.signUps, ...other.signUps],
    signIns: [...one.signIns, ...other.signIns],
    failures: [...one.failures, ...other.failures],
  };
}

/** A room with a forum of 500 topics. */
async function filledHome(posts: number): Promise<CrashHome> {
  const home = await crashHome();
  const daemon = await DaemonProcess.start(home);
  try {
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

/** Exceeded limits and breaches; empty if there are none. */
export function missed(name: FaultName, figures: StrangerFigures): string[] {
  const { worst, p99, join, megabytes }: Bars = FAULTS[name].bars;
  const over = (what: string, value: number, bar: number | undefined) =>
    bar !== undefined && value > bar ? [what] : [];
  return [
    ...over('call', figures.worst, worst),
    ...over('p99', figures.p99, p99),
    ...over('sign-up', figures.signUp, join),
    ...over('sign-in', figures.signIn, join),
    ...over('memory', figures.megabytes, megabytes),
    ...over('2 s after', figures.after, worst),
    ...Object.entries(figures.attack.breaches).flatMap(([what, times]) => over(what, times, 0)),
    ...(Object.keys(figures.attack.done).length === 0 ? ['the attack did nothing'] : []),
    ...figures.failures.slice(0, 5),
  ];
}
