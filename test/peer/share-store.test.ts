import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { hashFile, merkleRoot } from '../../src/peer/hash-tree.ts';
import type { Share } from '../../src/peer/ipc.ts';
import { ShareStore } from '../../src/peer/share-store.ts';

describe('ShareStore', () => {
  let folder: string;
  let changed: Share[];
  let wake: (() => void)[];
  const open = () =>
    new ShareStore({
      file: join(folder, 'shares.json'),
      onChanged: (share) => {
        changed.push(share);
        for (const each of wake.splice(0)) each();
      },
      onNotice: (text) => {
        throw new Error(text);
      },
    });
  const untilChanged = async (count: number) => {
    while (changed.length < count) await new Promise<void>((resolve) => wake.push(resolve));
  };
  const write = async (name: string, text: string | Buffer) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    changed = [];
    wake = [];
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('finds a published file by name and hash, also in another process', async () => {
    const path = await write('báo cáo.bin', Buffer.alloc(600_000, 7));
    const seen: number[] = [];
    const share = await open().publish(path, { description: 'giá vàng', onProgress: (done) => seen.push(done) });
    expect(share).to.include({ name: 'báo cáo.bin', path, size: 600_000, description: 'giá vàng' });
    expect(share.hash).to.equal((await hashFile(path)).root);
    expect(seen.at(-1)).to.equal(600_000);
    const { leaves } = await open().find('báo cáo.bin', share.hash);
    expect(merkleRoot(leaves).toString('hex')).to.equal(share.hash);
    expect((await stat(join(folder, 'shares.json'))).mode & 0o777).to.equal(0o600);
  });

  it('reads an unchanged file once', async () => {
    const path = await write('a', 'text');
    await open().publish(path);
    let read = false;
    const share = await open().publish(path, {
      name: 'b',
      onProgress: () => {
        read = true;
      },
    });
    expect(read).to.equal(false);
    expect(await open().find('b', share.hash)).to.have.nested.property('share.path', path);
  });

  it('publishes an empty file', async () => {
    const share = await open().publish(await write('empty', ''));
    expect((await open().find('empty', share.hash)).leaves).to.have.length(0);
  });

  it('reports missing and changed files, and reads changed ones again', async () => {
    const library = open();
    const path = await write('a', 'one');
    const share = await library.publish(path);
    expect((await failure(library.find('b', 'c'.repeat(64)))).code).to.equal('NO_SUCH_FILE');
    await writeFile(path, 'another');
    expect((await failure(library.find('a', share.hash))).code).to.equal('GONE');
    await untilChanged(1);
    expect(changed[0]).to.include({ name: 'a', size: 7 });
    expect((await library.find('a', changed[0]!.hash)).share.size).to.equal(7);
    expect((await failure(library.find('a', share.hash))).code).to.equal('GONE');
    await rm(path);
    expect((await failure(library.find('a', changed[0]!.hash))).code).to.equal('NO_SUCH_FILE');
  });

  it('reads files again at start that changed in the meantime', async () => {
    const path = await write('a', 'one');
    await open().publish(path);
    await writeFile(path, 'another');
    open().start();
    await untilChanged(1);
    expect(changed[0]!.hash).to.equal((await hashFile(path)).root);
  });

  it('recreates lost hashes', async () => {
    const library = open();
    const share = await library.publish(await write('a', 'one'));
    await rm(join(folder, 'shares'), { recursive: true });
    expect((await failure(library.find('a', share.hash))).code).to.equal('NOT_AVAILABLE');
    await untilChanged(1);
    expect((await library.find('a', share.hash)).leaves).to.have.length(32);
  });

  it('forgets an unpublished file', async () => {
    const library = open();
    const share = await library.publish(await write('a', 'one'));
    await library.remove('a');
    await library.remove('a');
    expect((await failure(library.find('a', share.hash))).code).to.equal('NO_SUCH_FILE');
  });

  it('keeps a file with known hashes without reading it', async () => {
    const path = await write('a', 'one');
    const hashed = await hashFile(path);
    const library = open();
    await library.addHashed(path, 'got', hashed);
    expect((await library.find('got', hashed.root)).leaves.equals(hashed.leaves)).to.equal(true);
    expect((await readdir(join(folder, 'shares'))).length).to.equal(1);
  });

  it('refuses what is not a file, and invalid names', async () => {
    expect((await failure(open().publish(folder))).code).to.equal('NO_SUCH_FILE');
    expect((await failure(open().publish(join(folder, 'none')))).code).to.equal('NO_SUCH_FILE');
    const path = await write('a', 'one');
    expect((await failure(open().publish(path, { name: '../a' }))).code).to.equal('INVALID_REQUEST');
  });
});

async function failure(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    return AppError.from(thrown);
  }
  throw new Error('Expected an AppError.');
}
