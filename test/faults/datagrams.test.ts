import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { diskEnv } from '../network/disk.ts';
import { Flood } from '../network/flood.ts';
import { Room } from '../network/room.ts';

/** The target is 100,000. */
const DATAGRAMS = Number(process.env.GOLDCTL_FAULT_DATAGRAMS ?? 20_000);
const SIZE = 24 * 1024 * 1024;

describe('hostile datagrams', function () {
  this.timeout(120_000);
  let room: Room;

  beforeEach(async () => {
    room = await Room.open();
  });

  afterEach(() => room?.close());

  it(`get no reply, ${DATAGRAMS.toLocaleString('en-US')} of them, and do not affect a transfer`, async () => {
    const sender = await room.join('sender');
    const receiver = await room.join('receiver', { env: diskEnv({ bytesPerSecond: SIZE / 3 }) });
    const content = randomBytes(SIZE);
    const path = join(room.folder, 'content');
    await writeFile(path, content);
    await sender.publish(path);
    const id = await receiver.fetch('content');
    await receiver.sees(({ done }) => done > 0);
    const { sources } = await sender.call('files.find', { name: 'content' });
    const [host, port] = room.address.split(':') as [string, string];
    const pids = await Promise.all([sender.peerPid(), receiver.peerPid()]);
    const flood = await Flood.start({
      targets: [
        { address: host, port: Number(port) },
        { address: host, port: sources[0]!.port! },
      ],
      count: DATAGRAMS,
    });
    const { sent, replies } = await flood.ended;
    expect(sent).to.equal(DATAGRAMS);
    expect(replies).to.equal(0);
    const { state, reason, savedAs } = await receiver.finished(id);
    expect(state, `${reason}`).to.equal('done');
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(hash(await readFile(savedAs!))).to.equal(hash(content));
    expect(await Promise.all([sender.peerPid(), receiver.peerPid()])).to.deep.equal(pids);
    expect((await sender.call('files.discover', {})).listings).to.have.length(1);
  });
});
