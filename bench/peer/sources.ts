import { rm } from 'node:fs/promises';
import { Network, noNetwork } from '../../test/network/network.ts';
import type { Member } from '../../test/network/room.ts';
import { atLeast, type Figure, median, megabytesPerSecond } from '../figure.ts';
import { inFolder, makeFile } from './files.ts';
import { inRoom, mustBeDone } from './members.ts';

const RATE = 100e6 / 8 / 3;
const DELAY_MS = 10;
const SOURCES = 3;
const LEAST = 2.5;
/** Long compared to the start, which takes three sources as long as one. */
const LEAST_BYTES = 48 * 1024 * 1024;

export const sources: Figure = {
  name: 'sources',
  summary: 'One file from three members, each behind a third of 100 Mbit/s, compared with one of them alone.',
  async measure({ runs, bytes }) {
    const missing = noNetwork();
    if (missing !== undefined) return [{ what: missing, value: 'not measured' }];
    const size = Math.max(LEAST_BYTES, bytes / 8);
    const network = new Network();
    try {
      const home = network.machine('home');
      const machines = Array.from({ length: SOURCES }, (_, i) => network.machine(`source${i}`));
      const shape = { bytesPerSecond: RATE, delayMs: DELAY_MS, queueBytes: (RATE * 2 * DELAY_MS) / 1000 };
      await network.link(
        ...machines.map((machine, i) => ({
          a: { machine, address: `10.80.${i}.2/24`, device: 'shaped' },
          b: { machine: home, address: `10.80.${i}.1/24`, device: `to${i}` },
          shape,
          seed: i + 1,
        })),
      );
      // Everybody uses the same daemon, whichever link leads to it.
      for (const machine of machines.slice(1)) machine.ip('route add 10.80.0.1 dev shaped');
      for (const [i, machine] of machines.entries()) {
        if (i > 0) machine.ip(`neigh replace 10.80.0.1 lladdr 02:67:00:00:0${i}:01 dev shaped nud permanent`);
      }
      return await inFolder(async (folder) => {
        const path = await makeFile(folder, 'content', size);
        return inRoom({ machine: home }, async (room) => {
          const receiver = await room.join('receiver', { machine: home });
          const members: Member[] = [];
          for (const [i, machine] of machines.entries()) {
            const member = await room.join(`source${i}`, { machine });
            await member.publish(path);
            members.push(member);
          }
          const fetch = async (from: readonly Member[]) => {
            const begun = performance.now();
            const id = await receiver.fetch('content', { from: from.map(({ name }) => name) });
            const { savedAs } = mustBeDone(await receiver.finished(id));
            const seconds = (performance.now() - begun) / 1000;
            await rm(savedAs!);
            return size / seconds;
          };
          const all: number[] = [];
          const one: number[] = [];
          for (let run = 0; run < runs; run++) {
            one.push(await fetch(members.slice(run % SOURCES, (run % SOURCES) + 1)));
            all.push(await fetch(members));
          }
          const ratio = median(all) / median(one);
          return [
            {
              what: 'three sources compared with one',
              value: megabytesPerSecond(median(all)),
              baseline: `${megabytesPerSecond(median(one))} (one)`,
              ratio,
              bar: atLeast(ratio, LEAST, `≥ ${LEAST}`),
            },
          ];
        });
      });
    } finally {
      await network.remove();
    }
  },
};
