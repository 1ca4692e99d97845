import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '../client/client.ts';
import { localTarget } from '../client/target.ts';
import { AppError, type FailureJson } from '../domain/app-error.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { openForAppend } from '../private-file.ts';
import { isProcessAlive } from '../process-alive.ts';
import type { MethodResult } from '../protocol/methods.ts';
import { formatLogLine } from './log-format.ts';
import { readLastLines } from './log-reader.ts';
import { isDaemonProcess, type PidRecord, readPidFile } from './pid-file.ts';
import type { StartOptions } from './start-options.ts';

export type DaemonStatus = MethodResult<'admin.status'>;

/** Messages from `main` to the process that started it, over their IPC channel. */
export type StartMessage =
  /** Everything is ready; any message from the parent starts it. */
  { readonly standby: true } | { readonly ready: DaemonStatus } | { readonly error: FailureJson };

const STATUS_TIMEOUT_MS = 5000;
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_INTERVAL_MS = 10;
/** When clients of a restarting daemon reconnect: about when the next one listens. */
const RESTART_RETRY_MS = 250;

/** Keeps memory under 150 MB: short-lived objects of an import are collected early, and the heap grows in small steps. */
export const DAEMON_NODE_OPTIONS: readonly string[] = ['--max-semi-space-size=8', '--heap-growing-percent=30'];

const MAIN_SCRIPT = fileURLToPath(new URL('main.js', import.meta.url));

/** The status of the daemon of this home. @throws AppError NO_DAEMON, also if it does not respond */
export async function fetchDaemonStatus(home: HomeDirectory): Promise<DaemonStatus> {
  const client = await Client.connect({ target: localTarget(home), home, resume: false, timeoutMs: STATUS_TIMEOUT_MS });
  try {
    return await client.call('admin.status', {});
  } finally {
    await client.close();
  }
}

export interface StartResult {
  readonly status: DaemonStatus;
  /** A daemon was already running; nothing was started. */
  readonly isAlreadyRunning: boolean;
}

/** Starts the daemon in the background and waits until it responds. @throws AppError why it did not start */
export async function spawnDaemon(home: HomeDirectory, options: StartOptions): Promise<StartResult> {
  const running = await runningStatus(home);
  return running ? { status: running, isAlreadyRunning: true } : await launchDaemon(home, options);
}

