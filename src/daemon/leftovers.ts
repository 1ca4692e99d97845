import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Home } from '../home.ts';
import { isAbandoned, removeTemporaryFiles } from '../private-file.ts';
import type { Log } from '../rates/log.ts';

/** What LevelDB has in a folder. */
const STORE_FILE = /^(?:CURRENT|LOCK|LOG(?:\.old)?|MANIFEST-\d+|\d+\.(?:ldb|sst|log|dbtmp))$/;
/** What `goldctl restore` and `goldctl migrate` append to the data folder's name, with their process. */
const DRAFT = /^\.(?:restoring|migrating)-(\d{1,10})(?:-[a-z0-9]{1,8})?$/;
/** What `goldctl check` and `goldctl repair` have in theirs. */
const SCRATCH_FOLDERS = new Set(['lock', 'data', 'view', 'made']);

/**
 * Removes from a home what backups, restores, repairs and daemons left that were killed: each would be another copy of all
 * that the room knows. What is not certainly goldctl's own stays: names, owner, content and process are looked at.
 *
 * The caller has the data folder open: so no check, repair or migration of this home runs.
 */
export async function removeLeftovers(home: Home, log: Log): Promise<void> {
  try {
    const removed = [...(await removeFiles(home)), ...(await removeCopies(home))];
    if (removed.length === 0) return;
    log.info({ event: 'home.leftovers', removed }, 'left-over files of processes that were killed are removed');
  } catch (error) {
    log.warn(
      { event: 'home.leftovers', err: error },
      'left-over files of processes that were killed cannot be removed',
    );
  }
}

async function removeFiles(home: Home): Promise<string[]> {
  const { root, configFile, logFile, tlsFolder, dataFolder } = home;
  const config = dirname(configFile);
  const removed: string[] = [];
  for (const folder of new Set([root, config, join(config, 'shares'), dirname(logFile), tlsFolder, dataFolder])) {
    const names = await removeTemporaryFiles(folder).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return [];
      throw cause;
    });
    removed.push(...names.map((name) => join(folder, name)));
  }
  return removed;
}

async function removeCopies({ dataFolder, repairedFolder }: Home): Promise<string[]> {
  const parent = dirname(dataFolder);
  const data = basename(dataFolder);
  const removed: string[] = [];
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const stats = await lstat(path).catch(() => undefined); // whoever made it removes it at this moment
    if (!stats?.isDirectory()) continue;
    const pid = name.startsWith(data) ? DRAFT.exec(name.slice(data.length))?.[1] : undefined;
    const isScratch = /^\.(?:check|repair)-[A-Za-z0-9]{6}$/.test(name);
    if (pid === undefined && !isScratch && path !== repairedFolder) continue;
    if (!isAbandoned(stats, pid === undefined ? undefined : Number(pid))) continue;
    const names = await readdir(path);
    if (!names.every((each) => (isScratch ? SCRATCH_FOLDERS.has(each) : STORE_FILE.test(each)))) continue;
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  }
  return removed;
}
