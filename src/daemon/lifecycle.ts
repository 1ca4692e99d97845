import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '../client/client.ts';
import { localTarget } from '../client/target.ts';
import { FAILURES, Failure, type FailureCode, type FailureData } from '../domain/failure.ts';
import type { Home } from '../home.ts';
import { isAlive } from '../is-alive.ts';
import { openForAppend } from '../private-file.ts';
import type { Result } from '../protocol/methods.ts';
import { lastLines } from './log-reader.ts';
import { isOurs, type PidRecord, readPidFile } from './pidfile.ts';
import { prettyLine } from './pretty-line.ts';
import type { StartOptions } from './start-options.ts';

export type DaemonStatus = Result<'admin.status'>;

/** What `main` tells the process that started it, over the channel between them. */
export type StartMessage =
  /** Everything is ready: it waits for a message, whatever it is, to start. */
  | { readonly standby: true }
  | { readonly ready: DaemonStatus }
  | { readonly error: { readonly code: FailureCode; readonly message: string; readonly data: FailureData } };

const ANSWER_MS = 5000;
const START_MS = 120_000;
const STOP_MS = 10_000;
const POLL_MS = 10;
/** When clients of a daemon that restarts come again: about when the next one listens. */
const RETRY_MS = 250;

/**
 * The daemon lives long beside other programs. Short-lived objects of an import go sooner than V8's preset has it, and
 * the heap grows by little at a time rather than doubles: so memory stays under 150 MB.
 */
export const DAEMON_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=8', '--heap-growing-percent=30'];

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

/**
 * The status of the daemon of this home.
 * @throws Failure NO_DAEMON, also when one is there and does not answer.
 */
export async function daemonStatus(home: Home): Promise<DaemonStatus> {
  const client = await Client.connect({ target: localTarget(home), home, resume: false, timeoutMs: ANSWER_MS });
  try {
    return await client.call('admin.status', {});
  } finally {
    await client.close();
  }
}

export interface Started {
  readonly status: DaemonStatus;
  /** One ran already; nothing was started. */
  readonly already: boolean;
}

/**
 * Starts the daemon of this home in the background and waits until it answers.
 * @throws Failure what kept it from starting; NO_DAEMON when one is there that does not answer.
 */
export async function startDaemon(home: Home, options: StartOptions): Promise<Started> {
  const running = await runningStatus(home);
  return running ? { status: running, already: true } : await launch(home, options);
}

/** @param ready called where the options say `standby`, when the process waits for its start; it starts after that */
async function launch(home: Home, options: StartOptions, ready?: () => Promise<void>): Promise<Started> {
  await home.prepare();
  const log = await openForAppend(home.logFile);
  try {
    const child = spawnMain(home, options, ['ignore', log.fd, log.fd, 'ipc'], true);
    let tethered = false;
    try {
      if (ready) {
        await started(child, home);
        await ready();
        child.send('start');
      }
      const status = await started(child, home);
      if (status === 'standby') throw new Failure('INTERNAL', 'The daemon waits where it should run.');
      tethered = options.tether === true;
      return { status, already: false };
    } catch (thrown) {
      // Two starts at once: the other one was first, and that is as good.
      const other = Failure.from(thrown).code === 'DATA_LOCKED' ? await answering(home) : undefined;
      if (other) return { status: other, already: true };
      throw thrown;
    } finally {
      if (tethered) child.channel?.unref();
      else if (child.connected) child.disconnect();
      child.unref();
    }
  } finally {
    await log.close();
  }
}

/**
 * Runs the daemon on this terminal until it ends. Signals go on to it.
 * @returns its exit status, or the status of the one that runs already.
 */
export async function runDaemon(home: Home, options: StartOptions): Promise<Started | number> {
  const running = await runningStatus(home);
  if (running) return { status: running, already: true };
  await home.prepare();
  const child = spawnMain(home, { ...options, foreground: true }, ['ignore', 'inherit', 'inherit', 'ipc'], false);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  try {
    await started(child, home);
    return await ended;
  } finally {
    for (const signal of signals) process.off(signal, pass);
    if (child.connected) child.disconnect();
  }
}

export interface Stopped {
  readonly pid: number;
  /** How it ended, where it did not by itself. */
  readonly forced?: 'SIGTERM' | 'SIGKILL';
  /** The start options that it ran with, where they are known. */
  readonly options?: StartOptions;
}

