import type { FileHandle } from 'node:fs/promises';
import { expect } from 'chai';
import { readFully } from '../src/read-fully.ts';

/** A file of which the system returns at most three bytes per read. */
function slowFile(content: Buffer): FileHandle {
  const read = async (into: Uint8Array, offset: number, length: number, position: number) => {
    const piece = content.subarray(position, position + Math.min(length, 3));
    into.set(piece, offset);
    return { bytesRead: piece.length, buffer: into };
  };
  return { read } as unknown as FileHandle;
}

describe('readFully', () => {
  const file = slowFile(Buffer.from('0123456789'));

  it('continues until the buffer is full', async () => {
    const into = Buffer.alloc(7);
    expect(await readFully(file, into, 2)).to.equal(7);
    expect(into.toString()).to.equal('2345678');
  });

  it('returns the number of bytes if the file ends before', async () => {
    const into = Buffer.alloc(7);
    expect(await readFully(file, into, 8)).to.equal(2);
    expect(into.toString('latin1')).to.equal('89\0\0\0\0\0');
    expect(await readFully(file, into, 10)).to.equal(0);
  });
});
