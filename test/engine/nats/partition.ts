/**
 * Two daemons write to a cluster whose nodes are separate machines; these are cut off from everything one after
 * another and joined again, the leader of the journal first. Runs on the machine that connects the nodes, and
 * takes `{ binary, rounds, machines: [{ address, command, port }] }`. Exits with 0 and a line of figures if nothing
 * was lost or repeated.
 */
import { execFileSync } from 'node:child_process';
import { NatsEngine } from '../../../src/engine/nats/engine.ts';
import { NatsFixture } from '../../nats-fixture.ts';
import { memoryStore } from '../../store/temporary.ts';
import { Load } from './load.ts';
import { Texts } from './texts.ts';

interface Options {
  readonly binary: string;
  readonly rounds: number;
  readonly machines: readonly {
    readonly address: string;
    readonly command: readonly string[];
    readonly port: string;
  }[];
}

const { binary, rounds, machines } = JSON.parse(process.argv[2]!) as Options;
const nats = await NatsFixture.run(binary, { machines });
const engines: NatsEngine[] = [];

async function join(): Promise<NatsEngine> {
  const engine = new NatsEngine(memoryStore(), new Texts(), {
    connection: { servers: nats.servers, tls: false },
    prefix: 'cut',
    version: '0.0.0',
    appendMs: 20_000,
  });
  await engine.start();
  engines.push(engine);
  return engine;
}

try {
  const load = new Load([await join(), await join()], 4);
  for (let round = 0; round < rounds; round++) {
    await load.grown(50);
    const leader = nats.nodes.indexOf(await nats.leaderOf('cut-journal'));
    const { port } = machines[round % 2 === 0 ? leader : (leader + 1) % machines.length]!;
    execFileSync('ip', ['link', 'set', port, 'down']);
    await load.grown(50);
    execFileSync('ip', ['link', 'set', port, 'up']);
    await nats.ready();
    await nats.inSync('cut-journal');
  }
  await load.stop();
  await load.verify(await join());
  console.log(`${load}`);
} finally {
  for (const engine of engines) await engine.stop();
  await nats.stop();
}
process.exit();
