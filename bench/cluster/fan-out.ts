import { Child } from '../child.ts';
import { Daemon } from '../daemon.ts';
import { type Effort, type Figure, median, ms, type Row, rate } from '../figure.ts';
import { daemonSpeech, MARK, type Speech } from '../room/broadcasters.ts';
import type { Fan } from '../room/contest.ts';
import { withNodes } from './nodes.ts';

const DAEMONS = 3;
const WATCHERS = [30, 300, 1500];

export const fanOut: Figure = {
  name: 'fan-out',
  summary: `Posts, 16 in flight, to members of ${DAEMONS} daemons, compared with as many members of one daemon.`,
  measure: (effort, show) =>
    withNodes(3, async ({ engine }) => {
      const daemons: Daemon[] = [];
      try {
        for (let i = 0; i < DAEMONS; i++) daemons.push(await Daemon.start({ engine }));
        const rows: Row[] = [];
        for (const watchers of WATCHERS) {
          const [all, one] = [await fan(daemons, watchers, effort), await fan(daemons.slice(0, 1), watchers, effort)];
          const row = {
            what: `${watchers.toLocaleString('en-US')} watchers`,
            value: said(all),
            baseline: `${said(one)} (at one daemon)`,
            ratio: of(all, 'perSecond') / of(one, 'perSecond'),
          };
          show(row);
          rows.push(row);
        }
        return rows;
      } finally {
        for (const daemon of daemons) await daemon.stop();
      }
    }),
};

async function fan(daemons: readonly Daemon[], watchers: number, effort: Effort): Promise<Fan[]> {
  const speeches: Speech[] = [];
  for (const daemon of daemons) speeches.push(await daemonSpeech(daemon, Math.ceil(watchers / daemons.length)));
  const load = new Child('watchers', {
    ...speeches[0],
    mark: MARK,
    connections: watchers,
    places: daemons.map(({ ready }, i) => ({ port: ready.port, watchers: speeches[i]!.entrances.watchers })),
    warmUpMs: 1000 * effort.warmUp,
    measureMs: 1000 * effort.seconds,
  });
  try {
    await load.next();
    const fans: Fan[] = [];
    for (let run = 0; run < effort.runs; run++) fans.push(await load.ask<Fan>('run 16'));
    return fans;
  } finally {
    await load.stop();
  }
}

function of(fans: readonly Fan[], figure: 'perSecond' | 'postsPerSecond' | 'p50' | 'p99'): number {
  return median(fans.map((each) => each[figure]));
}

function said(fans: readonly Fan[]): string {
  return `${rate(of(fans, 'perSecond'), ' lines/s')}, ${rate(of(fans, 'postsPerSecond'), ' posts/s')}, p50 ${ms(of(fans, 'p50'))}, p99 ${ms(of(fans, 'p99'))}`;
}
