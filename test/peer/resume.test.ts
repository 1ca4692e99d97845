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
import type { Failure } from '../../src/domain/failure.ts';
import { Bucket } from '../../src/peer/bucket.ts';
import { Download } from '../../src/peer/download.ts';
import { FrameReader } from '../../src/peer/frame.ts';
import { BLOCK_BYTES, leafOf } from '../../src/peer/hash-tree.ts';
import type { FileSpec, Message } from '../../src/peer/message.ts';
import { type Offer, readOpening } from '../../src/peer/opening.ts';
import { Part, type PartSpec } from '../../src/peer/part.ts';
import { PartState } from '../../src/peer/part-state.ts';
import { Slots } from '../../src/peer/slots.ts';
import { type Sources, sourcesOf } from '../../src/peer/source.ts';
import { Upload } from '../../src/peer/upload.ts';
import { Wire } from '../../src/peer/wire.ts';
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
    it(`goes on after breaks at random moments, and fetches nothing twice (seed ${seed})`, async () => {
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
      const sources = await sourcesOf(path);
      let download: Download | undefined;
      for (let round = 0; ; round += 1) {
        const [here, there] = await channelPair();
        count(there, counted);
        const breakAt = round < 4 ? counted.blocks.length + Math.ceil(next() * 6) : Number.POSITIVE_INFINITY;
        const kind = Math.floor(next() * 3);
        there.duplex.on('data', () => {
          if (counted.blocks.length >= breakAt) (kind === 0 ? here : there).cut();
        });
        const again = kind === 2 ? await sourcesOf(path) : sources;
        const upload = new Upload({ wire: new Wire(here), slots: new Slots(), buckets: [new Bucket(64e6)] });
        const sent = upload.offer({ id: ID, ...again }).then(
          () => true,
          () => false,
        );
        const wire = new Wire(there);
        const offer = (await readOpening(wire)) as Offer;
        if (!download) {
          download = new Download({ ...offer, into, states: statesOf(into), from: 'ann' });
          await download.open();
        }
        const { why } = await download.add(wire, 'offer');
        if (why === 'done') {
          expect(await sent).to.equal(true);
          break;
        }
        expect(why).to.equal('broken');
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

  it('goes on after the receiver is killed -9 again and again, and pulls nothing that was recorded', async function () {
    this.timeout(60_000);
    const into = await temporary();
    const { file, content } = await fileOf(await temporary(), 'big.bin', 160 * BLOCK_BYTES + 77);
    const sources = await sourcesOf(file);
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
        const reader = new FrameReader();
        socket.on('data', (chunk: Buffer) =>
          reader.push(chunk, (frame) => {
            const message = frame.type === 'control' ? (frame.value as Message) : undefined;
            if (message?.type !== 'pull') return;
            for (let i = 0; i < message.count; i += 1) if (recorded.has(message.from + i)) pulledAgain += 1;
          }),
        );
        const buckets = [new Bucket(40e6)];
        const upload = new Upload({ wire: new Wire(channelOf(socket, 'ben')), slots: new Slots(), buckets });
        upload.offer({ id: ID, ...sources }).catch(() => undefined); // it is killed
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
        const table = (await readFile(state)).subarray((await PartState.peek(state))!.tableAt);
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

function specOf(into: string, files: readonly FileSpec[], more: Partial<PartSpec> = {}): PartSpec {
  return { into, states: statesOf(into), name: 'x', folder: false, from: 'ann', files, ...more };
}

function one(size: number, modified = 1): FileSpec {
  return { path: 'x', size, modified, root: null };
}

async function fill(part: Part, ...blocks: readonly number[]): Promise<void> {
  for (const block of blocks) {
    const content = Buffer.alloc(Math.min(BLOCK_BYTES, part.size - block * BLOCK_BYTES), block + 1);
    await part.write(0, block, content, leafOf(content));
  }
}

describe('part', () => {
  afterEach(removeTemporary);

  it('believes no block whose content is not the recorded one', async () => {
    const into = await temporary();
    const spec = specOf(into, [one(4 * BLOCK_BYTES)]);
    const part = await Part.open(spec);
    await fill(part, 0, 1, 3);
    await part.close();
    const file = await open(join(into, 'x.part'), 'r+');
    await file.write(Buffer.of(9), 0, 1, BLOCK_BYTES + 5);
    await file.truncate(3 * BLOCK_BYTES + 1);
    await file.close();
    expect(await Part.exists(spec)).to.equal(true);
    const again = await Part.open(spec);
    expect([0, 1, 2, 3].map((block) => again.has(block))).to.deep.equal([true, false, false, false]);
    expect(again.done).to.equal(BLOCK_BYTES);
    await again.remove();
    expect(await readdir(into)).to.deep.equal([]);
  });

  it('takes another name for other files, and never one that is there', async () => {
    const into = await temporary();
    await writeFile(join(into, 'x'), 'mine');
    await writeFile(join(into, 'x.part'), 'mine too');
    await symlink('/etc/passwd', join(into, 'x (1).part'));
    const parts = await Promise.all([1, 2, 3].map((modified) => Part.open(specOf(into, [one(5, modified)]))));
    await Promise.all(parts.map((part) => fill(part, 0)));
    const saved = await Promise.all(parts.map((part) => part.finish()));
    expect(saved.sort()).to.deep.equal(['x (1)', 'x (2)', 'x (3)'].map((name) => join(into, name)));
    expect(await readFile(join(into, 'x'), 'utf8')).to.equal('mine');
    expect(await readFile(join(into, 'x.part'), 'utf8')).to.equal('mine too');
  });

  it('takes no folder that is there, and follows no link in its own', async () => {
    const into = await temporary();
    await mkdir(join(into, 'x'));
    const spec = specOf(into, [{ ...one(3), path: 'a/b' }], { folder: true });
    const part = await Part.open(spec);
    await symlink('/tmp', join(into, 'x.part', 'a'));
    const error: Failure = await fill(part, 0).then(
      () => expect.fail(),
      (failure) => failure,
    );
    expect(error.code).to.equal('STORE_FAILED');
    await rm(join(into, 'x.part', 'a'));
    await fill(part, 0);
    expect(await part.finish()).to.equal(join(into, 'x (1)'));
  });

  it('keeps what is known of it in a private folder, and nothing beside the part', async () => {
    const into = await temporary();
    const part = await Part.open(specOf(into, [one(5)]));
    expect(await readdir(into)).to.deep.equal(['x.part']);
    const [state] = await readdir(statesOf(into));
    expect((await stat(statesOf(into))).mode & 0o777).to.equal(0o700);
    expect((await stat(join(statesOf(into), state!))).mode & 0o777).to.equal(0o600);
    await part.remove();
    expect([await readdir(into), await readdir(statesOf(into))]).to.deep.equal([[], []]);
  });

  it('begins anew where its file is gone or another one has its name, which stays as it is', async () => {
    for (const isFolder of [false, true]) {
      for (const replace of [undefined, 'file', 'folder'] as const) {
        const into = await temporary();
        const at = join(into, 'x.part');
        const spec = specOf(into, [one(2 * BLOCK_BYTES)], { folder: isFolder });
        const part = await Part.open(spec);
        await fill(part, 0);
        await part.close();
        await rename(at, join(into, 'moved'));
        if (replace === 'file') await writeFile(at, 'mine');
        if (replace === 'folder') await mkdir(at);
        expect(await Part.exists(spec)).to.equal(false);
        await Part.discard(spec);
        const again = await Part.open(spec);
        expect(again.done).to.equal(0);
        await fill(again, 0, 1);
        await again.finish();
        if (replace === 'file') expect(await readFile(at, 'utf8')).to.equal('mine');
        if (replace === 'folder') expect(await readdir(at)).to.deep.equal([]);
        expect(await readdir(statesOf(into))).to.deep.equal([]);
      }
    }
  });

  it('neither takes nor removes what has the name of its file meanwhile', async () => {
    for (const end of ['finish', 'remove'] as const) {
      const into = await temporary();
      const at = join(into, 'x.part');
      const part = await Part.open(specOf(into, [one(5)]));
      await fill(part, 0);
      await rename(at, join(into, 'moved'));
      await writeFile(at, 'mine');
      const failure: Failure | undefined = await part[end]().then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(failure?.code).to.equal(end === 'finish' ? 'STORE_FAILED' : undefined);
      expect(await readFile(at, 'utf8')).to.equal('mine');
      expect((await readdir(into)).sort()).to.deep.equal(['moved', 'x.part']);
      await part.close();
    }
  });

  it('believes no state that older versions left beside it, nor a damaged one', async () => {
    const into = await temporary();
    const spec = specOf(into, [one(2 * BLOCK_BYTES)]);
    const first = await Part.open(spec);
    await fill(first, 0);
    await first.close();
    const [name] = await readdir(statesOf(into));
    const state = join(statesOf(into), name!);
    await rename(state, join(into, 'x.part.state'));
    expect(await Part.exists(spec)).to.equal(false);
    await writeFile(state, 'gctlpart, and then the power went');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(state, longAgo, longAgo);
    const again = await Part.open(spec);
    expect(again.done).to.equal(0);
    await again.remove();
    expect((await readdir(into)).sort()).to.deep.equal(['x.part', 'x.part.state']);
  });

  it('loses its state once it has been gone for a month', async () => {
    const into = await temporary();
    const specs = [1, 2, 3].map((modified) => specOf(into, [one(5, modified)]));
    for (const spec of specs) await (await Part.open(spec)).close();
    const old = new Date(Date.now() - 31 * 86_400_000);
    for (const name of await readdir(statesOf(into))) await utimes(join(statesOf(into), name), old, old);
    await rm(join(into, 'x (1).part'));
    await rm(join(into, 'x (2).part'));
    await (await Part.open(specs[2]!)).close();
    await Part.sweep(statesOf(into));
    expect(await Promise.all(specs.map((spec) => Part.exists(spec)))).to.deep.equal([true, false, true]);
    expect(await readdir(statesOf(into))).to.have.length(2);
    await Part.sweep(join(into, 'nowhere'));
  });

  it('is of one transfer at a time', async () => {
    const spec = specOf(await temporary(), [one(5)]);
    const part = await Part.open(spec);
    const error: Failure = await Part.open(spec).then(
      () => expect.fail(),
      (failure) => failure,
    );
    expect(error.code).to.equal('CONFLICT');
    await part.close();
    await (await Part.open(spec)).remove();
  });

  it('finishes what was killed between its new name and the loss of its old one', async () => {
    const into = await temporary();
    const spec = specOf(into, [one(5)]);
    const part = await Part.open(spec);
    await fill(part, 0);
    await part.close();
    await link(join(into, 'x.part'), join(into, 'x'));
    expect(await (await Part.open(spec)).finish()).to.equal(join(into, 'x'));
    expect(await readdir(into)).to.deep.equal(['x']);
  });

  it('refuses what the disk cannot hold', async () => {
    const into = await temporary();
    const error: Failure = await Part.open(specOf(into, [one(2 ** 40)])).then(
      () => expect.fail(),
      (failure) => failure,
    );
    expect(error.code).to.equal('TOO_LARGE');
    expect(await readdir(into)).to.deep.equal([]);
  });

  it('keeps what it has when the disk is full, and goes on when there is room', async function () {
    const into = await temporary();
    const mount = spawn('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', into], { stdio: 'ignore' });
    const code = await new Promise((resolve) => mount.once('exit', resolve).once('error', () => resolve(null)));
    if (code !== 0) skip(this, 'no small disk can be mounted here');
    try {
      const folder = await temporary();
      const { file, content } = await fileOf(folder, 'x', 16 * BLOCK_BYTES);
      const sources = await sourcesOf(file);
      const first = await receive(sources, into, () => appendFile(join(into, 'junk'), Buffer.alloc(3.5e6)));
      const failure: Failure = await first.download.finished.then(
        () => expect.fail(),
        (error) => error,
      );
      expect([failure.code, failure.data.full]).to.deep.equal(['STORE_FAILED', true]);
      const told: Failure = await first.sent.then(
        () => expect.fail(),
        (error) => error,
      );
      expect(told.message).to.equal('The receiver cannot save it: its disk is full. What it has is kept.');
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

async function receive(sources: Sources, into: string, opened: () => Promise<void> = async () => undefined) {
  const [here, there] = await channelPair();
  const counted = count(there);
  const sent = new Upload({ wire: new Wire(here), slots: new Slots() }).offer({ id: ID, ...sources });
  sent.catch(() => undefined); // looked at by the test
  const wire = new Wire(there);
  const offer = (await readOpening(wire)) as Offer;
  const download = new Download({ ...offer, into, states: statesOf(into), from: 'ann' });
  await download.open();
  await opened();
  void download.add(wire, 'offer');
  return { download, sent, counted };
}
