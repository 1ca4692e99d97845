import { createHash, randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { isFinished } from '../../src/domain/transfer.ts';
import { diskEnv, readTrace } from '../network/disk.ts';
import { type Member, Room } from '../network/room.ts';

/** The target is 100; a few find most faults in a fraction of the time. */
const ROUNDS = Number(process.env.GOLDCTL_FAULT_ROUNDS ?? 5);
const SIZE = 12 * 1024 * 1024 + 12_345;
/** The receiver's disk is slow enough to kill in the middle. */
const WRITES = 24_000_000;
const LASTS_MS = (SIZE / WRITES) * 1000;

const VICTIMS = ["the sender's files", "the receiver's files", 'the daemon', 'the sender', 'the receiver'] as const;
const WAYS = ['send', 'fetch'] as const;

describe('kill -9 during transfers', function () {
  this.timeout(60_000 + ROUNDS * 60_000);
  let room: Room;
  let sender: Member;
  let receiver: Member;
  let trace: string;

  before(async () => {
    room = await Room.open();
    trace = join(room.folder, 'trace');
    sender = await room.join('sender');
    receiver = await room.join('receiver', { env: diskEnv({ trace, bytesPerSecond: WRITES }) });
    await receiver.allow(sender.name, 2 * SIZE);
  });

  after(() => room?.close());

  for (let round = 0; round < ROUNDS; round++) {
    const victim = VICTIMS[round % VICTIMS.length]!;
    const way = WAYS[Math.floor(round / VICTIMS.length) % WAYS.length]!;
    it(`${way}: continues after ${victim} was killed, and fetches no verified block twice (${round + 1})`, async () => {
      const name = `content-${round}`;
      const path = join(room.folder, name);
      const content = randomBytes(SIZE);
      await writeFile(path, content);
      await rm(trace, { force: true });
      await Promise.all([sender.online(), receiver.online()]);
      if (way === 'fetch') await sender.publish(path);
      let id = await begin(way, path, name);
      const subject = way === 'send' ? sender : receiver;
      // A sender that leaves before an introduction is offline: that is reported at once, and is no failed transfer.
      const isOther = victim === (way === 'send' ? 'the receiver' : 'the sender');
      while (isOther && (await readTrace(trace)).blocks === 0) await sleep(5);
      await sleep(Math.random() * (isOther ? 0.9 : 1) * LASTS_MS);
      const transfer = subject.transfer(id)!;
      expect(isFinished(transfer), `killed in the middle: ${transfer.reason}`).to.equal(false);
      await kill(victim);
      if (subject === sender ? victim === 'the sender' : victim === 'the receiver') id = await begin(way, path, name);

      const ended = await subject.finished(id);
      expect(ended.state, `${ended.reason} ${subject.notices}`).to.equal('done');
      const arrived = await receiver.sees(
        (one) => one.direction === 'in' && one.savedAs !== null && one.name === name && one.state === 'done',
      );
      expect(hashOf(await readFile(arrived.savedAs!))).to.equal(hashOf(content));
      const { blocks, twice } = await readTrace(trace);
      expect(blocks).to.be.at.least(Math.ceil(SIZE / (256 * 1024)));
      expect(twice, 'verified blocks that were fetched again').to.deep.equal([]);
      await Promise.all([rm(path), rm(arrived.savedAs!)]);
    });
  }

  function begin(way: (typeof WAYS)[number], path: string, name: string): Promise<number> {
    return way === 'send' ? sender.send(receiver.name, path) : receiver.fetch(name);
  }

  async function kill(victim: (typeof VICTIMS)[number]): Promise<void> {
    switch (victim) {
      case "the sender's files":
      case "the receiver's files": {
        const pid = await (victim === "the sender's files" ? sender : receiver).peerPid();
        process.kill(pid!, 'SIGKILL');
        break;
      }
      case 'the daemon':
        await room.breakDaemon();
        break;
      case 'the sender':
        await sender.kill();
        await sender.again();
        break;
      case 'the receiver':
        await receiver.kill();
        await receiver.again();
        break;
    }
  }
});

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
