import { setTimeout as sleep } from 'node:timers/promises';
import { diskEnv } from '../../test/network/disk.ts';
import { atMost, type Figure, mebibytes, megabytesPerSecond, type Row } from '../figure.ts';
import { inFolder, makeFile } from './files.ts';
import { carryFile, inRoom } from './members.ts';
import { Pipe } from './pipe.ts';

const WRITES = 20_000_000;
const MEMORY = 150_000_000;
const ANY = 2 ** 40;

export const slowReceiver: Figure = {
  name: 'slow-disk',
  summary: 'Memory of both sides when the receiver writes 20 MB/s and the sender could send five times as much.',
  measure: ({ bytes, seconds }) =>
    inFolder(async (folder) => {
      const size = bytes / 4;
      const path = await makeFile(folder, 'content', size);
      const bare = await bareMemory(seconds * 4000);
      return inRoom({}, async (room) => {
        const sender = await room.join('sender');
        const receiver = await room.join('receiver', { env: diskEnv({ bytesPerSecond: WRITES }) });
        await receiver.allow(sender.name, ANY);
        const carried = await carryFile({ sender, receiver, path, bytes: size });
        const rows: Row[] = [{ what: 'speed', value: megabytesPerSecond(carried.bytesPerSecond) }];
        for (const side of ['sender', 'receiver'] as const) {
          rows.push({
            what: `peak memory, ${side}`,
            value: mebibytes(carried[side].peak),
            baseline: `${mebibytes(bare[side])} (TLS over UDX)`,
            bar: atMost(carried[side].peak, MEMORY, '< 150 MB'),
          });
        }
        return rows;
      });
    }),
};

/** UDX has no flow control: unread data stays in the receiver's memory. */
async function bareMemory(ms: number): Promise<{ sender: number; receiver: number }> {
  const pipe = await Pipe.open('udx-tls', { takeAtMost: WRITES });
  try {
    await sleep(ms);
    const [sender, receiver] = await Promise.all(
      [pipe.sender, pipe.receiver].map((side) => side.ask<{ peak: number }>('used')),
    );
    return { sender: sender!.peak, receiver: receiver!.peak };
  } finally {
    await pipe.stop();
  }
}
