import { Daemon } from '../daemon.ts';
import { atMost, type Figure, mebibytes, median, ms, type Row } from '../figure.ts';
import { Wire } from '../wire.ts';
import { daemonSpeech, startBare } from './broadcasters.ts';
import { Contest, type Fan } from './contest.ts';

const MEMBERS = 10_000;
const MEMORY = 600_000_000;
const SIGN_IN_MS = 1000;
/** Everybody receives a page of posts while one more arrives. */
const SIGN_INS = 10;
const PASSWORD = 'correct horse';

export const crowd: Figure = {
  name: 'crowd',
  summary: '10,000 members who watch over TLS: memory, the delivery of a post to all, and further sign-ins.',
  async measure(effort) {
    const daemon = await Daemon.start();
    try {
      const speech = await daemonSpeech(daemon, MEMBERS);
      await signUp(daemon.ready.port, 'latecomer');
      const contest = await Contest.open(daemon, speech, { watchers: MEMBERS, tls: true }, effort, [startBare]);
      try {
        const held = await contest.memory();
        const fans: Map<string, Fan>[] = [];
        const signIns: number[] = [];
        for (let run = 0; run < effort.runs; run++) {
          const round = contest.round('run 1');
          for (let i = 0; i < SIGN_INS; i++) signIns.push(await signIn(daemon.ready.port, 'latecomer'));
          fans.push(await round);
        }
        const busy = await contest.memory();
        const slowest = Math.max(...signIns);
        const most = Math.max(held.get('goldctl')!, busy.get('goldctl')!);
        return [
          {
            what: `memory, ${MEMBERS.toLocaleString('en-US')} members`,
            value: mebibytes(most),
            baseline: `bare Node ${mebibytes(Math.max(held.get('bare Node')!, busy.get('bare Node')!))}`,
            bar: atMost(most, MEMORY, '< 600 MB'),
          },
          reached(fans),
          {
            what: 'one more sign-in, the slowest',
            value: `${ms(slowest)} (p50 ${ms(median(signIns))})`,
            bar: atMost(slowest, SIGN_IN_MS, '< 1 s'),
          },
        ];
      } finally {
        await contest.close();
      }
    } finally {
      await daemon.stop();
    }
  },
};

/** From the sending of a post until a watcher has read it; the p99 excludes only the last hundred. */
function reached(fans: readonly Map<string, Fan>[]): Row {
  const of = (name: string) => ms(median(fans.map((fan) => fan.get(name)!.p99)));
  return { what: 'a post reaches all, p99', value: of('goldctl'), baseline: `bare Node ${of('bare Node')}` };
}

async function signUp(port: number, name: string): Promise<void> {
  const wire = await Wire.toTls(port);
  await wire.call('hello', { protocol: 1, client: 'bench' });
  await wire.call('account.signUp', { name, password: PASSWORD });
  wire.end();
}

/** Milliseconds from the first packet to the reply. */
async function signIn(port: number, name: string): Promise<number> {
  const begun = performance.now();
  const wire = await Wire.toTls(port);
  await wire.call('hello', { protocol: 1, client: 'bench' });
  await wire.call('account.signIn', { name, password: PASSWORD, takeOver: true });
  const took = performance.now() - begun;
  wire.end();
  return took;
}
