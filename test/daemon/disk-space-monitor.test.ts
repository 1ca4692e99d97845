import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DiskSpaceMonitor } from '../../src/daemon/disk-space-monitor.ts';
import type { AppError } from '../../src/domain/app-error.ts';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import { DiskReserve } from '../../src/store/disk-reserve.ts';
import { Store } from '../../src/store/store.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { mountTmpfs } from '../faults/tmpfs.ts';
import { memoryStore } from '../store/temporary.ts';

interface Line {
  readonly level: string;
  readonly event: unknown;
  readonly message: string;
}

class Lines {
  readonly all: Line[] = [];
  readonly debug = () => {};
  readonly info = this.#level('info');
  readonly warn = this.#level('warn');
  readonly error = this.#level('error');

  of(event: string): string[] {
    return this.all.filter((line) => line.event === event).map(({ level, message }) => `${level}: ${message}`);
  }

  #level(level: string) {
    return (fields: object, message: string) => {
      this.all.push({ level, event: (fields as { event?: unknown }).event, message });
    };
  }
}

describe('DiskSpaceMonitor', () => {
  it('warns once before the disk is full, and reports when there is space again', async function () {
    const disk = await mountTmpfs(this, 4);
    try {
      const log = new Lines();
      const space = new DiskSpaceMonitor({ folder: disk.path, log, lowBytes: 2 * 1024 * 1024 });
      await space.start();
      expect(space.isLow).to.equal(false);
      expect(space.freeBytes).to.equal(4 * 1024 * 1024);
      const ballast = join(disk.path, 'ballast');
      await writeFile(ballast, Buffer.alloc(3 * 1024 * 1024, 1));
      for (let i = 0; i < 3; i++) await space.check();
      expect(space.isLow).to.equal(true);
      await writeFile(ballast, Buffer.alloc(1.9 * 1024 * 1024, 1)); // too little above the threshold
      await space.check();
      expect(space.isLow).to.equal(true);
      await rm(ballast);
      await space.check();
      expect(space.isLow).to.equal(false);
      expect(log.of('space')).to.have.length(2);
      expect(log.of('space')[0]).to.match(/^warn: .* nearly full: 1 MiB/);
      expect(log.of('space')[1]).to.match(/^info: .* space again/);
      space.stop();
    } finally {
      await disk.unmount();
    }
  });

  it('continues if the system reports no free space', async () => {
    const space = new DiskSpaceMonitor({ folder: '/there/is/no/such/folder', log: new Lines() });
    await space.start();
    expect(space.freeBytes).to.equal(undefined);
    expect(space.isLow).to.equal(false);
    space.stop();
  });
});

