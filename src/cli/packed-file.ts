import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Failure } from '../domain/failure.ts';
import { PrivateFile } from '../private-file.ts';
import { outputFailure } from './output.ts';

export interface PackedOptions {
  /** Replace a file that is there. */
  readonly force: boolean;
  /** Gives up; nothing of it stays. */
  readonly signal?: AbortSignal;
}

/**
 * Writes text, gzipped, into a file of 0600 that comes into being when it is whole and on the disk; when anything fails
 * (a full disk) nothing of it stays. Never over a file that is there without `force`, not even over one that came
 * meanwhile.
 * @returns bytes of the file
 * @throws Failure INVALID_REQUEST, CONNECTION_ENDED when it was given up, and what the text throws
 */
export async function writePacked(
  path: string,
  text: AsyncIterable<string>,
  { force, signal }: PackedOptions,
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
    if (!(thrown instanceof Failure) && signal?.aborted) {
      throw new Failure('CONNECTION_ENDED', 'It was given up: nothing was written.');
    }
    throw outputFailure(path, thrown, 'Name another one, or add --force.');
  } finally {
    await file?.abandon();
  }
}
