import { Daemon } from '../daemon.ts';
import { atMost, type Effort, type Figure, median, ms, type Row, rate } from '../figure.ts';
import { daemonSpeech, type Speech, startBare } from './broadcasters.ts';
import { Contest, type Fan, type Stopping } from './contest.ts';

const WATCHERS = [1000, 5000];
const SHARE = 0.05;
/** Pairs per run, with shorter runs: other load of the machine affects both of a pair. */
const FINER = 3;
/** Longer than a run: a disconnected client no longer counts as frozen. */
const STALL_MS = 3_600_000;

export const frozen: Figure = {
  name: 'frozen',
  summary:
    'Effect of 5 % of the watchers, which read nothing, on the others, 16 posts in flight, compared with all reading, and with the same effect on bare Node.',
  async measure(effort, show) {
    const daemon = await Daemon.start({ stallMs: STALL_MS });
    try {
      const speech = await daemonSpeech(daemon, Math.max(...WATCHERS));
      const rows: Row[] = [];
      for (const tls of [false, true]) {
        for (const watchers of WATCHERS) {
          rows.push(...(await measureCase(daemon, speech, { watchers, tls }, finer(effort), show)));
        }
      }
      return rows;
    } finally {
      await daemon.stop();
    }
  },
};

function finer(effort: Effort): Effort {
  const { seconds, warmUp } = effort;
  return { ...effort, seconds: seconds / FINER, warmUp: warmUp / FINER };
}

interface Pair {
  readonly allRead: ReadonlyMap<string, Fan>;
  readonly someStopped: ReadonlyMap<string, Fan>;
}

/** The same watchers alternately: all read, then some stop. Those that may stop are never counted. */
async function measureCase(
  daemon: Daemon,
  speech: Speech,
  { watchers, tls }: { watchers: number; tls: boolean },
  effort: Effort,
  show: (row: Row) => void,
): Promise<Row[]> {
  const audience = { watchers, tls, frozenShare: SHARE };
  const contest = await Contest.open(daemon, speech, audience, effort, [startBare]);
  try {
    const rows: Row[] = [];
    for (const [how, said] of [
      ['freeze', 'just stopped'],
      ['fill', 'queues full'],
    ] as const) {
      const pairs: Pair[] = [];
      for (let run = 0; run < effort.runs; run++) pairs.push(...(await inTurns(contest, how)));
      const what = `${tls ? 'TLS' : 'plain'}, ${watchers.toLocaleString('en-US')} watchers, ${said}`;
      for (const name of contest.names) {
        const of = (which: keyof Pair) => pairs.map((fans) => fans[which].get(name)!);
        const ratio = median(pairs.map((fans) => fans.someStopped.get(name)!.p99 / fans.allRead.get(name)!.p99));
        const row: Row = {
          what: name === 'goldctl' ? `${what}: p99 of the others` : `  ${name}`,
          value: delays(of('someStopped')),
          baseline: delays(of('allRead')),
          ratio,
          ...(name === 'goldctl' ? { bar: atMost(ratio, 1.1, 'moves < 10 %') } : {}),
        };
        show(row);
        rows.push(row);
      }
    }
    return rows;
  } finally {
    await contest.close();
  }
}

async function inTurns(contest: Contest, how: Stopping): Promise<Pair[]> {
  const rounds = async () => {
    const fans: Map<string, Fan>[] = [];
    for (let i = 0; i < FINER; i++) fans.push(await contest.round('run 16'));
    return fans;
  };
  const allRead = await rounds();
  await contest.stopReading(how);
  const someStopped = await rounds();
  await contest.readAgain();
  return allRead.map((fans, i) => ({ allRead: fans, someStopped: someStopped[i]! }));
}

function delays(fans: readonly Fan[]): string {
  const [p99, p50, perSecond] = [
    median(fans.map((fan) => fan.p99)),
    median(fans.map((fan) => fan.p50)),
    median(fans.map((fan) => fan.perSecond)),
  ];
  return `${ms(p99)} (p50 ${ms(p50)}, ${rate(perSecond)})`;
}