describe('a daemon on a full disk', function () {
  this.timeout(40_000);

  it('starts, reads, reports it in status and log, and writes again once there is space', async function () {
    const disk = await mountTmpfs(this, 64);
    const log = new Lines();
    let room: DaemonFixture | undefined;
    try {
      room = await DaemonFixture.start({ parent: disk.path, log });
      const { home } = room;
      const row = (day: number): [number, number, number] => [day * 86_400_000, 56e6, 57e6];
      const before = await room.connect();
      await before.call('rates.import', { instrument: 'SJC', rows: [row(1), row(2)] });
      await before.close();
      await new DiskReserve(home.dataFolder, 8 * 1024 * 1024).create();
      const ballast = join(disk.path, 'ballast');
      await room.restart(async () => {
        await writeFile(ballast, Buffer.alloc(64 * 1024 * 1024, 1)).catch(() => {});
        expect((await statfs(disk.path)).bavail).to.equal(0);
        const without = await Store.inFolder(home.dataFolder);
        const failure = await without.open().catch((thrown) => thrown);
        expect(failure, 'LevelDB itself').to.include({ code: 'STORE_FAILED' });
      });
      const client = await room.connect();
      const { store } = await client.call('admin.status', {});
      expect(store.writable).to.equal(false);
      expect(store.reason).to.match(/disk of the data folder is full|cannot be written/);
      expect(log.of('store')[0]).to.match(/^error: The disk of the data folder is full. Stored data can be read/);
      const import3 = { instrument: 'SJC', rows: [row(3)] };
      const refused = await client.call('rates.import', import3).catch((thrown) => thrown);
      expect(refused).to.include({ code: 'STORE_FAILED' });
      const { candles } = await client.call('rates.history', {
        instrument: 'SJC',
        interval: '1d',
        from: 0,
        to: 86_400_000 * 10,
      });
      expect(candles).to.have.length(2);

      await rm(ballast);
      while (!(await client.call('admin.status', {})).store.writable) await new Promise((r) => setTimeout(r, 50));
      expect(await client.call('rates.import', import3)).to.include({ stored: 1 });
      expect((await stat(join(home.dataFolder, 'reserve'))).size).to.equal(8 * 1024 * 1024);
      expect(log.of('store')).to.have.length(2);
      await client.close();
    } finally {
      await room?.stop();
      await disk.unmount();
    }
  });

  it('reads, refuses writes with 503, reports it once, and writes again without a restart', async function () {
    const disk = await mountTmpfs(this, 12);
    const log = new Lines();
    let room: DaemonFixture | undefined;
    try {
      room = await DaemonFixture.start({
        parent: disk.path,
        log,
        config: { metricsPort: 0, limits: { callsPerSecond: 1e6, callsBurst: 1e6 } },
      });
      const { listening } = room.daemon.status();
      const monitor = listening.find(({ name }) => name.startsWith('metrics'))!.address;
      const health = async () => {
        const response = await fetch(`http://${monitor}/healthz`);
        return `${response.status} ${(await response.text()).trim()}`;
      };
      const client = await room.connect();
      const rows = (from: number) => Array.from({ length: 200 }, (_, i) => [(from + i) * 86_400_000, 56e6, 57e6]);
      const write = (n: number) =>
        client.call('rates.import', { instrument: 'SJC', rows: rows(n * 200) as [number, number, number][] }).then(
          () => undefined,
          (failure: AppError) => failure,
        );
      expect(await write(0)).to.equal(undefined);
      expect(await health()).to.equal('200 ok');
      expect((await client.call('admin.status', {})).store).to.include({
        writable: true,
        reason: null,
        lowSpace: true,
      });

      const ballast = join(disk.path, 'ballast');
      await writeFile(ballast, Buffer.alloc(16 * 1024 * 1024, 1)).catch(() => {});
      let refused: AppError | undefined;
      for (let n = 1; n < 100 && !refused; n++) refused = await write(n);
      expect(refused).to.include({ code: 'STORE_FAILED' });
      expect(refused!.message).to.contain('No space left on device').and.not.contain('goldctl-');
      for (let n = 0; n < 50; n++) expect(await write(90)).to.include({ code: 'STORE_FAILED' });
      const { store, seq } = await client.call('admin.status', {});
      expect(store.writable).to.equal(false);
      expect(store.reason).to.contain('cannot be written');
      expect(store.since).to.be.a('number');
      expect(await health()).to.equal(`503 ${store.reason}`);
      const history = await client.call('rates.history', {
        instrument: 'SJC',
        interval: '1d',
        from: 0,
        to: 86_400_000 * 100,
      });
      expect(history.candles).to.have.length.of.at.least(100);
      expect(log.of('store')).to.have.length(1);

      await rm(ballast);
      let again: AppError | undefined = refused;
      while (again) {
        expect(again).to.include({ code: 'STORE_FAILED' });
        await new Promise((resolve) => setTimeout(resolve, 50));
        again = await write(95);
      }
      expect((await client.call('admin.status', {})).store).to.include({ writable: true, reason: null, since: null });
      expect((await client.call('admin.status', {})).seq).to.be.within(seq + 1, seq + 2);
      expect(await health()).to.equal('200 ok');
      expect(log.of('store')).to.have.length(2);
      expect(log.of('store')[1]).to.equal('info: records can be written again');
      await client.close();
      await room.daemon.stop('The test ends.');

      const kept = await Store.inFolder(room.home.dataFolder);
      const engine = new LocalEngine(kept, new ReadModel(kept));
      await engine.start();
      const fresh = memoryStore();
      await fresh.open();
      await rebuildStore(kept, fresh);
      expect(await differingKeys(kept, fresh)).to.deep.equal([]);
      await engine.stop();
    } finally {
      await disk.unmount();
    }
  });
});
