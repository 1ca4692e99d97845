import { once } from 'node:events';
import { AppError } from '../domain/app-error.ts';
import type { SafeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';
import { describeWriteError, PrivateFile } from '../private-file.ts';

/** Destination of large output: standard output or a new file. */
export interface ExportOutput {
  /** Resolves when the output is ready for more. */
  write(text: SafeText): Promise<void>;
  /** @throws AppError INVALID_REQUEST */
  commit(): Promise<void>;
  /** Discards incomplete output. */
  abandon(): Promise<void>;
}

export const standardOutput: ExportOutput = {
  async write(text) {
    if (!writeText(process.stdout, text)) await once(process.stdout, 'drain');
  },
  async commit() {},
  async abandon() {},
};

/**
 * A file with mode 0600 that appears only when it is complete.
 * @throws AppError INVALID_REQUEST if it exists and `force` is not given, or if it cannot be written
 */
export async function openFileOutput(path: string, { force }: { force: boolean }): Promise<ExportOutput> {
  const orFailure = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw outputError(path, cause, 'Choose another name, or add --force.');
    }
  };
  const file = await orFailure(() => PrivateFile.create(path, { replace: force }));
  return {
    write: (text) => orFailure(() => file.write(text)),
    async commit() {
      await orFailure(() => file.commit());
    },
    abandon: () => file.discard(),
  };
}

/** Explains why a file cannot be written. @param whenTaken advice if the file exists, as a sentence */
export function outputError(path: string, cause: unknown, whenTaken: string): AppError {
  if (cause instanceof AppError) return cause;
  const why =
    (cause as NodeJS.ErrnoException).code === 'EEXIST'
      ? `already exists. ${whenTaken}`
      : `cannot be written: ${describeWriteError(cause)}.`;
  return new AppError('INVALID_REQUEST', `The file ${path} ${why}`, { cause, data: { file: path } });
}
