import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import type { AppError } from '../../src/domain/app-error.ts';
import { type FileOffer, type FileRequest, readChannelRequest } from '../../src/peer/channel-request.ts';
import { Download } from '../../src/peer/download.ts';
import { encodeBlockInPlace, encodeControl, encodeLeaves } from '../../src/peer/frame.ts';
import { FramedChannel } from '../../src/peer/framed-channel.ts';
import { BLOCK_BYTES } from '../../src/peer/hash-tree.ts';
import type { PeerMessage } from '../../src/peer/peer-message.ts';
import { Upload } from '../../src/peer/upload.ts';
import { UploadSlots } from '../../src/peer/upload-slots.ts';
import { channelPair, fileOf, libraryOf, removeTemporary, statesOf, temporary, until } from './transfer-fixture.ts';

const ID = 'c'.repeat(32);

async function failing(promise: Promise<unknown>): Promise<AppError> {
  return promise.then(
    () => expect.fail(),
    (failure) => failure,
  );
}

function offerOf(path: string, size = 10, folder = false): Buffer {
  const files = [{ path, size, modified: 1, root: null }];
  return Buffer.concat([
    encodeControl({ type: 'offer', id: ID, name: path, folder, count: 1 }),
    encodeControl({ type: 'files', files }),
  ]);
}

