import { rmSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fetchDaemonStatus } from '../daemon/lifecycle.ts';
import { isDaemonProcess, readPidFile } from '../daemon/pid-file.ts';
import { AppError } from '../domain/app-error.ts';
import { type HomeDirectory, resolveHome } from '../home-directory.ts';
import { isProcessAlive } from '../process-alive.ts';

/** The name contains the creator's pid, so that the contents need not be trusted to find the owner. */
const DEMO_FOLDER_PATTERN = /^goldctl-demo-(\d{1,10})-/;
/** After this time, a demo without a responding daemon is dead, even if its pid is in use again. */
const MAX_STARTUP_MS = 10 * 60_000;
const REMOVE_OPTIONS = { recursive: true, force: true, maxRetries: 3 } as const;

/** Creates a private home of this process in the temporary folder. */
export async function makeTemporaryHome(parent = tmpdir()): Promise<HomeDirectory> {
  try {
    return await resolveHome({ GOLDCTL_HOME: await mkdtemp(join(parent, `goldctl-demo-${process.pid}-`)) });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('STORE_FAILED', `Cannot create a folder for the demo in ${parent} (${code}).`, { cause });
  }
}

export async function removeTemporaryHome(home: HomeDirectory): Promise<void> {
  for (const folder of homeFolders(home)) await rm(folder, REMOVE_OPTIONS);
}

/** Synchronous, for a process that is about to exit. */
export function removeTemporaryHomeNow(home: HomeDirectory): void {
  for (const folder of homeFolders(home)) rmSync(folder, REMOVE_OPTIONS);
}

/** The home, and the folder of the control socket if its path would be too long inside of the home. */
function homeFolders(home: HomeDirectory): string[] {
  const socketFolder = dirname(home.controlSocket);
  return process.platform === 'win32' || socketFolder === home.root ? [home.root] : [home.root, socketFolder];
}

/** Removes the homes of killed demos. @returns the removed folders */
export async function sweepTemporaryHomes(parent = tmpdir()): Promise<string[]> {
  const swept: string[] = [];
  for (const name of await readdir(parent)) {
    const pid = DEMO_FOLDER_PATTERN.exec(name)?.[1];
    if (pid === undefined) continue;
    const root = join(parent, name);
    try {
      const stats = await lstat(root);
      if (!stats.isDirectory() || stats.uid !== (process.getuid?.() ?? stats.uid)) continue;
      if (isProcessAlive(Number(pid)) && Date.now() - stats.ctimeMs < MAX_STARTUP_MS) continue;
      const home = await resolveHome({ GOLDCTL_HOME: root });
      if (await hasRunningDaemon(home)) continue;
      await removeTemporaryHome(home);
      swept.push(root);
    } catch {
      // Another process may be cleaning up too; a failure must not keep a demo from starting.
    }
  }
  return swept;
}

/** Whether a daemon runs. The daemon of a demo ends with the demo. */
async function hasRunningDaemon(home: HomeDirectory): Promise<boolean> {
  try {
    await fetchDaemonStatus(home);
    return true;
  } catch (thrown) {
    if (AppError.from(thrown).code !== 'NO_DAEMON') return true;
    const record = await readPidFile(home);
    return record !== undefined && isProcessAlive(record.pid) && (await isDaemonProcess(record));
  }
}
