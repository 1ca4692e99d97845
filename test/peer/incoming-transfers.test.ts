import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import type { Transfer } from '../../src/domain/transfer.ts';
import { readChannelRequest } from '../../src/peer/channel-request.ts';
import { collectSources } from '../../src/peer/file-source.ts';
import { FramedChannel } from '../../src/peer/framed-channel.ts';
import { IncomingTransfers } from '../../src/peer/incoming-transfers.ts';
import type { ReceiveJob, TransferJob, TransferOffer } from '../../src/peer/ipc.ts';
import { TransferRegistry } from '../../src/peer/transfer-registry.ts';
import { TrustStore } from '../../src/peer/trust-store.ts';
import { Upload } from '../../src/peer/upload.ts';
import { UploadSlots } from '../../src/peer/upload-slots.ts';
import { channelPair, fileOf, removeTemporary, temporary } from './transfer-fixture.ts';

const KEY = 'ab'.repeat(32);

describe('IncomingTransfers', () => {
  let folder: string;
  let downloads: string;
  let offers: TransferOffer[];
  let jobs: Map<number, TransferJob>;
  let told: Map<number, Transfer>;
  let wake: (() => void)[];
  let trust: TrustStore;
  let transfers: TransferRegistry;
  const made: IncomingTransfers[] = [];
  const wires: FramedChannel[] = [];

  const changed = () => {
    for (const each of wake.splice(0)) each();
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => wake.push(resolve));
  };
  const receiver = (absentMs?: number) => {
    const receiving = new IncomingTransfers({
      transfers,
      trustStore: trust,
      downloadFolder: downloads,
      stateFolder: join(folder, 'parts'),
      asksUser: true,
      onOffer: (offer) => {
        offers.push(offer);
        changed();
      },
      ...(absentMs === undefined ? {} : { senderAbsentMs: absentMs }),
    });
    made.push(receiving);
    return receiving;
  };

  /** Offers a file like a member does. `ended` never rejects. */
  async function offer(
    receiving: IncomingTransfers,
    file: string,
    { token = '1'.repeat(32), member = 'ben', key = KEY } = {},
  ) {
    const [near, far] = await channelPair(['ann', member]);
    const wire = new FramedChannel({ ...near, member, key });
    const own = new FramedChannel(far);
    wires.push(wire, own);
    void readChannelRequest(wire).then(
      (opening) => (opening.kind === 'offer' ? receiving.handleOffer(opening, wire) : undefined),
      () => {},
    );
    const { name, folder: isFolder, sources } = await collectSources(file);
    const upload = new Upload({ channel: own, slots: new UploadSlots() });
    const ended = upload.offer({ id: token, name, folder: isFolder, sources }).then(
      () => undefined,
      (thrown) => AppError.from(thrown),
    );
    return { upload, ended, cut: () => far.cut() };
  }

  beforeEach(async () => {
    folder = await temporary();
    downloads = join(folder, 'downloads');
    offers = [];
    jobs = new Map();
    told = new Map();
    wake = [];
    trust = new TrustStore(join(folder, 'peers.json'), 'local', () => {});
    transfers = new TransferRegistry({
      nextId: 1,
      onChange: (transfer) => {
        told.set(transfer.id, transfer);
        changed();
      },
      onJob: (id, job) => {
        if (job) jobs.set(id, job);
        else jobs.delete(id);
      },
    });
  });

  afterEach(async () => {
    transfers.stop();
    for (const receiving of made.splice(0)) await receiving.stop();
    for (const wire of wires.splice(0)) wire.destroy();
    await removeTemporary();
  });

  it('keeps at most twenty offers, and three per member', async () => {
    const receiving = receiver();
    const { file } = await fileOf(folder, 'a', 10);
    const all: ReturnType<typeof offer>[] = [];
    for (let i = 0; i < 30; i += 1) {
      const key = Math.floor(i / 4)
        .toString(16)
        .padStart(64, '0');
      all.push(offer(receiving, file, { token: i.toString(16).padStart(32, '0'), key, member: `m${i >> 2}` }));
    }
    const refused: number[] = [];
    for (const [i, { ended }] of (await Promise.all(all)).entries()) {
      void ended.then((failure) => {
        if (failure?.status === 429 && failure.data.declined === true) refused.push(i);
        changed();
      });
    }
    await until(() => refused.length === 10);
    expect(offers).to.have.length(20);
    for (const { member } of offers) {
      expect(offers.filter((one) => one.member === member).length, member).to.be.at.most(3);
    }
  });

  it('treats two concurrent equal offers as one', async () => {
    const receiving = receiver();
    const { file } = await fileOf(folder, 'a', 10);
    await Promise.all([offer(receiving, file), offer(receiving, file)]);
    await until(() => offers.length === 1 && told.get(1)?.peers[0]?.path === 'lan');
    await receiving.accept(1, undefined, undefined);
    await until(() => told.get(1)?.state === 'done');
    expect(told.size).to.equal(1);
  });

  it('asks once about repeated offers', async () => {
    const receiving = receiver();
    const { file, content } = await fileOf(folder, 'a', 300_000);
    const first = await offer(receiving, file);
    await until(() => offers.length === 1);
    first.cut();
    const second = await offer(receiving, file);
    await until(() => told.get(1)?.peers[0]?.path === 'lan');
    await receiving.accept(1, undefined, undefined);
    expect(await second.ended).to.equal(undefined);
    await until(() => told.get(1)?.state === 'done');
    expect(offers).to.have.length(1);
    expect((await readFile(told.get(1)!.savedAs!)).equals(content)).to.equal(true);
    // a sender that missed the end is told now
    expect(await (await offer(receiving, file)).ended).to.equal(undefined);
    expect(told.size).to.equal(1);
  });

  it('resumes with another token, and asks again for another content', async () => {
    const receiving = receiver();
    const { file } = await fileOf(folder, 'a', 1000);
    const first = await offer(receiving, file);
    await until(() => told.get(1)?.peers[0]?.path === 'lan');
    first.cut();
    await until(() => told.get(1)?.peers[0]?.path === null);
    await receiving.accept(1, undefined, undefined);
    const other = await offer(receiving, file, { token: '2'.repeat(32) });
    expect(await other.ended).to.equal(undefined);
    await writeFile(file, 'another');
    await offer(receiving, file, { token: '2'.repeat(32) });
    await until(() => offers.length === 2);
    expect(offers[1]!.size).to.equal(7);
  });

  it('accepts the channel that arrives while it makes room', async () => {
    const receiving = receiver();
    const { file } = await fileOf(folder, 'a', 300_000);
    const first = await offer(receiving, file);
    await until(() => offers.length === 1);
    const accepted = receiving.accept(1, undefined, undefined);
    first.cut();
    const second = await offer(receiving, file);
    await accepted;
    const failure = await second.ended;
    if (failure) expect(await (await offer(receiving, file)).ended).to.equal(undefined);
    await until(() => told.get(1)?.state === 'done');
  });

  it('refuses the token of one member from another', async () => {
    const receiving = receiver();
    const { file } = await fileOf(folder, 'a', 1000);
    await trust.setAutoAccept('ben', 1000);
    expect(await (await offer(receiving, file)).ended).to.equal(undefined);
    await offer(receiving, file, { member: 'eve', key: 'ee'.repeat(32) });
    await until(() => offers.length === 1);
    expect(offers[0]!.member).to.equal('eve');
  });

  it('forgets a withdrawn offer, and one whose sender disappears', async () => {
    const receiving = receiver(20);
    const { file } = await fileOf(folder, 'a', 1000);
    const first = await offer(receiving, file);
    await until(() => offers.length === 1);
    first.upload.cancel();
    await until(() => told.get(1)?.state === 'cancelled');
    const second = await offer(receiving, file, { token: '2'.repeat(32) });
    await until(() => offers.length === 2);
    second.cut();
    await until(() => told.get(2)?.state === 'cancelled');
    let code = '';
    await receiving.accept(2, undefined, undefined).catch((thrown) => {
      code = AppError.from(thrown).code;
    });
    expect(code).to.equal('NOT_FOUND');
    const third = await offer(receiving, file, { token: '2'.repeat(32) });
    expect((await third.ended)?.data.declined).to.equal(true);
  });

  it('resumes what another process left', async () => {
    const { file, content } = await fileOf(folder, 'a', 600_000);
    const before = receiver();
    const first = await offer(before, file);
    await until(() => offers.length === 1);
    await before.accept(1, join(folder, 'there'), undefined);
    await first.ended;
    await until(() => told.get(1)?.state === 'done');
    const job = { id: 8, kind: 'receive', startedAt: 1, token: '3'.repeat(32), member: 'ben', key: KEY } as const;
    const left: ReceiveJob = { ...job, name: 'a', size: 600_000, files: 1, accepted: true, to: join(folder, 'new') };
    const after = receiver();
    after.resume(left);
    expect(jobs.get(8)).to.deep.equal(left);
    expect(await (await offer(after, file, { token: left.token })).ended).to.equal(undefined);
    await until(() => told.get(8)?.state === 'done');
    expect(told.get(8)!.savedAs).to.equal(join(folder, 'new', 'a'));
    expect((await readFile(told.get(8)!.savedAs!)).equals(content)).to.equal(true);
    expect(offers).to.have.length(1);
    expect(jobs.size).to.equal(0);
  });

  it('tells the sender if the file cannot be saved', async () => {
    await writeFile(downloads, 'no folder');
    const receiving = receiver();
    await trust.setAutoAccept('ben', 1000);
    const { file } = await fileOf(folder, 'a', 1000);
    const failure = await (await offer(receiving, file)).ended;
    expect(failure?.data.declined).to.equal(true);
    expect(failure?.message).to.not.contain(downloads);
    await until(() => told.get(1)?.state === 'failed');
  });
});
