import { Daemon } from '../daemon.ts';
import { atLeast, type Effort, type Figure, median, ms, type Row, rate } from '../figure.ts';
import { daemonSpeech } from './broadcasters.ts';
import { Contest, type Fan } from './contest.ts';

const WATCHERS = [100, 1000, 5000];
const IN_FLIGHT = [1, 16] as const;
/** Targets apply from this number on. */
const MANY = 1000;

export const fanOut: Figure = {
  name: 'fan-out',
  summary:
    'Delivery of posts to all watchers, plain and TLS, 1 and 16 in flight, compared with bare Node that coalesces its writes, NATS and Redis.',
  async measure(effort, show) {
    const daemon = await Daemon.start();
    try {
      const speech = await daemonSpeech(daemon, Math.max(...WATCHERS));
      const rows: Row[] = [];
      for (const tls of [false, true]) {
        for (const watchers of WATCHERS) {
          const contest = await Contest.open(daemon, speech, { watchers, tls }, effort);
          try {
            for (const inFlight of IN_FLIGHT) {
              const some = await measureCase(contest, { watchers, tls, inFlight }, effort);
              for (const row of some) show(row);
              rows.push(...some);
            }
          } finally {
            await contest.close();
          }
        }
      }
      return rows;
    } finally {
      await daemon.stop();
    }
  },
};

interface Case {
  readonly watchers: number;
  readonly tls: boolean;
  readonly inFlight: (typeof IN_FLIGHT)[number];
}

async function measureCase(contest: Contest, { watchers, tls, inFlight }: Case, effort: Effort): Promise<Row[]> {
  const rounds: Map<string, Fan>[] = [];
  for (let run = 0; run < effort.runs; run++) rounds.push(await contest.round(`run ${inFlight}`));
  const ours = of(rounds, 'goldctl');
  const what = `${tls ? 'TLS' : 'plain'}, ${watchers.toLocaleString('en-US')} watchers, ${inFlight} in flight`;
  return contest.names.slice(1).map((name, place) => {
    const theirs = of(rounds, name);
    const ratio = median(ours.map((fan, run) => fan.perSecond / theirs[run]!.perSecond));
    const bar = watchers < MANY ? undefined : barOf(name, inFlight, ratio);
    return {
      what: place === 0 ? what : '',
      value: place === 0 ? said(ours) : '',
      baseline: `${name} ${said(theirs)}`,
      ratio,
      ...(bar ? { bar } : {}),
    };
  });
}

function barOf(name: string, inFlight: number, ratio: number): Row['bar'] {
  if (name === 'nats-server') {
    return inFlight === 1 ? atLeast(ratio, 0.9, '≥ 0.90 of NATS') : atLeast(ratio, 1, 'more than NATS');
  }
  return name === 'bare Node' && inFlight > 1 ? atLeast(ratio, 0.6, '≥ 0.60 of bare Node') : undefined;
}

function of(rounds: readonly Map<string, Fan>[], name: string): Fan[] {
  return rounds.map((round) => round.get(name)!);
}

function said(fans: readonly Fan[]): string {
  const middle = (value: (fan: Fan) => number) => median(fans.map(value));
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const server = fans[0]?.serverBusy === undefined ? '' : `server ${percent(middle((fan) => fan.serverBusy!))}, `;
  return (
    `${rate(middle((fan) => fan.perSecond))}, p50 ${ms(middle((fan) => fan.p50))}, p99 ${ms(middle((fan) => fan.p99))} ` +
    `(${server}load ${percent(middle((fan) => fan.busy))})`
  );
}
