import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Corruption, findCorruption, invalidateBlock } from '../../src/store/corruption.ts';
import { crc32c, maskedCrc } from '../../src/store/crc32c.ts';
import { snappyDecompress } from '../../src/store/snappy.ts';
import { Store } from '../../src/store/store.ts';
import { temporaryFolder } from './temporary.ts';

describe('crc32c', () => {
  it('matches RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789'))).to.equal(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).to.equal(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).to.equal(0x62a8ab43);
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))).to.equal(0x46dd794e);
    expect(crc32c(Buffer.alloc(0))).to.equal(0);
  });

  it('detects every flipped bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (bytes, place) => {
        const before = maskedCrc(crc32c(bytes));
        bytes[place % bytes.length]! ^= 1 << (place % 8);
        expect(maskedCrc(crc32c(bytes))).to.not.equal(before);
      }),
    );
  });
});

describe('snappyDecompress', () => {
  it('copies earlier output, also beyond its own end', () => {
    const packed = Buffer.from([12, 0x04, 0x61, 0x62, 0x15, 2, 0x00, 0x63]); // ab, nine bytes from two back, c
    expect(snappyDecompress(packed).toString()).to.equal('abababababac');
  });

  it('throws a RangeError or returns bytes, for any input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(snappyDecompress(bytes).length).to.be.at.most(64 * bytes.length);
        } catch (error) {
          expect(error).to.be.instanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('findCorruption', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let table: string;

  const found = async () => {
    const all: Corruption[] = [];
    for await (const damage of findCorruption(folder.path)) all.push(damage);
    return all;
  };

  before(async () => {
    folder = await temporaryFolder();
    const store = await Store.inFolder(folder.path);
    await store.open();
    const entries = Array.from({ length: 3000 }, (_, i) => [`k/${i}`, JSON.stringify({ i, text: 'gold '.repeat(10) })]);
    await store.write(
      entries.map(([key, value]) => ({ type: 'put', key: key!, value: value! })),
      { sync: true },
    );
    await store.close();
    await store.open(); // writes a table from the log
    await store.close();
    table = (await readdir(folder.path)).find((name) => name.endsWith('.ldb'))!;
  });

  after(() => folder.remove());

  it('finds nothing in files of LevelDB', async () => {
    let bytes = 0;
    for await (const damage of findCorruption(folder.path, (more) => (bytes += more)))
      expect.fail(JSON.stringify(damage));
    expect(bytes).to.be.above(20_000);
  });

  it('finds a flipped bit anywhere in a table', async () => {
    const path = join(folder.path, table);
    const whole = await readFile(path);
    try {
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (place, bit) => {
          // The footer is padded with zeros that nobody reads.
          fc.pre(place < whole.length - 48 || place >= whole.length - 8);
          const bytes = Buffer.from(whole);
          bytes[place]! ^= 1 << bit;
          await writeFile(path, bytes);
          const [damage, ...more] = await found();
          expect(damage!.file).to.equal(table);
          expect(more).to.deep.equal([]);
          if (damage!.what === 'block') expect(place).to.be.within(damage!.offset, damage!.offset + damage!.length + 4);
        }),
        { numRuns: 100 },
      );
    } finally {
      await writeFile(path, whole);
    }
  });

  it('reports tables and logs with any content and of any length', async () => {
    const strange = await temporaryFolder();
    const footer = Buffer.from('57fb808b247547db', 'hex');
    try {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, ends) => {
          await writeFile(join(strange.path, '000001.ldb'), ends ? Buffer.concat([bytes, footer]) : bytes);
          await writeFile(join(strange.path, '000002.log'), bytes);
          let tables = 0;
          for await (const { what } of findCorruption(strange.path)) if (what === 'table') tables += 1;
          expect(tables).to.equal(1);
        }),
        { numRuns: 200 },
      );
    } finally {
      await strange.remove();
    }
  });

  it('ignores files that the store no longer uses; a missing table is damage', async () => {
    const left = join(folder.path, '000999.ldb');
    await writeFile(left, 'the beginning of a table');
    expect(await found()).to.deep.equal([]);
    await rm(left);
    await rename(join(folder.path, table), left);
    expect(await found()).to.deep.equal([{ file: table, offset: 0, length: 0, what: 'missing table' }]);
    await rename(left, join(folder.path, table));
  });

  it('is also refused by LevelDB itself', async () => {
    const path = join(folder.path, table);
    const whole = await readFile(path);
    const bytes = Buffer.from(whole);
    bytes[1000]! ^= 1;
    await writeFile(path, bytes);
    const [damage] = await found();
    expect(damage!.what).to.equal('block');
    await invalidateBlock(folder.path, damage!);
    const store = await Store.inFolder(folder.path);
    await store.open();
    let unread = 0;
    for (let i = 0; i < 3000; i++) {
      try {
        expect(JSON.parse(store.get(`k/${i}`)!)).to.include({ i });
      } catch (failure) {
        expect(failure).to.include({ code: 'STORE_FAILED' });
        unread += 1;
      }
    }
    expect(unread).to.be.within(10, 500);
    await store.close();
    await writeFile(path, whole);
  });
});