/**
 * Ends the daemon of this home and waits until its process is gone.
 * @param onForce told before a signal is sent, as the daemon did not end by itself.
 * @param retryAfterMs another one is to take its place: its clients are told to come again after so long.
 * @throws Failure NO_DAEMON when none runs.
 */
export async function stopDaemon(
  home: Home,
  onForce?: (signal: string, pid: number) => void,
  retryAfterMs?: number,
): Promise<Stopped> {
  const record = await readPidFile(home);
  const asked = await askToStop(home, retryAfterMs);
  const pid = asked ?? (await provenPid(record));
  if (pid === undefined) throw none(home);
  const options = record?.pid === pid ? record.options : undefined;
  const stopped = { pid, ...(options ? { options } : {}) };
  if (asked !== undefined && (await gone(pid, STOP_MS))) return stopped;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    // Ten seconds are long enough for a number to belong to somebody else: proven anew each time.
    if (!(await isOurs({ pid, startedAt: 0, options: options ?? atHome(home, {}) }))) {
      if (!isAlive(pid)) return stopped;
      throw new Failure(
        'CONFLICT',
        `The daemon does not end, and its process ${pid} cannot be told from another program's. End it by hand.`,
      );
    }
    onForce?.(signal, pid);
    kill(pid, signal);
    if (await gone(pid, STOP_MS)) return { ...stopped, forced: signal };
  }
  throw new Failure(
    'TOO_SLOW',
    `The daemon (process ${pid}) does not end, not even by SIGKILL: the system holds it. Look at its disk.`,
  );
}

export interface Restarted {
  /** Undefined when none ran. */
  readonly stopped: Stopped | undefined;
  readonly status: DaemonStatus;
}

/**
 * Ends the daemon of this home, where one runs, and starts it with the options of the last start. The next one loads
 * and checks its settings while the last one still serves: what would keep it from starting keeps the last one
 * running, and there is no daemon for a moment only. Clients are told when to come again.
 * @throws Failure what keeps the next one from starting
 */
export async function restartDaemon(home: Home, onForce?: (signal: string, pid: number) => void): Promise<Restarted> {
  const record = await readPidFile(home); // before it ends: it takes the file with it
  const { foreground: _, tether: __, ...options } = record?.options ?? {};
  let stopped: Stopped | undefined;
  const { status } = await launch(home, { ...options, standby: true }, async () => {
    try {
      stopped = await stopDaemon(home, onForce, RETRY_MS);
    } catch (thrown) {
      if (Failure.from(thrown).code !== 'NO_DAEMON') throw thrown;
    }
  });
  return { stopped, status };
}

/** `main` has another working folder and maybe another environment: it is told where its home is. */
function atHome(home: Home, options: StartOptions): StartOptions {
  return home.setting === undefined ? options : { ...options, home: home.setting };
}

function spawnMain(
  home: Home,
  options: StartOptions,
  stdio: ('ignore' | 'inherit' | 'ipc' | number)[],
  detached: boolean,
): ChildProcess {
  const argument = JSON.stringify(atHome(home, options));
  return spawn(process.execPath, [...DAEMON_NODE_OPTIONS, MAIN, argument], {
    cwd: home.root,
    detached,
    stdio,
  });
}

/** Resolves with the daemon's next word. */
function started(child: ChildProcess, home: Home): Promise<DaemonStatus | 'standby'> {
  return new Promise((resolve, reject) => {
    let done = false;
    const settle = () => {
      done = true;
      clearTimeout(timer);
      child.off('message', heard).off('exit', ended).off('error', failed);
    };
    const timer = setTimeout(() => {
      settle();
      child.kill('SIGTERM');
      reject(
        new Failure(
          'TOO_SLOW',
          `The daemon was not ready within ${START_MS / 1000} s, and was ended. \`goldctl daemon logs\` says how far it came.`,
        ),
      );
    }, START_MS);
    const heard = (message: unknown) => {
      settle();
      const said = message as Partial<{
        standby: true;
        ready: DaemonStatus;
        error: { code: string; message: string; data: FailureData };
      }>;
      if (said.ready) resolve(said.ready);
      else if (said.standby) resolve('standby');
      else {
        const { code = '', message = undefined, data = {} } = said.error ?? {};
        reject(new Failure(Object.hasOwn(FAILURES, code) ? (code as FailureCode) : 'INTERNAL', message, { data }));
      }
    };
    const ended = (code: number | null, signal: string | null) => {
      // Its last word may still be on the way.
      if (child.connected) child.once('disconnect', () => silent(code, signal));
      else silent(code, signal);
    };
    const silent = async (code: number | null, signal: string | null) => {
      if (done) return;
      settle();
      const [last] = await lastLines(home.logFile, 1).catch(() => []);
      reject(
        new Failure(
          'INTERNAL',
          `The daemon ended while it started (${signal ?? `exit status ${code}`}). ${last ? `The last line of its log: ${prettyLine(last)} ` : ''}\`goldctl daemon logs\` has more.`,
        ),
      );
    };
    const failed = (cause: Error) => {
      settle();
      reject(new Failure('INTERNAL', `The daemon's process cannot be started: ${cause.message}.`, { cause }));
    };
    child.on('message', heard).on('exit', ended).on('error', failed);
  });
}

