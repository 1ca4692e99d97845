import { lstat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessAlive } from '../process-alive.ts';
import { BlockStateFile } from './block-state-file.ts';

/** The owner of a state file updates it this often. */
export const LOCK_HEARTBEAT_MS = 10_000;
/** Without a heartbeat for this long, the lock is stale even if the owner's pid has been reused. */
const LOCK_TTL_MS = 30_000;
/** A peer process that is exiting closes its transfers first. */
const OWNER_EXIT_WAIT_MS = 5000;
const OWNER_EXIT_POLL_MS = 50;

/** State files in use by this process. Their pid alone does not distinguish two transfers of one process. */
const ownStateFiles = new Set<string>();

/** @returns false when another transfer of this process uses the state file */
export function lockInProcess(stateFile: string): boolean {
  if (ownStateFiles.has(stateFile)) return false;
  ownStateFiles.add(stateFile);
  return true;
}

export function unlockInProcess(stateFile: string): void {
  ownStateFiles.delete(stateFile);
}

export async function isLocked(stateFile: string): Promise<boolean> {
  return ownStateFiles.has(stateFile) || (await isLockedByOther(stateFile));
}

/** Waits for an owner that is exiting because its client was killed. @returns whether it still has the lock */
export async function waitForOwner(stateFile: string, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + OWNER_EXIT_WAIT_MS;
  while (performance.now() < deadline) {
    signal?.throwIfAborted();
    if (!(await isLockedByOther(stateFile))) return false;
    await sleep(OWNER_EXIT_POLL_MS);
  }
  return isLockedByOther(stateFile);
}

/** A state file with an incomplete header counts as locked while another process may still be creating it. */
async function isLockedByOther(stateFile: string): Promise<boolean> {
  const header = await BlockStateFile.readHeader(stateFile);
  if (header) {
    const isFresh = Date.now() - header.heartbeatAt < LOCK_TTL_MS;
    return header.pid !== process.pid && isFresh && isProcessAlive(header.pid);
  }
  const stats = await lstat(stateFile).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs < OWNER_EXIT_WAIT_MS;
}
