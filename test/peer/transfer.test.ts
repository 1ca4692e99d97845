import { randomBytes } from 'node:crypto';
import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { BandwidthLimiter } from '../../src/peer/bandwidth-limiter.ts';
import { BlockStateFile } from '../../src/peer/block-state-file.ts';
import { declineOffer, type FileOffer, type FileRequest, readChannelRequest } from '../../src/peer/channel-request.ts';
import { Download, type DownloadSettings } from '../../src/peer/download.ts';
import { collectSources, FileSource } from '../../src/peer/file-source.ts';
import { FramedChannel } from '../../src/peer/framed-channel.ts';
import { BLOCK_BYTES, hashFile, hashLeaf } from '../../src/peer/hash-tree.ts';
import { PartialFile } from '../../src/peer/partial-file.ts';
import { Upload, type UploadSettings } from '../../src/peer/upload.ts';
import { UploadSlots } from '../../src/peer/upload-slots.ts';
import { forgedStates } from './forged-states.ts';
import {
  channelPair,
  count,
  fileOf,
  libraryOf,
  removeTemporary,
  secureChannelPair,
  statesOf,
  temporary,
  until,
} from './transfer-fixture.ts';

const ID = 'a'.repeat(32);

/** Sends over a new channel; the receiver accepts. */
async function send(
  path: string,
  into: string,
  more: {
    sources?: readonly FileSource[];
    download?: Partial<DownloadSettings>;
    upload?: Partial<UploadSettings>;
  } = {},
) {
  const [here, there] = await channelPair();
  const counted = count(there);
  const { name, folder, sources } = await collectSources(path);
  const upload = new Upload({ channel: new FramedChannel(here), slots: new UploadSlots(), ...more.upload });
  const sent = upload.offer({ id: ID, name, folder, sources: more.sources ?? sources });
  sent.catch(() => undefined); // awaited below
  const wire = new FramedChannel(there);
  const opening = (await readChannelRequest(wire)) as FileOffer;
  const download = new Download({
    ...opening,
    downloadFolder: into,
    stateFolder: statesOf(into),
    sender: 'ann',
    ...more.download,
  });
  await download.open();
  const end = download.addSource(wire, 'offer');
  return { upload, sent, download, end, counted, opening, here, there };
}

/** Fetches a file of a library, each time over a new channel. */
async function source(
  library: Awaited<ReturnType<typeof libraryOf>>['library'],
  settings: Partial<UploadSettings> = {},
) {
  const [here, there] = await channelPair();
  const serving = (async () => {
    const wire = new FramedChannel(there);
    const want = (await readChannelRequest(wire)) as FileRequest;
    await new Upload({ channel: wire, slots: new UploadSlots(), ...settings }).serve(want, library);
  })();
  serving.catch(() => undefined); // awaited by the tests that need it
  return { wire: new FramedChannel(here), here, there, serving, counted: count(here) };
}

