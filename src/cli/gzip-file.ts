import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { AppError } from '../domain/app-error.ts';
import { PrivateFile } from '../private-file.ts';
import { outputError } from './export-output.ts';

export interface GzipFileOptions {
  /** Replace an existing file. */
  readonly force: boolean;
  /** Cancels writing and removes the partial file. */
  readonly signal?: AbortSignal;
}

/**
 * Writes gzipped text to a file with mode 0600 that appears only when it is complete and synced; on an error (a full disk)
 * nothing remains. Without `force`, an existing file is never replaced, even if it appeared in the meantime.
 * @returns the size of the file in bytes
 * @throws AppError INVALID_REQUEST, CONNECTION_ENDED if canceled, and what `text` throws
 */
export async function writeGzipAtomic(
  path: string,
  text: AsyncIterable<string>,
  { force, signal }: GzipFileOptions,
): Promise<number> {
  let file: PrivateFile | undefined;
  try {
    const created = await PrivateFile.create(path, { replace: force });
    file = created;
    const write = async (packed: AsyncIterable<Buffer>) => {
      for await (const chunk of packed) await created.write(chunk);
    };
    await pipeline(text, createGzip(), write, signal ? { signal } : {});
    return await created.commit();
  } catch (thrown) {
    if (!(thrown instanceof AppError) && signal?.aborted) {
      throw new AppError('CONNECTION_ENDED', 'Canceled. Nothing was written.');
    }
    throw outputError(path, thrown, 'Choose another name, or add --force.');
  } finally {
    await file?.discard();
  }
}
