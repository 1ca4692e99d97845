import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { Store } from '../../src/store/store.ts';
import { compare, rebuild } from '../../src/view/rebuild.ts';
import { View } from '../../src/view/view.ts';
import { memoryStore, temporaryFolder } from '../store/temporary.ts';

const WRITER = fileURLToPath(new URL('full-disk.ts', import.meta.url));

describe('a disk that is full', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  before(function () {
    try {
      execFileSync('prlimit', ['--version']);
    } catch {
      this.skip(); // no way here to give a process its disk back
    }
  });

  beforeEach(async () => {
    folder = await temporaryFolder();
  });

  afterEach(() => folder?.remove());

  it('confirms nothing that is not kept, not even once it has room again', async () => {
    // 200 blocks of 512 bytes; the signal that would end the process is ignored, so that the write itself fails.
    const script = `trap '' XFSZ; ulimit -S -f 200; exec "$0" --import tsx "$1" "$2"`;
    const said = await new Promise<string>((resolve) => {
      execFile('sh', ['-c', script, process.execPath, WRITER, folder.path], (_, stdout) => resolve(stdout));
    });
    const lines = said.trim().split('\n');
    const acknowledged = lines.filter((line) => line.startsWith('ack ')).map((line) => Number(line.slice(4)));
    expect(lines).to.include('failed STORE_FAILED');
    expect(lines).to.include('lifted');
    const since = lines.slice(lines.indexOf('failed STORE_FAILED'));
    expect(since.filter((line) => line !== 'failed STORE_FAILED' && line !== 'lifted')).to.deep.equal([]);
    expect(acknowledged.length).to.be.above(20);

    const store = await Store.at(folder.path);
    const engine = new LocalEngine(store, new View(store));
    await engine.start();
    expect(engine.journal.head()).to.be.at.least(acknowledged.at(-1)!);
    const fresh = memoryStore();
    await fresh.open();
    await rebuild(store, fresh);
    expect(await compare(store, fresh)).to.deep.equal([]);
    await engine.stop();
  });
});