/** The status of a daemon that runs; undefined when none does. @throws Failure when one is there and is stuck. */
async function runningStatus(home: Home): Promise<DaemonStatus | undefined> {
  try {
    return await daemonStatus(home);
  } catch (thrown) {
    const failure = Failure.from(thrown);
    if (failure.code !== 'NO_DAEMON') throw failure;
    const pid = await provenPid(await readPidFile(home));
    if (pid === undefined) return undefined;
    throw new Failure(
      'NO_DAEMON',
      `A daemon (process ${pid}) is there and does not answer. It may be starting or ending: try again; else \`goldctl daemon restart\` ends it and starts another.`,
      { cause: failure, data: { pid } },
    );
  }
}

/** The status of the daemon that another start brings up; undefined when none comes to answer. */
async function answering(home: Home): Promise<DaemonStatus | undefined> {
  for (const end = Date.now() + STOP_MS; Date.now() < end; await wait(POLL_MS)) {
    try {
      return await daemonStatus(home);
    } catch (thrown) {
      if (Failure.from(thrown).code !== 'NO_DAEMON') throw thrown;
    }
  }
  return undefined;
}

/** @returns the pid of the daemon that was asked, undefined when none answers. */
async function askToStop(home: Home, retryAfterMs: number | undefined): Promise<number | undefined> {
  let client: Client;
  try {
    client = await Client.connect({
      target: localTarget(home),
      home,
      resume: false,
      timeoutMs: ANSWER_MS,
      callTimeoutMs: ANSWER_MS,
    });
  } catch (thrown) {
    const failure = Failure.from(thrown);
    if (failure.code === 'NO_DAEMON' || failure.code === 'CONNECTION_ENDED') return undefined;
    throw failure;
  }
  try {
    const { pid } = await client.call('admin.status', {});
    const stop = async () => {
      if (retryAfterMs === undefined) return await client.call('admin.stop', {});
      return await client.call('admin.stop', { retryAfterMs }).catch((thrown) => {
        // One of an older version, which knows no hint.
        if (Failure.from(thrown).code === 'INVALID_PARAMS') return client.call('admin.stop', {});
        throw thrown;
      });
    };
    await stop().catch((thrown) => {
      // It may be gone before it has answered; a stuck one gets a signal.
      if (!['CONNECTION_ENDED', 'TOO_SLOW'].includes(Failure.from(thrown).code)) throw thrown;
    });
    return pid;
  } catch (thrown) {
    if (['CONNECTION_ENDED', 'TOO_SLOW'].includes(Failure.from(thrown).code)) return undefined;
    throw thrown;
  } finally {
    await client.close();
  }
}

/** The process of the pid file, where it provably is a daemon of this home. */
async function provenPid(record: PidRecord | undefined): Promise<number | undefined> {
  return record && isAlive(record.pid) && (await isOurs(record)) ? record.pid : undefined;
}

async function gone(pid: number, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await wait(POLL_MS)) if (!isAlive(pid)) return true;
  return !isAlive(pid);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw new Failure('NOT_ALLOWED', `The daemon (process ${pid}) cannot be ended: it belongs to another user.`, {
        cause,
      });
    }
  }
}

function none(home: Home): Failure {
  return new Failure('NO_DAEMON', `No daemon runs here (${home.root}). \`goldctl daemon start\` starts one.`, {
    data: { home: home.root },
  });
}
