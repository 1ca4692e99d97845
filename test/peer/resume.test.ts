import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { AppError } from '../../src/domain/app-error.ts';
import { BandwidthLimiter } from '../../src/peer/bandwidth-limiter.ts';
import { BlockStateFile } from '../../src/peer/block-state-file.ts';
import { type FileOffer, readChannelRequest } from '../../src/peer/channel-request.ts';
import { Download } from '../../src/peer/download.ts';
import { collectSources, type TransferSources } from '../../src/peer/file-source.ts';
import { FrameDecoder } from '../../src/peer/frame.ts';
import { FramedChannel } from '../../src/peer/framed-channel.ts';
import { BLOCK_BYTES, hashLeaf } from '../../src/peer/hash-tree.ts';
import { PartialFile, type PartialFileSpec } from '../../src/peer/partial-file.ts';
import type { FileSpec, PeerMessage } from '../../src/peer/peer-message.ts';
import { Upload } from '../../src/peer/upload.ts';
import { UploadSlots } from '../../src/peer/upload-slots.ts';
import { skip } from '../skip.ts';
import {
  type Counted,
  channelOf,
  channelPair,
  count,
  fileOf,
  removeTemporary,
  statesOf,
  temporary,
  until,
} from './transfer-fixture.ts';

const ID = 'b'.repeat(32);

