import { Child } from '../child.ts';
import { atMost, type Figure, median, ms, type Row } from '../figure.ts';
import { inFolder } from '../raw.ts';
import { room, type Writing, withNodes } from './nodes.ts';

const WRITERS = 8;
const STALL_MS = 6000;
/** Longer than an election takes. */
const SECONDS = 12;

export const failOver: Figure = {
  name: 'fail-over',
  summary: `The longest of the appends of ${WRITERS} writers while a node of three gets kill -9.`,
  measure: (effort) =>
    withNodes(3, async (nats) => {
      const rows: Row[] = [];
      for (const victim of ['leader', 'follower'] as const) {
        const longest: number[] = [];
        for (let run = 0; run < Math.min(effort.runs, 3); run++) {
          await inFolder(async (folder) => {
            const given = room(nats, WRITERS, { ...effort, seconds: SECONDS, warmUp: 0 });
            const child = new Child('joining', { folder, ...given });
            try {
              await new Promise((resolve) => setTimeout(resolve, 3000));
              const leader = await nats.leaderOf(`${given.prefix}-journal`);
              const node = victim === 'leader' ? leader : nats.nodes.find((one) => one !== leader)!;
              await node.kill();
              const { times } = await child.next<Writing>();
              longest.push(times.reduce((most, time) => Math.max(most, time), 0));
              await node.start();
              await nats.ready();
            } finally {
              await child.stop();
            }
          });
        }
        const stall = median(longest);
        rows.push({
          what: `the ${victim} dies`,
          value: ms(stall),
          ...(victim === 'leader' ? { bar: atMost(stall, STALL_MS, `≤ ${ms(STALL_MS)}`) } : {}),
        });
      }
      return rows;
    }),
};
