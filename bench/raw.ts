import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerOf } from './child.ts';
import type { Effort } from './figure.ts';

export interface WriteSize {
  readonly key: string;
  readonly length: number;
}

export interface Appending {
  readonly perSecond: number;
  readonly recordsABatch: number;
  /** The last batch. */
  readonly writes: readonly WriteSize[];
}

export const POST_TEXT = 'Gold at the counter in Hanoi is up again this morning: 152.3 million dong a tael.';

/** Posts appended to a new journal by several writers. */
export function appends(writers: number, effort: Effort): Promise<Appending> {
  return inFolder((folder) => answerOf<Appending>('journal', { folder, writers, text: POST_TEXT, ...lengths(effort) }));
}

/** Records per second if classic-level alone writes the same batches as these appends. */
export async function rawBatches(
  { recordsABatch, writes }: Pick<Appending, 'recordsABatch' | 'writes'>,
  effort: Effort,
): Promise<number> {
  const once = writes.filter(({ key }) => !/\d+$/.test(key));
  // The keys of one record: the newest of each kind.
  const kinds = new Map(writes.filter(({ key }) => /\d+$/.test(key)).map((write) => [write.key.slice(0, 2), write]));
  const measured = await inFolder((folder) =>
    answerOf<{ perSecond: number }>('raw-batches', {
      folder,
      recordsABatch,
      record: [...kinds.values()],
      once,
      ...lengths(effort),
    }),
  );
  return measured.perSecond;
}

export function lengths(effort: Effort): { warmUpMs: number; measureMs: number } {
  return { warmUpMs: effort.warmUp * 1000, measureMs: effort.seconds * 1000 };
}

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