/** @param ready with the option `standby`: called when the process waits for its start, which follows */
async function launchDaemon(
  home: HomeDirectory,
  options: StartOptions,
  ready?: () => Promise<void>,
): Promise<StartResult> {
  await home.ensureFolders();
  const log = await openForAppend(home.logFile);
  try {
    const child = spawnMainScript(home, options, ['ignore', log.fd, log.fd, 'ipc'], true);
    let tethered = false;
    try {
      if (ready) {
        await waitForStartMessage(child, home);
        await ready();
        child.send('start');
      }
      const status = await waitForStartMessage(child, home);
      if (status === 'standby') throw new AppError('INTERNAL', 'The daemon is still on standby.');
      tethered = options.tether === true;
      return { status, isAlreadyRunning: false };
    } catch (thrown) {
      // Two starts at the same time: the other one won, which is fine.
      const other = AppError.from(thrown).code === 'DATA_LOCKED' ? await waitForOtherDaemon(home) : undefined;
      if (other) return { status: other, isAlreadyRunning: true };
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

/** Runs the daemon in the foreground and forwards signals to it. @returns its exit status, or the one already running */
export async function runInForeground(home: HomeDirectory, options: StartOptions): Promise<StartResult | number> {
  const running = await runningStatus(home);
  if (running) return { status: running, isAlreadyRunning: true };
  await home.ensureFolders();
  const child = spawnMainScript(home, { ...options, foreground: true }, ['ignore', 'inherit', 'inherit', 'ipc'], false);
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  try {
    await waitForStartMessage(child, home);
    return await ended;
  } finally {
    for (const signal of signals) process.off(signal, pass);
    if (child.connected) child.disconnect();
  }
}

export interface StopResult {
  readonly pid: number;
  /** The signal that stopped it, if it did not stop by itself. */
  readonly forcedBy?: 'SIGTERM' | 'SIGKILL';
  /** The start options it ran with, if known. */
  readonly options?: StartOptions;
}

/**
 * Stops the daemon of this home and waits until its process has exited.
 * @param onForce called before a signal is sent because the daemon did not stop by itself
 * @param retryAfterMs another daemon takes over: clients are told to reconnect after this time
 */
export async function stopDaemon(
  home: HomeDirectory,
  onForce?: (signal: string, pid: number) => void,
  retryAfterMs?: number,
): Promise<StopResult> {
  const record = await readPidFile(home);
  const asked = await requestStop(home, retryAfterMs);
  const pid = asked ?? (await verifiedPid(record));
  if (pid === undefined) throw noDaemonError(home);
  const options = record?.pid === pid ? record.options : undefined;
  const stopped = { pid, ...(options ? { options } : {}) };
  if (asked !== undefined && (await waitForExit(pid, STOP_TIMEOUT_MS))) return stopped;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    // Verify again before each signal: within ten seconds the pid may have been reused.
    if (!(await isDaemonProcess({ pid, startedAt: 0, options: options ?? withHomeOption(home, {}) }))) {
      if (!isProcessAlive(pid)) return stopped;
      throw new AppError(
        'CONFLICT',
        `The daemon did not stop, and process ${pid} cannot be identified as the daemon. Stop it manually.`,
      );
    }
    onForce?.(signal, pid);
    sendSignal(pid, signal);
    if (await waitForExit(pid, STOP_TIMEOUT_MS)) return { ...stopped, forcedBy: signal };
  }
  throw new AppError(
    'TOO_SLOW',
    `The daemon (process ${pid}) did not stop even after SIGKILL: the operating system is blocking it. Check its disk.`,
  );
}

export interface RestartResult {
  readonly stopped: StopResult | undefined;
  readonly status: DaemonStatus;
}

/**
 * Restarts the daemon with the options of its last start. The new process checks its settings while the old one still
 * serves: if they are not valid, the old one keeps running. @throws AppError why the new process did not start
 */
export async function restartDaemon(
  home: HomeDirectory,
  onForce?: (signal: string, pid: number) => void,
): Promise<RestartResult> {
  const record = await readPidFile(home); // read before it stops, because it removes the file
  const { foreground: _, tether: __, ...options } = record?.options ?? {};
  let stopped: StopResult | undefined;
  const { status } = await launchDaemon(home, { ...options, standby: true }, async () => {
    try {
      stopped = await stopDaemon(home, onForce, RESTART_RETRY_MS);
    } catch (thrown) {
      if (AppError.from(thrown).code !== 'NO_DAEMON') throw thrown;
    }
  });
  return { stopped, status };
}

/** Passes the home explicitly: `main` has another working folder and may have another environment. */
function withHomeOption(home: HomeDirectory, options: StartOptions): StartOptions {
  return home.explicitRoot === undefined ? options : { ...options, home: home.explicitRoot };
}

function spawnMainScript(
  home: HomeDirectory,
  options: StartOptions,
  stdio: ('ignore' | 'inherit' | 'ipc' | number)[],
  detached: boolean,
): ChildProcess {
  const argument = JSON.stringify(withHomeOption(home, options));
  return spawn(process.execPath, [...DAEMON_NODE_OPTIONS, MAIN_SCRIPT, argument], {
    cwd: home.root,
    detached,
    stdio,
  });
}

/** Resolves with the next message of the daemon. */
function waitForStartMessage(child: ChildProcess, home: HomeDirectory): Promise<DaemonStatus | 'standby'> {
  return new Promise((resolve, reject) => {
    let done = false;
    const cleanUp = () => {
      done = true;
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
    };
    const timer = setTimeout(() => {
      cleanUp();
      child.kill('SIGTERM');
      reject(
        new AppError(
          'TOO_SLOW',
          `The daemon was not ready within ${START_TIMEOUT_MS / 1000} s and was stopped. See \`goldctl daemon logs\`.`,
        ),
      );
    }, START_TIMEOUT_MS);
    const onMessage = (message: unknown) => {
      cleanUp();
      const received = message as Partial<{
        standby: true;
        ready: DaemonStatus;
        error: FailureJson;
      }>;
      if (received.ready) resolve(received.ready);
      else if (received.standby) resolve('standby');
      else {
        reject(received.error ? AppError.fromJSON(received.error) : new AppError('INTERNAL'));
      }
    };
    const onExit = (code: number | null, signal: string | null) => {
      // Its last message may still be on the way.
      if (child.connected) child.once('disconnect', () => onSilentExit(code, signal));
      else onSilentExit(code, signal);
    };
    const onSilentExit = async (code: number | null, signal: string | null) => {
      if (done) return;
      cleanUp();
      const [last] = await readLastLines(home.logFile, 1).catch(() => []);
      reject(
        new AppError(
          'INTERNAL',
          `The daemon exited during startup (${signal ?? `exit status ${code}`}). ${last ? `Last line of its log: ${formatLogLine(last)} ` : ''}See \`goldctl daemon logs\`.`,
        ),
      );
    };
    const onError = (cause: Error) => {
      cleanUp();
      reject(new AppError('INTERNAL', `The daemon process cannot be started: ${cause.message}.`, { cause }));
    };
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}

/** The status of a running daemon; undefined if none is running. @throws AppError if one is running but does not respond */
async function runningStatus(home: HomeDirectory): Promise<DaemonStatus | undefined> {
  try {
    return await fetchDaemonStatus(home);
  } catch (thrown) {
    const failure = AppError.from(thrown);
    if (failure.code !== 'NO_DAEMON') throw failure;
    const pid = await verifiedPid(await readPidFile(home));
    if (pid === undefined) return undefined;
    throw new AppError(
      'NO_DAEMON',
      `A daemon (process ${pid}) is running but does not respond. It may be starting or stopping: try again, or run \`goldctl daemon restart\`.`,
      { cause: failure, data: { pid } },
    );
  }
}

/** The status of the daemon that another start launches; undefined if none responds. */
async function waitForOtherDaemon(home: HomeDirectory): Promise<DaemonStatus | undefined> {
  for (const end = Date.now() + STOP_TIMEOUT_MS; Date.now() < end; await wait(POLL_INTERVAL_MS)) {
    try {
      return await fetchDaemonStatus(home);
    } catch (thrown) {
      if (AppError.from(thrown).code !== 'NO_DAEMON') throw thrown;
    }
  }
  return undefined;
}

/** @returns the pid of the daemon that was asked; undefined if none responds */
async function requestStop(home: HomeDirectory, retryAfterMs: number | undefined): Promise<number | undefined> {
  let client: Client;
  try {
    client = await Client.connect({
      target: localTarget(home),
      home,
      resume: false,
      timeoutMs: STATUS_TIMEOUT_MS,
      callTimeoutMs: STATUS_TIMEOUT_MS,
    });
  } catch (thrown) {
    const failure = AppError.from(thrown);
    if (failure.code === 'NO_DAEMON' || failure.code === 'CONNECTION_ENDED') return undefined;
    throw failure;
  }
  try {
    const { pid } = await client.call('admin.status', {});
    const stop = async () => {
      if (retryAfterMs === undefined) return await client.call('admin.stop', {});
      return await client.call('admin.stop', { retryAfterMs }).catch((thrown) => {
        // An older version, which does not know the parameter.
        if (AppError.from(thrown).code === 'INVALID_PARAMS') return client.call('admin.stop', {});
        throw thrown;
      });
    };
    await stop().catch((thrown) => {
      // It may exit before it replies; if it hangs, it gets a signal.
      if (!['CONNECTION_ENDED', 'TOO_SLOW'].includes(AppError.from(thrown).code)) throw thrown;
    });
    return pid;
  } catch (thrown) {
    if (['CONNECTION_ENDED', 'TOO_SLOW'].includes(AppError.from(thrown).code)) return undefined;
    throw thrown;
  } finally {
    await client.close();
  }
}

/** The process of the pid file, if it provably is a daemon of this home. */
async function verifiedPid(record: PidRecord | undefined): Promise<number | undefined> {
  return record && isProcessAlive(record.pid) && (await isDaemonProcess(record)) ? record.pid : undefined;
}

async function waitForExit(pid: number, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await wait(POLL_INTERVAL_MS))
    if (!isProcessAlive(pid)) return true;
  return !isProcessAlive(pid);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw new AppError('NOT_ALLOWED', `The daemon (process ${pid}) cannot be stopped: it belongs to another user.`, {
        cause,
      });
    }
  }
}

function noDaemonError(home: HomeDirectory): AppError {
  return new AppError('NO_DAEMON', `No daemon is running (${home.root}). Start one with \`goldctl daemon start\`.`, {
    data: { home: home.root },
  });
}
