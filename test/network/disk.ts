import { readFile } from 'node:fs/promises';

const PRELOADED = new URL('watched-disk.js', import.meta.url).href;

/** Environment of a member whose disk is traced or slow. */
export function diskEnv(disk: { readonly trace?: string; readonly bytesPerSecond?: number }): NodeJS.ProcessEnv {
  const options = [process.env.NODE_OPTIONS, `--import=${PRELOADED}`].filter(Boolean).join(' ');
  return { NODE_OPTIONS: options, GOLDCTL_TEST_DISK: JSON.stringify(disk) };
}

/** What was written of partial files, by all processes of that trace, in order. */
export interface DiskTrace {
  readonly blocks: number;
  /** When each write of a block was done, in ms of the monotonic clock. */
  readonly times: readonly number[];
  /** Blocks that were written although the state already contained them. */
  readonly twice: readonly number[];
}

export async function readTrace(file: string): Promise<DiskTrace> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n'); // no trace if nothing was written
  const recorded = new Set<number>();
  const twice: number[] = [];
  const times: number[] = [];
  for (const line of lines) {
    const [what, block, at] = line.split(' ');
    if (what === 'recorded') recorded.add(Number(block));
    if (what !== 'content') continue;
    times.push(Number(at));
    if (recorded.has(Number(block))) twice.push(Number(block));
  }
  return { blocks: times.length, times, twice };
}

/** Now, in ms of the clock of traces. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