describe('transfers', () => {
  afterEach(removeTemporary);

  for (const size of [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 5 * BLOCK_BYTES + 7, 40 * BLOCK_BYTES]) {
    it(`send and fetch ${size} bytes`, async () => {
      const folder = await temporary();
      const into = await temporary();
      const { file, content } = await fileOf(folder, 'a file.bin', size);
      const { sent, download, end } = await send(file, into);
      expect(await download.finished).to.equal(join(into, 'a file.bin'));
      await sent;
      expect(await end).to.deep.equal({ outcome: 'done', failure: null });
      expect((await readFile(join(into, 'a file.bin'))).equals(content)).to.equal(true);
      expect(await readdir(into)).to.deep.equal(['a file.bin']);

      const { library, spec } = await libraryOf(file);
      const fetched = new Download({
        name: 'a file.bin',
        folder: false,
        files: [spec],
        downloadFolder: into,
        stateFolder: statesOf(into),
        sender: '',
      });
      const { wire, serving } = await source(library);
      await fetched.open();
      void fetched.addSource(wire, 'want');
      expect(await fetched.finished).to.equal(join(into, 'a file (1).bin'));
      if (size > 0) await serving;
      expect((await readFile(join(into, 'a file (1).bin'))).equals(content)).to.equal(true);
    });
  }

  it('send folders without hidden files and links', async () => {
    const folder = join(await temporary(), 'ảnh');
    const into = await temporary();
    await mkdir(join(folder, 'sâu', 'hơn'), { recursive: true });
    const content = randomBytes(BLOCK_BYTES + 5);
    await writeFile(join(folder, 'sâu', 'hơn', '文件.txt'), content);
    await writeFile(join(folder, 'empty'), '');
    await writeFile(join(folder, '.hidden'), 'x');
    await symlink('/etc/passwd', join(folder, 'link'));
    for (let i = 0; i < 40; i += 1) await writeFile(join(folder, `file ${i}`), `${i}`);
    const { sent, download, opening } = await send(folder, into);
    expect(opening.files).to.have.length(42);
    expect(await download.finished).to.equal(join(into, 'ảnh'));
    await sent;
    expect((await readFile(join(into, 'ảnh', 'sâu', 'hơn', '文件.txt'))).equals(content)).to.equal(true);
    expect(await readdir(into)).to.deep.equal(['ảnh']);
    expect((await readdir(join(into, 'ảnh'))).length).to.equal(42);
    expect(await readFile(join(into, 'ảnh', 'file 7'), 'utf8')).to.equal('7');
    if (process.platform !== 'win32') {
      // What one member sends another is private, whatever the umask.
      for (const entry of await readdir(join(into, 'ảnh'), { withFileTypes: true, recursive: true })) {
        const path = join(entry.parentPath, entry.name);
        expect((await stat(path)).mode & 0o077, path).to.equal(0);
      }
    }
  });

  it('decline, and the sender learns why', async () => {
    const { file } = await fileOf(await temporary(), 'x', 10);
    const [here, there] = await channelPair();
    const { sources } = await collectSources(file);
    const sent = new Upload({ channel: new FramedChannel(here), slots: new UploadSlots() }).offer({
      id: ID,
      name: 'x',
      folder: false,
      sources,
    });
    const wire = new FramedChannel(there);
    await readChannelRequest(wire);
    await declineOffer(wire, new AppError('NOT_ALLOWED', 'Not now.'));
    const error: AppError = await sent.then(
      () => expect.fail(),
      (failure) => failure,
    );
    expect([error.code, error.message, error.data.declined]).to.deep.equal(['NOT_ALLOWED', 'Not now.', true]);
  });

  it('report that a file does not exist', async () => {
    const { file } = await fileOf(await temporary(), 'x', 10);
    const { library, spec } = await libraryOf(file);
    const download = new Download({
      name: 'x',
      folder: false,
      files: [{ ...spec, root: 'f'.repeat(64) }],
      downloadFolder: await temporary(),
      stateFolder: await temporary(),
      sender: '',
    });
    await download.open();
    const { wire } = await source(library);
    const { outcome, failure } = await download.addSource(wire, 'want');
    expect([outcome, failure?.code]).to.deep.equal(['refused', 'NO_SUCH_FILE']);
    await download.cancel();
  });

  for (const [what, change] of [
    ['changes', async (file: string) => writeFile(file, randomBytes(64 * BLOCK_BYTES))],
    ['grows', async (file: string) => appendFile(file, 'more')],
    ['shrinks', async (file: string) => truncate(file, BLOCK_BYTES)],
    ['vanishes', async (file: string) => unlink(file)],
  ] as const) {
    it(`end with 410 if the file ${what} in the meantime`, async () => {
      const { file } = await fileOf(await temporary(), 'x', 64 * BLOCK_BYTES);
      const { sent, download, end } = await send(file, await temporary(), {
        upload: { limiters: [new BandwidthLimiter(8 * 1024 * 1024)] },
      });
      await until(() => download.verifiedBytes > 4 * BLOCK_BYTES);
      await change(file);
      const error: AppError = await sent.then(
        () => expect.fail(),
        (failure) => failure,
      );
      expect(error.status).to.equal(410);
      const { outcome, failure } = await end;
      expect([outcome, failure?.status]).to.deep.equal(['refused', 410]);
      await download.stop();
    });
  }

  it('fetch only the difference if a file was sent without its hash and differs from what was read', async () => {
    const folder = await temporary();
    const into = await temporary();
    const { file, content } = await fileOf(folder, 'x', 20 * BLOCK_BYTES);
    const first = await send(file, into);
    await until(() => first.download.verifiedBytes > 0);
    await first.download.stop();
    await first.sent.catch(() => undefined);
    // block 0 on disk is different, but recorded as present
    const other = randomBytes(BLOCK_BYTES);
    const part = await open(join(into, 'x.part'), 'r+');
    await part.write(other, 0, BLOCK_BYTES, 0);
    await part.close();
    const stateFile = join(statesOf(into), (await readdir(statesOf(into)))[0]!);
    const state = await BlockStateFile.resume(stateFile, (await BlockStateFile.readHeader(stateFile))!, 20);
    await state.record(0, hashLeaf(other));
    await state.close();
    const before = first.counted.blocks.length;
    const second = await send(file, into);
    await second.download.finished;
    await second.sent;
    expect((await readFile(join(into, 'x'))).equals(content)).to.equal(true);
    expect(second.counted.blocks).to.include('0/0');
    expect(second.counted.blocks.length).to.be.at.most(20 - Math.min(before, 19) + 1 + 19);
  });

  it('never overwrite a file of the receiver, whatever forged states the sender sends before', async () => {
    const [folder, into] = [await temporary(), await temporary()];
    await writeFile(join(into, 'thesis.part'), 'mine');
    const { file, content } = await fileOf(folder, 'thesis', BLOCK_BYTES + 5);
    const [{ size, modified }] = (await collectSources(file)).sources as [FileSource];
    for (const forged of forgedStates(into, { size, modified })) {
      for (const name of ['thesis.part.state', 'Thesis.Part.State']) {
        const state = join(folder, name);
        await writeFile(state, forged);
        await (await send(state, into)).download.finished;
      }
    }
    const saved = await (await send(file, into)).download.finished;
    expect((await readFile(saved)).equals(content)).to.equal(true);
    expect(await readFile(join(into, 'thesis.part'), 'utf8')).to.equal('mine');
    expect((await readdir(into)).filter((name) => /\.part(\.state)?$/i.test(name))).to.deep.equal(['thesis.part']);
  });

  it('run three at a time, and tell the fourth its queue position', async () => {
    const { file } = await fileOf(await temporary(), 'x', 8 * BLOCK_BYTES);
    const { library, spec } = await libraryOf(file);
    const slots = new UploadSlots();
    const held = [1, 2, 3].map(() => slots.acquire({ onQueued: () => undefined, onGranted: () => undefined }));
    const download = new Download({
      name: 'x',
      folder: false,
      files: [spec],
      downloadFolder: await temporary(),
      stateFolder: await temporary(),
      sender: '',
    });
    await download.open();
    const { wire, serving } = await source(library, { slots });
    void download.addSource(wire, 'want');
    await until(() => download.progress.queuePosition === 1);
    expect(download.progress.state).to.equal('queued');
    held[0]!();
    await download.finished;
    await serving;
  });

  it('fetch from three sources, and drop the one that sends wrong data', async () => {
    const folder = await temporary();
    const { file, content } = await fileOf(folder, 'x', 60 * BLOCK_BYTES);
    const { library, spec } = await libraryOf(file);
    const lies = class extends FileSource {
      override async readBlocks(from: number, count: number) {
        const reads = await super.readBlocks(from, count);
        for (const { buffer } of reads) buffer[100]! ^= 1;
        return reads;
      }
    };
    const hashed = await hashFile(file);
    const liar = { open: async () => new lies({ file, path: 'x', ...hashed }) };
    const into = await temporary();
    const download = new Download({
      name: 'x',
      folder: false,
      files: [spec],
      downloadFolder: into,
      stateFolder: statesOf(into),
      sender: '',
    });
    await download.open();
    const ends = [];
    for (const one of [library, liar, library]) {
      const { wire } = await source(one, { limiters: [new BandwidthLimiter(16 * 1024 * 1024)] });
      ends.push(download.addSource(wire, 'want'));
    }
    await download.finished;
    const [a, b, c] = await Promise.all(ends);
    expect([a!.outcome, b!.outcome, c!.outcome]).to.deep.equal(['done', 'misbehaved', 'done']);
    expect((await readFile(join(into, 'x'))).equals(content)).to.equal(true);
  });

  it('use three rate-limited sources at once, without waiting for a slow one', async () => {
    const { file, content } = await fileOf(await temporary(), 'x', 48 * BLOCK_BYTES);
    const { library, spec } = await libraryOf(file);
    const time = async (rates: number[]) => {
      const into = await temporary();
      const download = new Download({
        name: 'x',
        folder: false,
        files: [spec],
        downloadFolder: into,
        stateFolder: statesOf(into),
        sender: '',
      });
      await download.open();
      const began = performance.now();
      for (const rate of rates)
        void download.addSource((await source(library, { limiters: [new BandwidthLimiter(rate)] })).wire, 'want');
      const saved = await download.finished;
      expect((await readFile(saved)).equals(content)).to.equal(true);
      return performance.now() - began;
    };
    const rate = 8 * 1024 * 1024;
    const one = await time([rate]);
    const three = await time([rate, rate, rate]);
    const withSlow = await time([rate, rate, 200_000]);
    expect(one / three).to.be.greaterThan(2);
    expect(one / withSlow).to.be.greaterThan(1.4);
  });

  it('keep to the rate limit of the receiver', async () => {
    const { file } = await fileOf(await temporary(), 'x', 32 * BLOCK_BYTES);
    const began = performance.now();
    const { download } = await send(file, await temporary(), {
      download: { limiter: new BandwidthLimiter(8 * 1024 * 1024) },
    });
    await download.finished;
    expect(performance.now() - began).to.be.greaterThan(600);
  });

  it('work over TLS', async () => {
    const { file, content } = await fileOf(await temporary(), 'x', 20 * BLOCK_BYTES + 9);
    const into = await temporary();
    const [here, there] = await secureChannelPair();
    const sent = new Upload({ channel: new FramedChannel(here), slots: new UploadSlots() }).offer({
      id: ID,
      ...(await collectSources(file)),
    });
    const wire = new FramedChannel(there);
    const download = new Download({
      ...((await readChannelRequest(wire)) as FileOffer),
      downloadFolder: into,
      stateFolder: statesOf(into),
      sender: 'ann',
    });
    await download.open();
    void download.addSource(wire, 'offer');
    expect((await readFile(await download.finished)).equals(content)).to.equal(true);
    await sent;
  });

  it('buffer at most 16 MiB for a receiver that writes slowly', async () => {
    const { file } = await fileOf(await temporary(), 'x', 160 * BLOCK_BYTES);
    const into = await temporary();
    const write = PartialFile.prototype.writeBlock;
    let arrived = 0;
    let written = 0;
    let most = 0;
    try {
      PartialFile.prototype.writeBlock = async function (...args) {
        arrived += args[2].length;
        most = Math.max(most, arrived - written);
        await new Promise((resolve) => setTimeout(resolve, 30));
        await write.apply(this, args);
        written += args[2].length;
      };
      const { sent, download } = await send(file, into);
      await download.finished;
      await sent;
    } finally {
      PartialFile.prototype.writeBlock = write;
    }
    expect(most).to.be.at.most(16 * 1024 * 1024);
    expect(arrived).to.equal(160 * BLOCK_BYTES);
  });
});
