import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';

const CHUNK = 64 * 1024;

/**
 * The bytes of a file, of standard input for `-`, and how many they are where that is known.
 * @throws Failure INVALID_REQUEST, at once or while they are read
 */
export async function openInput(
  file: string,
): Promise<{ readonly bytes: AsyncIterable<Uint8Array>; readonly size: number | undefined }> {
  if (file === '-') return { bytes: read(process.stdin, 'standard input'), size: undefined };
  try {
    const { size } = await stat(file);
    return {
      bytes: read(createReadStream(file, { highWaterMark: CHUNK }), `the file ${file}`),
      size: size || undefined,
    };
  } catch (cause) {
    throw unreadable(`the file ${file}`, cause);
  }
}

async function* read(stream: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function unreadable(name: string, cause: unknown): Failure {
  const { code } = cause as NodeJS.ErrnoException;
  const why = code === 'EISDIR' ? 'it is a folder' : code === 'ENOENT' ? 'there is none' : (code ?? 'it failed');
  return new Failure('INVALID_REQUEST', `Could not read ${name}: ${why}.`, { cause });
}
