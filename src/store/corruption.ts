import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openForUpdate } from '../private-file.ts';
import { readFully } from '../read-fully.ts';
import { crc32c, maskedCrc } from './crc32c.ts';
import { readManifest } from './manifest.ts';
import { snappyDecompress } from './snappy.ts';

/** A part of a LevelDB file that differs from what was written. */
export interface Corruption {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly what: 'block' | 'table' | 'log' | 'end of log' | 'missing table';
}

const BLOCK_TRAILER_BYTES = 5; // one byte for the compression, four for the checksum
const FOOTER_BYTES = 48;
const FOOTER_MAGIC = Buffer.from([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]);
const LOG_BLOCK_BYTES = 32_768;
const LOG_HEADER_BYTES = 7;
/** LevelDB ends a block at 4 KiB or after the entry that crosses it, and no entry is nearly this long. */
const MAX_BLOCK_BYTES = 256 * 1024 * 1024;

export function isTableFile(name: string): boolean {
  return /^\d+\.(ldb|sst)$/.test(name);
}

/**
 * Verifies the checksums of every file of a closed store. LevelDB verifies those of its logs when it opens, but never
 * those of its tables, and `level` has no option to enable that.
 * @param onBytes reports progress
 * @throws errors of the file system
 */
export async function* findCorruption(
  folder: string,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<Corruption> {
  const live = await readManifest(folder);
  const names = (await readdir(folder)).sort();
  const missing = new Set(live?.tables);
  for (const name of names) {
    const isLog = /^(\d+\.log|MANIFEST-\d+)$/.test(name);
    if (!isLog && !isTableFile(name)) continue;
    const number = Number.parseInt(name, 10);
    missing.delete(number);
    // A killed process leaves obsolete files, which the next open removes.
    if (live && (isLog ? number < live.firstLogNumber : !live.tables.has(number))) continue;
    const handle = await open(join(folder, name));
    try {
      const { size } = await handle.stat();
      yield* isLog ? findLogCorruption(name, handle, size, onBytes) : findTableCorruption(name, handle, size, onBytes);
    } finally {
      await handle.close();
    }
  }
  for (const number of missing) {
    yield { file: `${String(number).padStart(6, '0')}.ldb`, offset: 0, length: 0, what: 'missing table' };
  }
}

async function* findTableCorruption(
  file: string,
  handle: FileHandle,
  size: number,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Corruption> {
  const wholeFile: Corruption = { file, offset: 0, length: size, what: 'table' };
  const footer = size < FOOTER_BYTES ? undefined : await readBytes(handle, size - FOOTER_BYTES, FOOTER_BYTES);
  if (!footer?.subarray(-8).equals(FOOTER_MAGIC)) return yield wholeFile;
  const blocks: BlockHandle[] = [];
  try {
    const [metaindex, indexOffset] = readBlockHandle(footer, 0);
    const [index] = readBlockHandle(footer, indexOffset);
    const entries = await readBlock(handle, index, size);
    const metaEntries = await readBlock(handle, metaindex, size); // such as a filter
    if (!entries || !metaEntries) return yield wholeFile;
    blocks.push(...readIndexBlock(entries), ...readIndexBlock(metaEntries));
  } catch (error) {
    if (error instanceof RangeError) return yield wholeFile;
    throw error;
  }
  for (const block of blocks) {
    const bytes = await readRawBlock(handle, block, size);
    if (!bytes || !hasValidChecksum(bytes)) yield { file, ...block, what: 'block' };
    onBytes(block.length + BLOCK_TRAILER_BYTES);
  }
}

interface BlockHandle {
  readonly offset: number;
  readonly length: number;
}

/** Yields the handle of each data block. */
function* readIndexBlock(block: Buffer): Generator<BlockHandle> {
  if (block.length < 4) throw new RangeError('block too short');
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4);
  for (let at = 0; at < end; ) {
    const [, keyLengthAt] = readVarint(block, at); // skips the length of the shared prefix
    const [keyLength, valueLengthAt] = readVarint(block, keyLengthAt);
    const [valueLength, keyAt] = readVarint(block, valueLengthAt);
    const valueAt = keyAt + keyLength;
    yield readBlockHandle(block, valueAt)[0];
    at = valueAt + valueLength;
  }
}

function readBlockHandle(bytes: Uint8Array, at: number): [BlockHandle, next: number] {
  const [offset, next] = readVarint(bytes, at);
  const [length, end] = readVarint(bytes, next);
  return [{ offset, length }, end];
}

function readVarint(bytes: Uint8Array, from: number): [value: number, next: number] {
  let value = 0;
  for (let at = from, scale = 1; at < bytes.length && at < from + 8; at++, scale *= 128) {
    value += (bytes[at]! & 0x7f) * scale;
    if (bytes[at]! < 0x80) return [value, at + 1];
  }
  throw new RangeError('invalid number');
}

async function readBlock(handle: FileHandle, blockHandle: BlockHandle, size: number): Promise<Buffer | undefined> {
  const bytes = await readRawBlock(handle, blockHandle, size);
  if (!bytes || !hasValidChecksum(bytes)) return undefined;
  const content = bytes.subarray(0, blockHandle.length);
  return bytes[blockHandle.length] === 1 ? snappyDecompress(content) : content;
}

async function readRawBlock(
  handle: FileHandle,
  { offset, length }: BlockHandle,
  size: number,
): Promise<Buffer | undefined> {
  if (length > MAX_BLOCK_BYTES || offset + length + BLOCK_TRAILER_BYTES > size) return undefined;
  return readBytes(handle, offset, length + BLOCK_TRAILER_BYTES);
}

function hasValidChecksum(bytes: Buffer): boolean {
  return maskedCrc(crc32c(bytes.subarray(0, -4))) === bytes.readUInt32LE(bytes.length - 4);
}

async function* findLogCorruption(
  file: string,
  handle: FileHandle,
  size: number,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Corruption> {
  for (let start = 0; start < size; start += LOG_BLOCK_BYTES) {
    const length = Math.min(LOG_BLOCK_BYTES, size - start);
    const block = await readBytes(handle, start, length);
    const isLast = start + length === size;
    for (let at = 0; at + LOG_HEADER_BYTES <= block.length; ) {
      const count = block.readUInt16LE(at + 4);
      const type = block[at + 6]!;
      const end = at + LOG_HEADER_BYTES + count;
      if (type === 0 && count === 0) break; // preallocated, unused space
      if (end > block.length) {
        // At the end of the file it is an incomplete write, which was never acknowledged.
        if (!isLast) yield { file, offset: start + at, length: block.length - at, what: 'log' };
        break;
      }
      if (maskedCrc(crc32c(block.subarray(at + 6, end))) !== block.readUInt32LE(at)) {
        // The length cannot be trusted either, so LevelDB skips the rest of the block.
        yield { file, offset: start + at, length: block.length - at, what: isLast ? 'end of log' : 'log' };
        break;
      }
      at = end;
    }
    onBytes(length);
  }
}

async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await readFully(handle, bytes, position); // it may have become shorter
  return bytes;
}

/**
 * Makes LevelDB reject a damaged block, which it would otherwise return as it is, by writing an unknown compression
 * type. Changes the file, so it must not be shared with the original.
 */
export async function invalidateBlock(folder: string, { file, offset, length, what }: Corruption): Promise<void> {
  if (what !== 'block') return;
  const handle = await openForUpdate(join(folder, file));
  try {
    await handle.write(Buffer.from([0x7f]), 0, 1, offset + length);
  } finally {
    await handle.close();
  }
}