/** The same numbers in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('resuming', () => {
  afterEach(removeTemporary);

  for (let seed = 1; seed <= 12; seed += 1) {
    it(`continues after breaks at random times, and fetches nothing twice (seed ${seed})`, async () => {
      const next = chance(seed);
      const [folder, into] = [join(await temporary(), 'set'), await temporary()];
      await mkdir(folder);
      const contents = new Map<string, Buffer>();
      for (const name of seed % 2 === 0 ? ['one'] : ['one', 'two', 'three', 'empty']) {
        const size = name === 'empty' ? 0 : Math.floor(next() * 16 * BLOCK_BYTES) + 1;
        contents.set(name, (await fileOf(folder, name, size)).content);
      }
      const path = seed % 2 === 0 ? join(folder, 'one') : folder;
      const total = [...contents.values()].reduce((sum, { length }) => sum + Math.ceil(length / BLOCK_BYTES), 0);
      const counted: Counted = { blocks: [] };
      const sources = await collectSources(path);
      let download: Download | undefined;
      for (let round = 0; ; round += 1) {
        const [here, there] = await channelPair();
        count(there, counted);
        const breakAt = round < 4 ? counted.blocks.length + Math.ceil(next() * 6) : Number.POSITIVE_INFINITY;
        const kind = Math.floor(next() * 3);
        there.duplex.on('data', () => {
          if (counted.blocks.length >= breakAt) (kind === 0 ? here : there).cut();
        });
        const again = kind === 2 ? await collectSources(path) : sources;
        const upload = new Upload({
          channel: new FramedChannel(here),
          slots: new UploadSlots(),
          limiters: [new BandwidthLimiter(64e6)],
        });
        const sent = upload.offer({ id: ID, ...again }).then(
          () => true,
          () => false,
        );
        const wire = new FramedChannel(there);
        const offer = (await readChannelRequest(wire)) as FileOffer;
        if (!download) {
          download = new Download({ ...offer, downloadFolder: into, stateFolder: statesOf(into), sender: 'ann' });
          await download.open();
        }
        const { outcome } = await download.addSource(wire, 'offer');
        if (outcome === 'done') {
          expect(await sent).to.equal(true);
          break;
        }
        expect(outcome).to.equal('disconnected');
        if (kind !== 0) {
          await download.stop();
          download = undefined;
        }
      }
      const saved = await download.finished;
      for (const [name, content] of contents) {
        const file = seed % 2 === 0 ? saved : join(saved, name);
        expect((await readFile(file)).equals(content), name).to.equal(true);
      }
      expect(new Set(counted.blocks).size).to.equal(total);
      expect(counted.blocks.length).to.equal(total);
      expect(await readdir(into)).to.have.length(1);
    });
  }

  it('continues after repeated kill -9 of the receiver, and fetches no recorded block again', async function () {
    this.timeout(60_000);
    const into = await temporary();
    const { file, content } = await fileOf(await temporary(), 'big.bin', 160 * BLOCK_BYTES + 77);
    const sources = await collectSources(file);
    const next = chance(7);
    const recorded = new Set<number>();
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    let pulledAgain = 0;
    let exit: number | null = null;
    try {
      for (let round = 0; exit !== 0; round += 1) {
        const script = fileURLToPath(new URL('./receiver-child.js', import.meta.url));
        const port = String((server.address() as AddressInfo).port);
        const child = spawn(process.execPath, [script, port, into], { stdio: 'ignore' });
        const [socket] = (await once(server, 'connection')) as [Socket];
        const reader = new FrameDecoder();
        socket.on('data', (chunk: Buffer) =>
          reader.push(chunk, (frame) => {
            const message = frame.type === 'control' ? (frame.value as PeerMessage) : undefined;
            if (message?.type !== 'pull') return;
            for (let i = 0; i < message.count; i += 1) if (recorded.has(message.from + i)) pulledAgain += 1;
          }),
        );
        const buckets = [new BandwidthLimiter(40e6)];
        const upload = new Upload({
          channel: new FramedChannel(channelOf(socket, 'ben')),
          slots: new UploadSlots(),
          limiters: buckets,
        });
        upload.offer({ id: ID, ...sources }).catch(() => undefined); // the receiver is killed
        const before = upload.progress.done;
        if (round < 3) {
          const more = before + Math.floor((1 + next() * 3) * 2 * 1024 * 1024);
          await until(() => upload.progress.done >= more || child.exitCode !== null);
          child.kill('SIGKILL');
        }
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        exit = child.exitCode;
        if (exit === 0) break;
        const acknowledged = upload.progress.done;
        const state = join(statesOf(into), (await readdir(statesOf(into)))[0]!);
        const table = (await readFile(state)).subarray((await BlockStateFile.readHeader(state))!.tableOffset);
        for (let block = 0; block * 32 < table.length; block += 1) {
          if (table.subarray(block * 32, block * 32 + 32).some((byte) => byte !== 0)) recorded.add(block);
        }
        expect(recorded.size * BLOCK_BYTES).to.be.at.least(Math.min(acknowledged, 161 * BLOCK_BYTES));
      }
    } finally {
      server.close();
    }
    expect(recorded.size).to.be.greaterThan(10);
    expect(pulledAgain).to.equal(0);
    expect((await readFile(join(into, 'big.bin'))).equals(content)).to.equal(true);
    expect(await readdir(into)).to.deep.equal(['big.bin']);
  });
});

function specOf(into: string, files: readonly FileSpec[], more: Partial<PartialFileSpec> = {}): PartialFileSpec {
  return { downloadFolder: into, stateFolder: statesOf(into), name: 'x', folder: false, sender: 'ann', files, ...more };
}

function one(size: number, modified = 1): FileSpec {
  return { path: 'x', size, modified, root: null };
}

async function fill(part: PartialFile, ...blocks: readonly number[]): Promise<void> {
  for (const block of blocks) {
    const content = Buffer.alloc(Math.min(BLOCK_BYTES, part.size - block * BLOCK_BYTES), block + 1);
    await part.writeBlock(0, block, content, hashLeaf(content));
  }
}

describe('PartialFile', () => {
  afterEach(removeTemporary);

  it('trusts no block whose content differs from the recorded hash', async () => {
    const into = await temporary();
    const spec = specOf(into, [one(4 * BLOCK_BYTES)]);
    const part = await PartialFile.open(spec);
    await fill(part, 0, 1, 3);
    await part.close();
    const file = await open(join(into, 'x.part'), 'r+');
    await file.write(Buffer.of(9), 0, 1, BLOCK_BYTES + 5);
    await file.truncate(3 * BLOCK_BYTES + 1);
    await file.close();
    expect(await PartialFile.exists(spec)).to.equal(true);
    const again = await PartialFile.open(spec);
    expect([0, 1, 2, 3].map((block) => again.hasBlock(block))).to.deep.equal([true, false, false, false]);
    expect(again.verifiedBytes).to.equal(BLOCK_BYTES);
    await again.remove();
    expect(await readdir(into)).to.deep.equal([]);
  });

  it('uses another name for other files, and never an existing one', async () => {
    const into = await temporary();
    await writeFile(join(into, 'x'), 'mine');
    await writeFile(join(into, 'x.part'), 'mine too');
    await symlink('/etc/passwd', join(into, 'x (1).part'));
    const parts = await Promise.all([1, 2, 3].map((modified) => PartialFile.open(specOf(into, [one(5, modified)]))));
    await Promise.all(parts.map((part) => fill(part, 0)));
    const saved = await Promise.all(parts.map((part) => part.finish()));
    expect(saved.sort()).to.deep.equal(['x (1)', 'x (2)', 'x (3)'].map((name) => join(into, name)));
    expect(await readFile(join(into, 'x'), 'utf8')).to.equal('mine');
    expect(await readFile(join(into, 'x.part'), 'utf8')).to.equal('mine too');
  });

  it('uses no existing folder, and follows no link in its own', async () => {
    const into = await temporary();
    await mkdir(join(into, 'x'));
    const spec = specOf(into, [{ ...one(3), path: 'a/b' }], { folder: true });
    const part = await PartialFile.open(spec);
    await symlink('/tmp', join(into, 'x.part', 'a'));
    const error: AppError = await fill(part, 0).then(
      () => expect.fail(),
      (failure) => failure,
    );
    expect(error.code).to.equal('STORE_FAILED');
    await rm(join(into, 'x.part', 'a'));
    await fill(part, 0);
    expect(await part.finish()).to.equal(join(into, 'x (1)'));
  });

  it('stores its state in a private folder, and nothing beside the partial file', async () => {
    const into = await temporary();
    const part = await PartialFile.open(specOf(into, [one(5)]));
    expect(await readdir(into)).to.deep.equal(['x.part']);
    const [state] = await readdir(statesOf(into));
    expect((await stat(statesOf(into))).mode & 0o777).to.equal(0o700);
    expect((await stat(join(statesOf(into), state!))).mode & 0o777).to.equal(0o600);
    await part.remove();
    expect([await readdir(into), await readdir(statesOf(into))]).to.deep.equal([[], []]);
  });

  it('restarts if the partial file is missing or replaced, and leaves the replacement unchanged', async () => {
    for (const isFolder of [false, true]) {
      for (const replace of [undefined, 'file', 'folder'] as const) {
        const into = await temporary();
        const at = join(into, 'x.part');
        const spec = specOf(into, [one(2 * BLOCK_BYTES)], { folder: isFolder });
        const part = await PartialFile.open(spec);
        await fill(part, 0);
        await part.close();
        await rename(at, join(into, 'moved'));
        if (replace === 'file') await writeFile(at, 'mine');
        if (replace === 'folder') await mkdir(at);
        expect(await PartialFile.exists(spec)).to.equal(false);
        await PartialFile.discard(spec);
        const again = await PartialFile.open(spec);
        expect(again.verifiedBytes).to.equal(0);
        await fill(again, 0, 1);
        await again.finish();
        if (replace === 'file') expect(await readFile(at, 'utf8')).to.equal('mine');
        if (replace === 'folder') expect(await readdir(at)).to.deep.equal([]);
        expect(await readdir(statesOf(into))).to.deep.equal([]);
      }
    }
  });

  it('neither uses nor removes a file that takes its name in the meantime', async () => {
    for (const end of ['finish', 'remove'] as const) {
      const into = await temporary();
      const at = join(into, 'x.part');
      const part = await PartialFile.open(specOf(into, [one(5)]));
      await fill(part, 0);
      await rename(at, join(into, 'moved'));
      await writeFile(at, 'mine');
      const failure: AppError | undefined = await part[end]().then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(failure?.code).to.equal(end === 'finish' ? 'STORE_FAILED' : undefined);
      expect(await readFile(at, 'utf8')).to.equal('mine');
      expect((await readdir(into)).sort()).to.deep.equal(['moved', 'x.part']);
      await part.close();
    }
  });

  it('ignores state files beside it from older versions, and damaged ones', async () => {
    const into = await temporary();
    const spec = specOf(into, [one(2 * BLOCK_BYTES)]);
    const first = await PartialFile.open(spec);
    await fill(first, 0);
    await first.close();
    const [name] = await readdir(statesOf(into));
    const state = join(statesOf(into), name!);
    await rename(state, join(into, 'x.part.state'));
    expect(await PartialFile.exists(spec)).to.equal(false);
    await writeFile(state, 'gctlpart, and then the power went');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(state, longAgo, longAgo);
    const again = await PartialFile.open(spec);
    expect(again.verifiedBytes).to.equal(0);
    await again.remove();
    expect((await readdir(into)).sort()).to.deep.equal(['x.part', 'x.part.state']);
  });

  it('loses its state after a month without its file', async () => {
    const into = await temporary();
    const specs = [1, 2, 3].map((modified) => specOf(into, [one(5, modified)]));
    for (const spec of specs) await (await PartialFile.open(spec)).close();
    const old = new Date(Date.now() - 31 * 86_400_000);
    for (const name of await readdir(statesOf(into))) await utimes(join(statesOf(into), name), old, old);
    await rm(join(into, 'x (1).part'));
    await rm(join(into, 'x (2).part'));
    await (await PartialFile.open(specs[2]!)).close();
    await PartialFile.removeStaleStates(statesOf(into));
    expect(await Promise.all(specs.map((spec) => PartialFile.exists(spec)))).to.deep.equal([true, false, true]);
    expect(await readdir(statesOf(into))).to.have.length(2);
    await PartialFile.removeStaleStates(join(into, 'nowhere'));
  });

  it('belongs to one transfer at a time', async () => {
    const spec = specOf(await temporary(), [one(5)]);
    const part = await PartialFile.open(spec);
    const error: AppError = await PartialFile.open(spec).then(
      () => expect.fail(),
      (failure) => failure,
    );
    expect(error.code).to.equal('CONFLICT');
    await part.close();
    await (await PartialFile.open(spec)).remove();
  });

  it('finishes a rename that was killed between linking the new name and removing the old one', async () => {
    const into = await temporary();
    const spec = specOf(into, [one(5)]);
    const part = await PartialFile.open(spec);
    await fill(part, 0);
    await part.close();
    await link(join(into, 'x.part'), join(into, 'x'));
    expect(await (await PartialFile.open(spec)).finish()).to.equal(join(into, 'x'));
    expect(await readdir(into)).to.deep.equal(['x']);
  });

  it('refuses what the disk cannot hold', async () => {
    const into = await temporary();
    const error: AppError = await PartialFile.open(specOf(into, [one(2 ** 40)])).then(
      () => expect.fail(),
      (failure) => failure,
    );
    expect(error.code).to.equal('TOO_LARGE');
    expect(await readdir(into)).to.deep.equal([]);
  });

  it('keeps its data if the disk is full, and continues when there is space', async function () {
    const into = await temporary();
    const mount = spawn('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', into], { stdio: 'ignore' });
    const code = await new Promise((resolve) => mount.once('exit', resolve).once('error', () => resolve(null)));
    if (code !== 0) skip(this, 'no small disk can be mounted here');
    try {
      const folder = await temporary();
      const { file, content } = await fileOf(folder, 'x', 16 * BLOCK_BYTES);
      const sources = await collectSources(file);
      const first = await receive(sources, into, () => appendFile(join(into, 'junk'), Buffer.alloc(3.5e6)));
      const failure: AppError = await first.download.finished.then(
        () => expect.fail(),
        (error) => error,
      );
      expect([failure.code, failure.data.full]).to.deep.equal(['STORE_FAILED', true]);
      const told: AppError = await first.sent.then(
        () => expect.fail(),
        (error) => error,
      );
      expect(told.message).to.equal(
        'The receiver cannot save the file: the disk is full. The part received so far is kept.',
      );
      await first.download.stop();
      const kept = first.counted.blocks.length;
      expect(kept).to.be.greaterThan(3);
      await rm(join(into, 'junk'));
      const second = await receive(sources, into);
      expect((await readFile(await second.download.finished)).equals(content)).to.equal(true);
      expect(second.counted.blocks.length).to.be.lessThan(16);
    } finally {
      const umount = spawn('umount', ['-l', into], { stdio: 'ignore' });
      await once(umount, 'exit');
    }
  });
});

async function receive(sources: TransferSources, into: string, opened: () => Promise<void> = async () => undefined) {
  const [here, there] = await channelPair();
  const counted = count(there);
  const sent = new Upload({ channel: new FramedChannel(here), slots: new UploadSlots() }).offer({ id: ID, ...sources });
  sent.catch(() => undefined); // the test awaits it later
  const wire = new FramedChannel(there);
  const offer = (await readChannelRequest(wire)) as FileOffer;
  const download = new Download({ ...offer, downloadFolder: into, stateFolder: statesOf(into), sender: 'ann' });
  await download.open();
  await opened();
  void download.addSource(wire, 'offer');
  return { download, sent, counted };
}