describe('FramedChannel', () => {
  afterEach(removeTemporary);

  it('sends keep-alives, and detects a silent peer', async () => {
    const [here, there] = await channelPair();
    const quick = { pingMs: 20, silenceMs: 200, frameMs: 200 };
    const [a, b] = [new FramedChannel(here, quick), new FramedChannel(there, quick)];
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect([a.isClosed, b.isClosed]).to.deep.equal([false, false]);
    a.destroy();
    expect(await a.ended).to.equal(null);
    await b.ended;

    const [silent, waiting] = await channelPair();
    const failure = await new FramedChannel(waiting, { ...quick, pingMs: 10_000 }).ended;
    expect(failure?.code).to.equal('TOO_SLOW');
    silent.cut();
  });

  it('disconnects a peer that sends too slowly', async () => {
    const [here, there] = await channelPair();
    const wire = new FramedChannel(there, { frameMs: 150, silenceMs: 10_000 });
    const bytes = encodeControl({ type: 'want', name: 'x'.repeat(1000), hash: 'a'.repeat(64) });
    let at = 0;
    const drip = setInterval(() => here.duplex.write(bytes.subarray(at, ++at)), 10);
    const failure = await wire.ended;
    clearInterval(drip);
    expect(failure?.code).to.equal('TOO_SLOW');
  });

  it('accepts or refuses any first bytes', async function () {
    this.timeout(30_000);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 5, maxLength: 200 }), fc.boolean(), async (bytes, framed) => {
        const [here, there] = await channelPair();
        const opening = readChannelRequest(new FramedChannel(there), { timeoutMs: 2000 });
        here.duplex.resume();
        here.duplex.end(framed ? Buffer.concat([Buffer.of(0, 0, 0, bytes.length + 1, 1), bytes]) : bytes);
        await failing(opening);
        here.cut();
      }),
      { numRuns: 60 },
    );
  });

  it('waits for the opening, but not forever', async () => {
    const [here, there] = await channelPair();
    const failure = await failing(readChannelRequest(new FramedChannel(there), { timeoutMs: 50 }));
    expect(failure.code).to.equal('TOO_SLOW');
    here.cut();
  });

  for (const [what, bytes, code] of [
    ['a path that leads out', offerOf('../../x', 10, true), 'NOT_ALLOWED'],
    ['a hidden path', offerOf('.ssh/authorized_keys', 10, true), 'NOT_ALLOWED'],
    ['more than fits anywhere', Buffer.concat([offerOf('x', 2 ** 40 + 1)]), 'INVALID_REQUEST'],
    ['a negative size', offerOf('x', -1), 'INVALID_REQUEST'],
    ['a block', encodeBlockInPlace(Buffer.alloc(20), 0, 0, 7), 'INVALID_REQUEST'],
    ['hashes', encodeLeaves(0, 0, Buffer.alloc(32)), 'INVALID_REQUEST'],
    ['no files', encodeControl({ type: 'offer', id: ID, name: 'x', folder: false, count: 0 }), 'INVALID_REQUEST'],
    [
      'too many files',
      encodeControl({ type: 'offer', id: ID, name: 'x', folder: true, count: 10_001 }),
      'INVALID_REQUEST',
    ],
    ['two for a single file', encodeControl({ type: 'offer', id: ID, name: 'x', folder: false, count: 2 }), undefined],
    ['a pull', encodeControl({ type: 'pull', file: 0, from: 0, count: 1 }), 'INVALID_REQUEST'],
  ] as const) {
    it(`refuses an opening with ${what}`, async () => {
      const [here, there] = await channelPair();
      const opening = readChannelRequest(new FramedChannel(there), { timeoutMs: 500 });
      here.duplex.resume();
      here.duplex.write(bytes);
      const failure = await failing(opening);
      if (code) expect(failure.code).to.equal(code);
      here.cut();
    });
  }

  it('saves a single file under the last part of its name', async () => {
    const [here, there] = await channelPair();
    here.duplex.write(offerOf('../../../etc/cron.d/x'));
    const offer = (await readChannelRequest(new FramedChannel(there))) as FileOffer;
    expect([offer.name, offer.files[0]!.path]).to.deep.equal(['x', 'x']);
    here.cut();
  });

  for (const [what, words] of [
    ['pulls what is not there', [{ type: 'pull', file: 0, from: 9, count: 9 }]],
    ['pulls another file', [{ type: 'pull', file: 1, from: 0, count: 1 }]],
    ['pulls without end', Array(300).fill({ type: 'pull', file: 0, from: 0, count: 4 })],
    ['asks without end', Array(5000).fill({ type: 'leaves', file: 0 })],
    ['acknowledges what was not sent', [{ type: 'ack', bytes: 1, done: 1 }]],
    ['answers like a source', [{ type: 'found', size: 3 }]],
  ] as const) {
    it(`does not serve a peer who ${what}`, async () => {
      const { file } = await fileOf(await temporary(), 'x', 4 * BLOCK_BYTES);
      const { library, spec } = await libraryOf(file);
      const [here, there] = await channelPair();
      const slots = new UploadSlots({ maxActive: 0 });
      const wire = new FramedChannel(there);
      const serving = readChannelRequest(wire).then((want) =>
        new Upload({ channel: wire, slots }).serve(want as FileRequest, library),
      );
      here.duplex.resume();
      here.duplex.write(encodeControl({ type: 'want', name: 'x', hash: spec.root }));
      for (const word of words) here.duplex.write(encodeControl(word));
      expect((await failing(serving)).code).to.equal('INVALID_REQUEST');
      here.cut();
    });
  }

  it('stops a sender at 16 MiB without acknowledgement', async () => {
    const { file } = await fileOf(await temporary(), 'x', 100 * BLOCK_BYTES);
    const { library, spec } = await libraryOf(file);
    const [here, there] = await channelPair();
    const wire = new FramedChannel(there);
    const upload = new Upload({ channel: wire, slots: new UploadSlots(), stallMs: 2000 });
    const serving = readChannelRequest(wire).then((want) => upload.serve(want as FileRequest, library));
    let got = 0;
    here.duplex.on('data', (chunk: Buffer) => {
      got += chunk.length;
    });
    for (const word of [
      { type: 'want', name: 'x', hash: spec.root },
      { type: 'pull', file: 0, from: 0, count: 100 },
    ]) {
      here.duplex.write(encodeControl(word));
    }
    expect((await failing(serving)).code).to.equal('TOO_SLOW');
    expect(got).to.be.within(16 * 1024 * 1024, 16 * 1024 * 1024 + 5000);
    here.cut();
  });

  /** Answers a download step by step. */
  async function hostile(answer: (message: PeerMessage, say: (bytes: Buffer) => void) => void, stallMs = 45_000) {
    const { file } = await fileOf(await temporary(), 'x', 8 * BLOCK_BYTES);
    const { spec } = await libraryOf(file);
    const into = await temporary();
    const download = new Download({
      name: 'x',
      folder: false,
      files: [spec],
      downloadFolder: into,
      stateFolder: statesOf(into),
      sender: '',
      stallMs,
    });
    await download.open();
    const [here, there] = await channelPair();
    new FramedChannel(there).setHandler({
      onMessage: (message) => answer(message, (bytes) => there.duplex.write(bytes)),
    });
    const end = await download.addSource(new FramedChannel(here), 'want');
    const { verifiedBytes } = download;
    await download.cancel();
    expect(await readdir(into)).to.deep.equal([]);
    return { ...end, done: verifiedBytes };
  }

  const leaves = libraryLeaves();
  for (const [what, why, answer] of [
    ['another size', 'misbehaved', () => encodeControl({ type: 'found', size: 5 })],
    ['hashes that do not fit', 'misbehaved', (type: string) => (type === 'leaves' ? leaves.wrong : undefined)],
    [
      'hashes of another file',
      'misbehaved',
      (type: string) => (type === 'leaves' ? encodeLeaves(7, 0, Buffer.alloc(32)) : undefined),
    ],
    [
      'too many hashes',
      'misbehaved',
      (type: string) => (type === 'leaves' ? encodeLeaves(0, 0, Buffer.alloc(32 * 9)) : undefined),
    ],
    ['blocks that nobody asked for', 'misbehaved', () => encodeBlockInPlace(Buffer.alloc(20), 0, 0, 7)],
    ['roots that nobody asked for', 'misbehaved', () => encodeControl({ type: 'roots', from: 0, roots: [] })],
    [
      'a refusal',
      'refused',
      () => encodeControl({ type: 'refuse', code: 'GONE', reason: 'It is gone.\u001b[2J', declined: false }),
    ],
  ] as const) {
    it(`accepts nothing from a source that sends ${what}`, async () => {
      const end = await hostile((message, say) => {
        const { type } = message;
        const bytes = answer(type);
        if (bytes) say(bytes);
        else if (type === 'want') say(encodeControl({ type: 'found', size: 8 * BLOCK_BYTES }));
      });
      expect(end.outcome).to.equal(why);
      expect(end.done).to.equal(0);
      expect(end.failure?.message).to.not.include('\u001b');
    });
  }

  it('does not wait for a source that owes a reply', async () => {
    const end = await hostile((message, say) => {
      if (message.type === 'want') say(encodeControl({ type: 'found', size: 8 * BLOCK_BYTES }));
    }, 100);
    expect([end.outcome, end.failure?.code]).to.deep.equal(['disconnected', 'TOO_SLOW']);
  });

  it('transfers over channels that accept any number of bytes at a time', async () => {
    const [here, there] = await channelPair();
    const messages: PeerMessage[] = [];
    new FramedChannel(there).setHandler({ onMessage: (message) => messages.push(message) });
    const bytes = Buffer.concat(Array(50).fill(encodeControl({ type: 'queued', place: 3 })));
    for (let at = 0; at < bytes.length; ) {
      const step = 1 + (randomBytes(1)[0]! % 30);
      here.duplex.write(bytes.subarray(at, at + step));
      at += step;
    }
    await until(() => messages.length === 50);
    here.cut();
  });
});

function libraryLeaves() {
  return { wrong: encodeLeaves(0, 0, Buffer.alloc(8 * 32, 5)) };
}
