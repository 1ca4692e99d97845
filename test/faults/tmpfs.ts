import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { skip } from '../skip.ts';

const run = promisify(execFile);

/** A separate small file system; if none can be mounted, the test is skipped. */
export async function mountTmpfs(
  context: Mocha.Context,
  megabytes: number,
): Promise<{ readonly path: string; unmount(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'goldctl-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', path]);
  } catch {
    await rm(path, { recursive: true });
    skip(context, 'no small file system can be mounted here: that takes root on Linux');
  }
  return {
    path,
    async unmount() {
      await run('umount', ['--lazy', path]);
      await rm(path, { recursive: true });
    },
  };
}
