import { once } from 'node:events';
import { Failure } from '../domain/failure.ts';
import type { SafeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';
import { describeWriteError, PrivateFile } from '../private-file.ts';

/** Where a command writes much text to: standard output or a new file. */
export interface Output {
  /** Resolves when more is welcome. */
  write(text: SafeText): Promise<void>;
  /** What was written is whole. @throws Failure INVALID_REQUEST */
  end(): Promise<void>;
  /** It is not, and nothing of it shall stay. */
  abandon(): Promise<void>;
}

export const standardOutput: Output = {
  async write(text) {
    if (!writeText(process.stdout, text)) await once(process.stdout, 'drain');
  },
  async end() {},
  async abandon() {},
};

/**
 * A file of 0600 that comes into being when it is whole.
 * @throws Failure INVALID_REQUEST when there is one already and `force` is not given, or it cannot be written
 */
export async function fileOutput(path: string, { force }: { force: boolean }): Promise<Output> {
  const orFailure = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw outputFailure(path, cause, 'Name another one, or add --force.');
    }
  };
  const file = await orFailure(() => PrivateFile.create(path, { replace: force }));
  return {
    write: (text) => orFailure(() => file.write(text)),
    async end() {
      await orFailure(() => file.commit());
    },
    abandon: () => file.abandon(),
  };
}

/**
 * Why a file that the user named cannot be written.
 * @param whenTaken what to do where there is one of that name, as a sentence
 */
export function outputFailure(path: string, cause: unknown, whenTaken: string): Failure {
  if (cause instanceof Failure) return cause;
  const why =
    (cause as NodeJS.ErrnoException).code === 'EEXIST'
      ? `exists already. ${whenTaken}`
      : `cannot be written: ${describeWriteError(cause)}.`;
  return new Failure('INVALID_REQUEST', `The file ${path} ${why}`, { cause, data: { file: path } });
}
