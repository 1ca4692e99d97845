import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { AppError } from '../domain/app-error.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { writePrivateFileAtomic } from '../private-file.ts';
import type { StartOptions } from './start-options.ts';

/** The process that serves this home and its start options. Survives a crash, so that a restart can use the options. */
export interface PidRecord {
  readonly pid: number;
  readonly startedAt: number;
  readonly options: StartOptions;
}

export async function writePidFile(home: HomeDirectory, record: PidRecord): Promise<void> {
  await writePrivateFileAtomic(home.pidFile, `${JSON.stringify(record)}\n`);
}

/** Reads the file; undefined if it is missing or damaged: it is a hint, not proof. */
export async function readPidFile(home: HomeDirectory): Promise<PidRecord | undefined> {
  try {
    const written = JSON.parse(await readFile(home.pidFile, 'utf8')) as Partial<PidRecord> | null;
    const { pid, startedAt, options } = written ?? {};
    if (!Number.isSafeInteger(pid) || pid! <= 0 || typeof options !== 'object' || options === null) return undefined;
    return { pid: pid!, startedAt: Number(startedAt), options };
  } catch (cause) {
    if (cause instanceof SyntaxError || (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new AppError('STORE_FAILED', `${home.pidFile} cannot be read.`, { cause, data: { file: home.pidFile } });
  }
}

/** Removes the file, unless another process has replaced it. */
export async function removePidFile(home: HomeDirectory, pid: number): Promise<void> {
  if ((await readPidFile(home))?.pid === pid) await rm(home.pidFile, { force: true });
}

/**
 * Removes a stale control socket. The caller holds the lock of the data folder and is about to listen: no other daemon of
 * this home can be starting then. @throws AppError DATA_LOCKED if a process accepts the connection
 */
export async function removeStaleSocket(home: HomeDirectory): Promise<void> {
  if (process.platform === 'win32') return; // named pipes disappear with their process
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
    throw new AppError('DATA_LOCKED', `Another process listens on the control socket ${home.controlSocket}.`, {
      data: { socket: home.controlSocket, ...(code ? { cause: code } : {}) },
    });
  }
  await rm(home.controlSocket, { force: true });
}

/** Whether a process is the daemon that wrote the record, by its command line: pids are reused. */
export async function isDaemonProcess({ pid, options }: PidRecord): Promise<boolean> {
  const line = await readCommandLine(pid);
  if (line === undefined) return false;
  const found = /daemon[\\/]main\.[jt]s[\0 ]+(\{[^\0\n]*\})/.exec(line);
  if (!found) return false;
  try {
    return (JSON.parse(found[1]!) as StartOptions).home === options.home;
  } catch {
    return false; // braces of another program
  }
}

async function readCommandLine(pid: number): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return (await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    return undefined; // it has exited or is not visible to us, so it is not verified
  }
}
