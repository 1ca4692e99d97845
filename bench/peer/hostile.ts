import { Flood } from '../../test/network/flood.ts';
import { noNetwork } from '../../test/network/network.ts';
import { atLeast, atMost, type Figure, median, megabytesPerSecond } from '../figure.ts';
import { inFolder, makeFile } from './files.ts';
import { onLink } from './link.ts';
import { inRoom, mustBeDone } from './members.ts';

const RATE = 100e6 / 8;
const DELAY_MS = 5;
const DATAGRAMS = 100_000;
const LEAST = 0.9;

export const hostile: Figure = {
  name: 'hostile',
  summary: "100,000 hostile datagrams to the daemon's port and the receiver's, during a transfer over 100 Mbit/s.",
  async measure({ runs, bytes }) {
    const missing = noNetwork();
    if (missing !== undefined) return [{ what: missing, value: 'not measured' }];
    const size = Math.max(64 * 1024 * 1024, bytes / 8);
    const lastsMs = (size / RATE) * 1000;
    const shape = { bytesPerSecond: RATE, delayMs: DELAY_MS, queueBytes: (RATE * 4 * DELAY_MS) / 1000 };
    return onLink(shape, (near, far) =>
      inFolder(async (folder) => {
        const path = await makeFile(folder, 'content', size);
        return inRoom({ machine: near }, async (room) => {
          const sender = await room.join('sender', { machine: near });
          const receiver = await room.join('receiver', { machine: far });
          await receiver.publish(path);
          await sender.publish(path);
          const { sources } = await sender.call('files.find', { name: 'content' });
          const taker = sources.find(({ member }) => member === receiver.name)!;
          await receiver.call('files.unpublish', { name: 'content' });
          const carry = async () => {
            const begun = performance.now();
            mustBeDone(await receiver.finished(await receiver.fetch('content', { from: [sender.name] })));
            return size / ((performance.now() - begun) / 1000);
          };
          const [quiet, flooded, replied]: number[][] = [[], [], []];
          for (let run = 0; run < runs; run++) {
            quiet!.push(await carry());
            // All of them at once, each from the machine that it attacks: they do not target the link itself.
            const floods = await Promise.all(
              [
                { machine: near, port: Number(room.address.split(':').at(-1)) },
                { machine: far, port: taker.port! },
              ].map(({ machine, port }) =>
                Flood.start({
                  machine,
                  targets: [{ address: machine.address, port }],
                  count: DATAGRAMS,
                  perSecond: DATAGRAMS / (lastsMs / 1000),
                }),
              ),
            );
            flooded!.push(await carry());
            for (const flood of floods) replied!.push((await flood.ended).replies);
          }
          const ratio = median(quiet!.map((speed, run) => flooded![run]! / speed));
          const replies = replied!.reduce((sum, count) => sum + count, 0);
          return [
            {
              what: 'a transfer during the flood',
              value: megabytesPerSecond(median(flooded!)),
              baseline: `${megabytesPerSecond(median(quiet!))} (without)`,
              ratio,
              bar: atLeast(ratio, LEAST, 'loses < 10 %'),
            },
            { what: 'datagrams answered', value: `${replies}`, bar: atMost(replies, 0, 'none') },
          ];
        });
      }),
    );
  },
};
