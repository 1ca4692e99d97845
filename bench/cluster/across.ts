import { atMost, type Figure, median, ms, quantile, rate } from '../figure.ts';
import { bare, joined, type Writing, withNodes } from './nodes.ts';

const TIMES_BARE = 3;

export const across: Figure = {
  name: 'across',
  summary:
    "Time until another daemon's read model has a post, on three nodes, compared with a bare publish and its reply.",
  measure: (effort) =>
    withNodes(3, async (nats) => {
      const own: Writing[] = [];
      const base: Writing[] = [];
      for (let run = 0; run < effort.runs; run++) {
        own.push(await joined(nats, 1, effort, { across: true }));
        base.push(await bare(nats, 1, effort));
      }
      return [0.5, 0.99].map((share) => {
        const ratio = median(own.map(({ times }, run) => quantile(times, share) / quantile(base[run]!.times, share)));
        const time = (runs: readonly Writing[]) => ms(median(runs.map(({ times }) => quantile(times, share))));
        return {
          what: `p${100 * share}, one at a time`,
          value: time(own),
          baseline: `${time(base)} (bare, ${rate(median(base.map(({ perSecond }) => perSecond)))})`,
          ratio,
          ...(share === 0.99 ? { bar: atMost(ratio, TIMES_BARE, `< ${TIMES_BARE} times bare`) } : {}),
        };
      });
    }),
};
