import { Child } from '../child.ts';
import { Daemon } from '../daemon.ts';
import { atLeast, type Effort, type Figure, median, type Row, rate } from '../figure.ts';
import { type Measured, measureLoad } from '../load.ts';
import { request } from '../wire.ts';

const DEPTH = 16;
const REQUEST = request(7, 'rates.get', { instrument: 'BTC' });

interface Case {
  readonly tls: boolean;
  readonly connections: number;
  readonly depth: number;
}

const CASES: readonly Case[] = [false, true].flatMap((tls) =>
  [1, 50].flatMap((connections) => [1, DEPTH].map((depth) => ({ tls, connections, depth }))),
);

export const ratesGet: Figure = {
  name: 'rates-get',
  summary:
    'Calls of rates.get (one quote) per second, plain and TLS, 1 and 50 connections, pipelined and not, compared with a line echo.',
  async measure(effort) {
    const daemon = await Daemon.start();
    try {
      await daemon.haveBitcoin();
      const entrances = await daemon.entrances(50);
      const rows: Row[] = [];
      for (const each of CASES) rows.push(...(await measureCase(daemon, entrances, each, effort)));
      return rows;
    } finally {
      await daemon.stop();
    }
  },
};

/** Runs alternate, so that other load of the machine affects all equally. */
async function measureCase(daemon: Daemon, entrances: readonly string[], one: Case, effort: Effort): Promise<Row[]> {
  const { key, cert, port } = daemon.ready;
  const pipelined = one.depth > 1;
  const echoes = await Promise.all(
    (pipelined ? ['chunk', 'line'] : ['chunk']).map(async (write) => {
      const child = new Child('echo', { tls: one.tls, write, key, cert });
      return { child, port: (await child.next<{ port: number }>()).port, runs: [] as Measured[] };
    }),
  );
  const runs: Measured[] = [];
  try {
    for (let run = 0; run < effort.runs; run++) {
      runs.push(await measureLoad({ ...one, port, request: REQUEST, entrances }, daemon.child, effort));
      for (const echo of echoes) {
        echo.runs.push(await measureLoad({ ...one, port: echo.port, request: REQUEST }, echo.child, effort));
      }
    }
  } finally {
    for (const { child } of echoes) await child.stop();
  }
  const what = `${one.tls ? 'TLS' : 'plain'}, ${one.connections} conn., ${pipelined ? `pipelined by ${DEPTH}` : 'one at a time'}`;
  return echoes.map((echo, place) => {
    const ratio = median(runs.map((run, i) => run.perSecond / echo.runs[i]!.perSecond));
    const barred = pipelined && one.connections === 50 && place === 0;
    return {
      what: place === 0 ? what : `${what}, echo writing each line`,
      value: `${rate(median(runs.map((run) => run.perSecond)))} ${busy(runs)}`,
      baseline: `${rate(median(echo.runs.map((run) => run.perSecond)))} ${busy(echo.runs)}`,
      ratio,
      ...(barred ? { bar: atLeast(ratio, 0.5, '≥ 0.50 of the echo') } : {}),
    };
  });
}

/** CPU shares of server and load: a load at 100 % was itself the limit. */
function busy(runs: readonly Measured[]): string {
  const percent = (value: number) => Math.round(value * 100);
  return `(server ${percent(median(runs.map((run) => run.serverBusy)))} %, load ${percent(median(runs.map((run) => run.busy)))} %)`;
}
