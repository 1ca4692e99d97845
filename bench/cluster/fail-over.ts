import { Child } from '../child.ts';
import { atMost, type Figure, median, ms, type Row } from '../figure.ts';
import { inFolder } from '../raw.ts';
import { room, type Writing, withNodes } from './nodes.ts';

const WRITERS = 8;
const STALL_MS = 6000;
const GAP_MS = 100;
/** Longer than an election. */
const SECONDS = 12;

/** Milliseconds: the longest append, and the longest time without a new record. */
interface Stall {
  readonly longest: number;
  readonly gap: number;
}

export const failOver: Figure = {
  name: 'fail-over',
  summary: `The longest append of ${WRITERS} writers, and the longest time without a live record, when one node of three gets kill -9.`,
  measure: (effort) =>
    withNodes(3, async (nats) => {
      const stallOf = (victim: 'leader' | 'follower' | 'nobody'): Promise<Stall> =>
        inFolder(async (folder) => {
          const given = room(nats, WRITERS, { ...effort, seconds: SECONDS, warmUp: 0 });
          const child = new Child('joining', { folder, ...given });
          try {
            await new Promise((resolve) => setTimeout(resolve, 3000));
            const leader = await nats.leaderOf(`${given.prefix}-journal`);
            const node = victim === 'leader' ? leader : nats.nodes.find((one) => one !== leader)!;
            if (victim !== 'nobody') await node.kill();
            const { times, gapMs } = await child.next<Writing>();
            if (victim !== 'nobody') await node.start();
            await nats.ready();
            return { longest: times.reduce((most, time) => Math.max(most, time), 0), gap: gapMs! };
          } finally {
            await child.stop();
          }
        });
      const rows: Row[] = [];
      for (const victim of ['leader', 'follower'] as const) {
        const dying: Stall[] = [];
        const calm: Stall[] = [];
        for (let run = 0; run < Math.min(effort.runs, 3); run++) {
          calm.push(await stallOf('nobody'));
          dying.push(await stallOf(victim));
        }
        const longest = median(dying.map((each) => each.longest));
        const gap = median(dying.map((each) => each.gap));
        const baseline = (of: keyof Stall) => `${ms(median(calm.map((each) => each[of])))} (nobody dies)`;
        rows.push(
          {
            what: `the ${victim} dies, longest append`,
            value: ms(longest),
            baseline: baseline('longest'),
            ...(victim === 'leader' ? { bar: atMost(longest, STALL_MS, `≤ ${ms(STALL_MS)}`) } : {}),
          },
          {
            what: `the ${victim} dies, longest gap`,
            value: ms(gap),
            baseline: baseline('gap'),
            ...(victim === 'follower' ? { bar: atMost(gap, GAP_MS, `≤ ${ms(GAP_MS)}`) } : {}),
          },
        );
      }
      return rows;
    }),
};
