import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, truncateSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { AppError } from '../../src/domain/app-error.ts';
import { BLOCK_BYTES, blockLength, countBlocks, hashFile, hashLeaf, merkleRoot } from '../../src/peer/hash-tree.ts';

/** As defined in RFC 6962, section 2.1. */
function merkle(entries: readonly Buffer[]): Buffer {
  if (entries.length === 0) return createHash('sha256').digest();
  if (entries.length === 1) return createHash('sha256').update(Buffer.of(0)).update(entries[0]!).digest();
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  const [left, right] = [merkle(entries.slice(0, k)), merkle(entries.slice(k))];
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

describe('merkle tree', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-hash-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('equals the tree of RFC 6962', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 40 }), (arrays) => {
        const entries = arrays.map((array) => Buffer.from(array));
        expect(merkleRoot(Buffer.concat(entries.map(hashLeaf))).equals(merkle(entries))).to.equal(true);
      }),
    );
  });

  it('matches the test vectors of Certificate Transparency', () => {
    const entries = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ];
    const leaves = Buffer.concat(entries.map((entry) => hashLeaf(Buffer.from(entry, 'hex'))));
    expect(merkleRoot(leaves).toString('hex')).to.equal(
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    );
    expect(merkleRoot(Buffer.alloc(0)).toString('hex')).to.equal(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  for (const size of [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 33 * BLOCK_BYTES + 12_345]) {
    it(`hashes a file of ${size} bytes`, async () => {
      const content = randomBytes(size);
      const file = join(folder, `${size}`);
      await writeFile(file, content);
      const told: number[] = [];
      const hashed = await hashFile(file, { onProgress: (bytes) => told.push(bytes) });
      const entries = Array.from({ length: countBlocks(size) }, (_, i) => {
        return content.subarray(i * BLOCK_BYTES, i * BLOCK_BYTES + blockLength(size, i));
      });
      expect(hashed.root).to.equal(merkle(entries).toString('hex'));
      expect(hashed.size).to.equal(size);
      expect(told.at(-1) ?? 0).to.equal(size);
    });
  }

  it('detects a file that grows or shrinks while it is read', async () => {
    for (const change of [(file: string) => appendFileSync(file, 'x'), (file: string) => truncateSync(file, 5)]) {
      const file = join(folder, 'changing');
      await writeFile(file, randomBytes(40 * BLOCK_BYTES));
      let changed = false;
      const hashing = hashFile(file, {
        onProgress: () => {
          if (!changed) change(file);
          changed = true;
        },
      });
      const error: AppError = await hashing.then(
        () => expect.fail(),
        (failure) => failure,
      );
      expect(error.code).to.equal('GONE');
    }
  });

  it('stops on abort, and reports a missing file', async () => {
    const file = join(folder, 'long');
    await writeFile(file, randomBytes(40 * BLOCK_BYTES));
    const abort = new AbortController();
    const hashing = hashFile(file, { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) });
    expect(
      await hashing.then(
        () => expect.fail(),
        (error: Error) => error.message,
      ),
    ).to.equal('enough');
    for (const missing of [join(folder, 'nothing'), folder]) {
      const error: AppError = await hashFile(missing).then(
        () => expect.fail(),
        (failure) => failure,
      );
      expect(error.code).to.equal('NO_SUCH_FILE');
    }
  });
});
