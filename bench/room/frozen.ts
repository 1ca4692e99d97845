import { Daemon } from '../daemon.ts';
import { atMost, type Effort, type Figure, median, ms, type Row, rate } from '../figure.ts';
import { daemonSpeech, type Speech } from './broadcasters.ts';
import { Contest, type Fan } from './contest.ts';

const WATCHERS = [1000, 5000];
const SHARE = 0.05;
/** So many times as many runs, and as much shorter: what else the machine does falls on both of a pair. */
const FINER = 3;
/** Longer than it takes: who is dropped is not frozen any more. */
const STALL_MS = 3_600_000;

interface Room {
  readonly daemon: Daemon;
  readonly speech: Speech;
}

export const frozen: Figure = {
  name: 'frozen',
  summary:
    'What 5 % of the watchers who read nothing do to the others, 16 posts in flight, beside a daemon whose watchers all read.',
  async measure(effort) {
    const rooms: Room[] = [];
    try {
      for (let i = 0; i < 2; i++) {
        const daemon = await Daemon.start({ stallMs: STALL_MS });
        rooms.push({ daemon, speech: await daemonSpeech(daemon, Math.max(...WATCHERS)) });
      }
      const rows: Row[] = [];
      for (const tls of [false, true]) {
        for (const watchers of WATCHERS) rows.push(...(await measureCase(rooms, { watchers, tls }, finer(effort))));
      }
      return rows;
    } finally {
      for (const { daemon } of rooms) await daemon.stop();
    }
  },
};

function finer(effort: Effort): Effort {
  const { runs, seconds, warmUp } = effort;
  return { ...effort, runs: runs * FINER, seconds: seconds / FINER, warmUp: warmUp / FINER };
}

/**
 * Both daemons are measured in turns; those who do not read, or could be such, are never counted. First while all of
 * them read: what that differs by is the measurement's own.
 */
async function measureCase(
  rooms: readonly Room[],
  { watchers, tls }: { watchers: number; tls: boolean },
  effort: Effort,
): Promise<Row[]> {
  const contests: Contest[] = [];
  try {
    for (const { daemon, speech } of rooms) {
      const audience = { watchers, tls, frozenShare: SHARE };
      contests.push(await Contest.open(daemon, speech, audience, effort, { others: false }));
    }
    const [reading, stopped] = contests as [Contest, Contest];
    const rows: Row[] = [];
    for (const [how, said] of [
      [undefined, 'all read'],
      ['freeze', 'just stopped'],
      ['fill', 'queues full'],
    ] as const) {
      if (how) await stopped.stopReading(how);
      const pairs: { without: Fan; withThem: Fan }[] = [];
      for (let run = 0; run < effort.runs; run++) pairs.push(await pair(reading, stopped, run % 2 === 0));
      const ratio = median(pairs.map(({ withThem, without }) => withThem.p99 / without.p99));
      rows.push({
        what: `${tls ? 'TLS' : 'plain'}, ${watchers.toLocaleString('en-US')} watchers, ${said}: p99 of the others`,
        value: delays(pairs.map(({ withThem }) => withThem)),
        baseline: delays(pairs.map(({ without }) => without)),
        ratio,
        ...(how ? { bar: atMost(ratio, 1.1, 'moves < 10 %') } : {}),
      });
    }
    return rows;
  } finally {
    for (const contest of contests) await contest.close();
  }
}

/** One run of each, the one or the other first: whoever goes second must not be at a disadvantage. */
async function pair(
  reading: Contest,
  stopped: Contest,
  readingFirst: boolean,
): Promise<{ without: Fan; withThem: Fan }> {
  const fans = new Map<Contest, Fan>();
  for (const contest of readingFirst ? [reading, stopped] : [stopped, reading]) {
    fans.set(contest, (await contest.round('run 16')).get('goldctl')!);
  }
  return { without: fans.get(reading)!, withThem: fans.get(stopped)! };
}

function delays(fans: readonly Fan[]): string {
  const [p99, p50, perSecond] = [
    median(fans.map((fan) => fan.p99)),
    median(fans.map((fan) => fan.p50)),
    median(fans.map((fan) => fan.perSecond)),
  ];
  return `${ms(p99)} (p50 ${ms(p50)}, ${rate(perSecond)})`;
}
