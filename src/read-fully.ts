import type { FileHandle } from 'node:fs/promises';

/** Reads until `into` is full or the file ends, because a single read can return less. @returns bytes read */
export async function readFully(handle: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let read = 0;
  while (read < into.length) {
    const { bytesRead } = await handle.read(into, read, into.length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return read;
}
