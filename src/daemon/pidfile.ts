import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { Failure } from '../domain/failure.ts';
import type { Home } from '../home.ts';
import { writePrivate } from '../private-file.ts';
import type { StartOptions } from './start-options.ts';

/** Which process serves this home, and how it was started. It outlives a crash: then it is the way to a restart. */
export interface PidRecord {
  readonly pid: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly options: StartOptions;
}

export async function writePidFile(home: Home, record: PidRecord): Promise<void> {
  await writePrivate(home.pidFile, `${JSON.stringify(record)}\n`);
}

/** What the file says; undefined without one, and when it is damaged: it is a hint, never a proof. */
export async function readPidFile(home: Home): Promise<PidRecord | undefined> {
  try {
    const written = JSON.parse(await readFile(home.pidFile, 'utf8')) as Partial<PidRecord> | null;
    const { pid, startedAt, options } = written ?? {};
    if (!Number.isSafeInteger(pid) || pid! <= 0 || typeof options !== 'object' || options === null) return undefined;
    return { pid: pid!, startedAt: Number(startedAt), options };
  } catch (cause) {
    if (cause instanceof SyntaxError || (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Failure('STORE_FAILED', `${home.pidFile} cannot be read.`, { cause, data: { file: home.pidFile } });
  }
}

/** Removes the file, unless another process has put its own in place. */
export async function removePidFile(home: Home, pid: number): Promise<void> {
  if ((await readPidFile(home))?.pid === pid) await rm(home.pidFile, { force: true });
}

/**
 * Removes a control socket that no process listens on. For a daemon that holds its data folder's lock, right before
 * it listens: no other daemon of this home can be starting then, so what refuses a connection is nobody's.
 * @throws Failure DATA_LOCKED when somebody answers.
 */
export async function clearStaleSocket(home: Home): Promise<void> {
  if (process.platform === 'win32') return; // named pipes end with their process
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect({ path: home.controlSocket });
    const done = (code: string | undefined) => {
      socket.destroy();
      resolve(code);
    };
    socket.once('connect', () => done(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code));
  });
  if (code === 'ENOENT') return;
  if (code !== 'ECONNREFUSED' && code !== 'ENOTSOCK') {
    throw new Failure('DATA_LOCKED', `Another process answers on the control socket ${home.controlSocket}.`, {
      data: { socket: home.controlSocket, ...(code ? { cause: code } : {}) },
    });
  }
  await rm(home.controlSocket, { force: true });
}

/**
 * Whether the process of the record is still the daemon that wrote it: numbers are used again, and a stranger must
 * not get a daemon's signals. Its command line tells: `main`, and start options of the same home.
 */
export async function isOurs({ pid, options }: PidRecord): Promise<boolean> {
  const line = await commandLine(pid);
  if (line === undefined) return false;
  const found = /daemon[\\/]main\.[jt]s[\0 ]+(\{[^\0\n]*\})/.exec(line);
  if (!found) return false;
  try {
    return (JSON.parse(found[1]!) as StartOptions).home === options.home;
  } catch {
    return false; // some other program's braces
  }
}

async function commandLine(pid: number): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return (await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    return undefined; // gone in the meantime, or not for us to see: not provably ours
  }
}
