import { atLeast, type Figure, median, ms, quantile, type Row, rate } from '../figure.ts';
import { bare, joined, type Writing, withNodes } from './nodes.ts';

const OF_BARE = 0.7;

export const appends: Figure = {
  name: 'appends',
  summary:
    'Appends per second on one node and on three, compared with bare JetStream publishes at the same concurrency.',
  async measure(effort) {
    const rows: Row[] = [];
    for (const nodes of [1, 3] as const) {
      rows.push(
        ...(await withNodes(nodes, async (nats) => {
          const of: Row[] = [];
          for (const writers of [1, 64]) {
            const own: Writing[] = [];
            const base: Writing[] = [];
            for (let run = 0; run < effort.runs; run++) {
              own.push(await joined(nats, writers, effort));
              base.push(await bare(nats, writers, effort));
            }
            const speed = (runs: readonly Writing[]) => median(runs.map(({ perSecond }) => perSecond));
            const time = (runs: readonly Writing[], share: number) =>
              median(runs.map(({ times }) => quantile(times, share)));
            const ratio = median(own.map(({ perSecond }, run) => perSecond / base[run]!.perSecond));
            const what = `R${nodes}, ${writers} ${writers === 1 ? 'writer' : 'writers'}`;
            const ofTime = (share: number): Row => ({
              what: `${what}, p${100 * share}`,
              value: ms(time(own, share)),
              baseline: ms(time(base, share)),
              ratio: time(own, share) / time(base, share),
            });
            of.push(
              {
                what,
                value: rate(speed(own)),
                baseline: `${rate(speed(base))} (bare)`,
                ratio,
                bar: atLeast(ratio, OF_BARE, `≥ ${OF_BARE.toFixed(2)} of bare`),
              },
              ofTime(0.5),
              ofTime(0.99),
            );
          }
          return of;
        })),
      );
    }
    return rows;
  },
};
