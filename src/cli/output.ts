import { once } from 'node:events';
import { access, type FileHandle, open, rename, rm } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';

/** Where a command writes much text to: standard output or a new file. */
export interface Output {
  /** Resolves when more is welcome. */
  write(text: string): Promise<void>;
  /** What was written is whole. @throws Failure INVALID_REQUEST */
  end(): Promise<void>;
  /** It is not, and nothing of it shall stay. */
  abandon(): Promise<void>;
}

export const standardOutput: Output = {
  async write(text) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  async end() {},
  async abandon() {},
};

/**
 * A file that comes into being when it is whole; until then it is `FILE.part` beside it.
 * @throws Failure INVALID_REQUEST when there is one already and `force` is not given, or it cannot be written
 */
export async function fileOutput(path: string, { force }: { force: boolean }): Promise<Output> {
  const part = `${path}.part`;
  const free = async () => {
    if (force || !(await exists(path))) return;
    throw new Failure('INVALID_REQUEST', `The file ${path} exists already. Name another one, or add --force.`);
  };
  const told = async <T>(does: () => Promise<T>): Promise<T> => {
    try {
      return await does();
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      throw new Failure('INVALID_REQUEST', `The file ${path} cannot be written (${code}).`, { cause });
    }
  };
  await free();
  const file: FileHandle = await told(() => open(part, 'w'));
  return {
    write: (text) =>
      told(async () => {
        await file.writeFile(text);
      }),
    end: () =>
      told(async () => {
        await file.close();
        await free();
        await rename(part, path);
      }),
    async abandon() {
      await file.close().catch(() => {});
      await rm(part, { force: true });
    },
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
