import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DiskReserve } from '../../src/store/disk-reserve.ts';
import { mountTmpfs } from '../faults/tmpfs.ts';

const MIB = 1024 * 1024;

describe('DiskReserve', () => {
  it('is created if there is ample space, released only on a full disk, and complete or absent', async function () {
    const disk = await mountTmpfs(this, 20);
    try {
      const reserve = new DiskReserve(disk.path, MIB);
      await new DiskReserve(disk.path, 2 * MIB).createIfRoom(); // 32 MiB would be ample
      expect(await readdir(disk.path)).to.deep.equal([]);
      await reserve.createIfRoom();
      expect((await stat(join(disk.path, 'reserve'))).size).to.equal(MIB);
      expect(await reserve.release()).to.equal(false); // there is space

      await writeFile(join(disk.path, 'ballast'), Buffer.alloc(20 * MIB, 1)).catch(() => {});
      await reserve.createIfRoom();
      expect(await reserve.release()).to.equal(true);
      expect(await readdir(disk.path)).to.deep.equal(['ballast']);
      expect(await reserve.release()).to.equal(false);

      await writeFile(join(disk.path, 'more'), Buffer.alloc(MIB / 2, 1));
      const thrown = await reserve.create().catch((thrown) => thrown);
      expect(thrown).to.include({ code: 'ENOSPC' });
      expect((await readdir(disk.path)).sort()).to.deep.equal(['ballast', 'more']);
    } finally {
      await disk.unmount();
    }
  });
});
