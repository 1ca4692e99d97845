import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Logger } from '../domain/logger.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { isAbandoned, removeTemporaryFiles } from '../private-file.ts';

/** Files that LevelDB creates. */
const LEVELDB_FILE = /^(?:CURRENT|LOCK|LOG(?:\.old)?|MANIFEST-\d+|\d+\.(?:ldb|sst|log|dbtmp))$/;
/** What `goldctl restore` and `goldctl migrate` append to the name of the data folder, with their pid. */
const DRAFT_SUFFIX = /^\.(?:restoring|migrating)-(\d{1,10})(?:-[a-z0-9]{1,8})?$/;
/** Folders that `goldctl check` and `goldctl repair` create. */
const SCRATCH_FOLDERS = new Set(['lock', 'data', 'view', 'made']);

/**
 * Removes files that killed processes left in a home: each may be another copy of all data. Name, owner, content and
 * process are checked. The caller has the data folder open, so no check, repair or migration of this home is running.
 */
export async function removeLeftovers(home: HomeDirectory, log: Logger): Promise<void> {
  try {
    const removed = [...(await removeLeftoverFiles(home)), ...(await removeLeftoverFolders(home))];
    if (removed.length === 0) return;
    log.info({ event: 'home.leftovers', removed }, 'removed leftover files of killed processes');
  } catch (error) {
    log.warn({ event: 'home.leftovers', err: error }, 'leftover files of killed processes cannot be removed');
  }
}

async function removeLeftoverFiles(home: HomeDirectory): Promise<string[]> {
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

async function removeLeftoverFolders({ dataFolder, repairedFolder }: HomeDirectory): Promise<string[]> {
  const parent = dirname(dataFolder);
  const data = basename(dataFolder);
  const removed: string[] = [];
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const stats = await lstat(path).catch(() => undefined); // its owner is removing it right now
    if (!stats?.isDirectory()) continue;
    const pid = name.startsWith(data) ? DRAFT_SUFFIX.exec(name.slice(data.length))?.[1] : undefined;
    const isScratch = /^\.(?:check|repair)-[A-Za-z0-9]{6}$/.test(name);
    if (pid === undefined && !isScratch && path !== repairedFolder) continue;
    if (!isAbandoned(stats, pid === undefined ? undefined : Number(pid))) continue;
    const names = await readdir(path);
    if (!names.every((each) => (isScratch ? SCRATCH_FOLDERS.has(each) : LEVELDB_FILE.test(each)))) continue;
    await rm(path, { recursive: true, force: true });
    removed.push(path);
  }
  return removed;
}
