import { rmSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { daemonStatus } from '../daemon/lifecycle.ts';
import { isOurs, readPidFile } from '../daemon/pidfile.ts';
import { Failure } from '../domain/failure.ts';
import { type Home, openHome } from '../home.ts';
import { isAlive } from '../is-alive.ts';

/** The process that made a home is in its name: nothing in the folder has to be trusted to know whose it is. */
const NAME = /^goldctl-demo-(\d{1,10})-/;
/** A demo's daemon answers by then, so one that does not has none, whoever has its number now. */
const STARTING_MS = 10 * 60_000;
const REMOVAL = { recursive: true, force: true, maxRetries: 3 } as const;

/** A home of this process, in the folder for temporary files; nobody else can look into it. */
export async function makeTemporaryHome(parent = tmpdir()): Promise<Home> {
  try {
    return await openHome({ GOLDCTL_HOME: await mkdtemp(join(parent, `goldctl-demo-${process.pid}-`)) });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('STORE_FAILED', `A folder for the demo cannot be made in ${parent} (${code}).`, { cause });
  }
}

export async function removeTemporaryHome(home: Home): Promise<void> {
  for (const folder of foldersOf(home)) await rm(folder, REMOVAL);
}

/** The same for a process that is about to exit. */
export function removeTemporaryHomeNow(home: Home): void {
  for (const folder of foldersOf(home)) rmSync(folder, REMOVAL);
}

/** The folder, and that of a control socket whose path would have been too long in it. */
function foldersOf(home: Home): string[] {
  const socketFolder = dirname(home.controlSocket);
  return process.platform === 'win32' || socketFolder === home.root ? [home.root] : [home.root, socketFolder];
}

/** Removes what demos left behind that were killed. @returns the folders that are gone */
export async function sweepTemporaryHomes(parent = tmpdir()): Promise<string[]> {
  const swept: string[] = [];
  for (const name of await readdir(parent)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined) continue;
    const root = join(parent, name);
    try {
      const stats = await lstat(root);
      if (!stats.isDirectory() || stats.uid !== (process.getuid?.() ?? stats.uid)) continue;
      if (isAlive(Number(pid)) && Date.now() - stats.ctimeMs < STARTING_MS) continue;
      const home = await openHome({ GOLDCTL_HOME: root });
      if (await isServed(home)) continue;
      await removeTemporaryHome(home);
      swept.push(root);
    } catch {
      // Somebody else sweeps as well, or may: tidiness keeps no demo from starting.
    }
  }
  return swept;
}

/** Whether a daemon is there. One of a demo lives no longer than the demo does. */
async function isServed(home: Home): Promise<boolean> {
  try {
    await daemonStatus(home);
    return true;
  } catch (thrown) {
    if (Failure.from(thrown).code !== 'NO_DAEMON') return true;
    const record = await readPidFile(home);
    return record !== undefined && isAlive(record.pid) && (await isOurs(record));
  }
}
