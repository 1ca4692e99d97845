import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DAEMON_NODE_OPTIONS, type StartMessage } from '../../src/daemon/lifecycle.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import { makeCredentials } from '../credentials.ts';

const MAIN = fileURLToPath(new URL('../../src/daemon/main.js', import.meta.url));

/**
 * A home for daemons under test: only given providers are polled, and one address may do what
 * many addresses may do.
 */
export async function crashHome(
  limits: Readonly<Record<string, number>> = {},
  { port = 0, providers = {} }: { port?: number; providers?: Readonly<Record<string, object>> } = {},
): Promise<CrashHome> {
  const path = await mkdtemp(join(tmpdir(), 'goldctl-faults-'));
  const set: CrashHome['set'] = (limits, { host = '127.0.0.1', providers: more = {} } = {}) => {
    const config = {
      listen: { host, port, plain: host === '127.0.0.1' },
      limits: {
        callsPerSecond: 1e6,
        callsBurst: 1e6,
        connectionsPerAddress: 10_000,
        signUpsPerHour: 1_000_000,
        signUpsInAllPerHour: 1_000_000,
        passwordQueue: 1600,
        postsPerDay: 1e9,
        bytesPerDay: 1e12,
        postsPerDayPerSource: 1e9,
        bytesPerDayPerSource: 1e12,
        ...limits,
      },
      rates: {
        providers: {
          ...Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }])),
          ...providers,
          ...more,
        },
      },
    };
    return writeFile(join(path, 'config.json'), JSON.stringify(config));
  };
  await set(limits);
  await makeCredentials(await resolveHome({ GOLDCTL_HOME: path }));
  return { path, set, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface CrashHome {
  readonly path: string;
  /** Limits, listen addresses and providers of the next start. */
  set(
    limits: Readonly<Record<string, number>>,
    options?: { readonly host?: string; readonly providers?: Readonly<Record<string, object>> },
  ): Promise<void>;
  remove(): Promise<void>;
}

export type Fork = (file: string, args: readonly string[], options: ForkOptions) => ChildProcess;

/** The daemon process, as started by `goldctl daemon start`. */
export class DaemonProcess {
  readonly pid: number;
  /** `host:port`. */
  readonly address: string;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.pid = child.pid!;
    this.address = address;
    this.#process = child;
  }

  /**
   * @param options.imports modules to load before the daemon
   * @param options.fork starts the process. Default: on this machine
   */
  static async start(
    home: CrashHome,
    {
      imports = [],
      env = {},
      fork: run = fork,
    }: { imports?: readonly string[]; env?: Readonly<Record<string, string>>; fork?: Fork } = {},
  ): Promise<DaemonProcess> {
    const child = run(MAIN, [JSON.stringify({ home: home.path })], {
      execArgv: [...DAEMON_NODE_OPTIONS, ...imports.flatMap((module) => ['--import', module])],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = once(child, 'exit').then(() => undefined);
    const said = await Promise.race([once(child, 'message').then(([message]) => message as StartMessage), ended]);
    if (said && 'ready' in said) return new DaemonProcess(child, said.ready.listening[0]!.address);
    child.kill('SIGKILL');
    throw new Error(`The daemon did not start: ${JSON.stringify(said ?? 'its process ended')}`);
  }

  /** Resolves when the process has exited. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill(signal);
    await ended;
  }
}
