import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskEnv, monotonicMs, readTrace } from '../../test/network/disk.ts';
import { atMost, type Figure, median, ms } from '../figure.ts';
import { inFolder, makeFile } from './files.ts';
import { inRoom, mustBeDone } from './members.ts';

const SIZE = 1024 * 1024;
const MOST_MS = 150;
const SENDS_A_RUN = 4;

export const firstByte: Figure = {
  name: 'first-byte',
  summary: 'From send, accepted by a rule, until the first block is verified and written, on loopback.',
  measure: ({ runs }) =>
    inFolder(async (folder) => {
      const path = await makeFile(folder, 'content', SIZE);
      const trace = join(folder, 'trace');
      return inRoom({}, async (room) => {
        const sender = await room.join('sender');
        const receiver = await room.join('receiver', { env: diskEnv({ trace }) });
        await receiver.allow(sender.name, SIZE);
        const times: number[] = [];
        for (let i = 0; i < runs * SENDS_A_RUN; i++) {
          const begun = monotonicMs();
          mustBeDone(await sender.finished(await sender.send(receiver.name, path)));
          const [firstAt] = (await readTrace(trace)).times;
          if (firstAt === undefined) throw new Error('No block was seen on its way to the disk.');
          times.push(firstAt - begun);
          await rm(trace);
        }
        const time = median(times);
        return [
          { what: 'first block, median', value: ms(time), bar: atMost(time, MOST_MS, `< ${MOST_MS} ms`) },
          { what: 'first block, slowest', value: ms(Math.max(...times)) },
        ];
      });
    }),
};
