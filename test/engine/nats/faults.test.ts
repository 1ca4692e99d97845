import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { AppError } from '../../../src/domain/app-error.ts';
import { NatsEngine } from '../../../src/engine/nats/engine.ts';
import { Store } from '../../../src/store/store.ts';
import { findNatsServer, NatsFixture, type NatsNode } from '../../nats-fixture.ts';
import { Network, noNetwork } from '../../network/network.ts';
import { skip } from '../../skip.ts';
import { memoryStore, temporaryFolder } from '../../store/temporary.ts';
import { Load } from './load.ts';
import { Texts } from './texts.ts';

/** Each round kills one node while two daemons write. `GOLDCTL_FAULT_ROUNDS=50` is the long form. */
const ROUNDS = Number(process.env.GOLDCTL_FAULT_ROUNDS ?? 2);
/** Each round cuts one node off: a hanging node is detected later than a dead one. */
const CUTS = Number(process.env.GOLDCTL_FAULT_ROUNDS ?? 1);
const WRITERS = 8;
const APPEND_MS = 12_000;

describe('a NATS cluster with failing nodes', () => {
  let nats: NatsFixture;
  const engines: NatsEngine[] = [];
  /** A retried test has its own room. */
  let tries = 0;

  before(async function () {
    this.timeout(60_000);
    nats = await NatsFixture.start(this, { nodes: 3 });
  });

  afterEach(async () => {
    for (const node of nats.nodes) if (!node.runs) await node.start();
    for (const engine of engines.splice(0)) await engine.stop();
  });

  after(() => nats?.stop());

  async function start(prefix: string, appendMs: number): Promise<NatsEngine> {
    const engine = new NatsEngine(memoryStore(), new Texts(), {
      connection: { servers: nats.servers, tls: false },
      prefix,
      version: '0.0.0',
      appendMs,
    });
    await engine.start();
    engines.push(engine);
    return engine;
  }

  it(`loses and repeats no acknowledged record, whichever node gets kill -9 (${ROUNDS} rounds)`, async function () {
    this.timeout(30_000 + ROUNDS * 25_000);
    const prefix = `killed${++tries}`;
    const load = new Load([await start(prefix, APPEND_MS), await start(prefix, APPEND_MS)], WRITERS / 2);
    for (let round = 0; round < ROUNDS; round++) {
      await load.grown(50);
      const leader = await nats.leaderOf(`${prefix}-journal`);
      // The leader, then one of the others; in the long form also a node that hangs.
      const victim: NatsNode = round % 2 === 0 ? leader : nats.nodes.find((node) => node !== leader)!;
      if (round % 4 > 1) {
        victim.pause();
        await load.grown(50);
        victim.resume();
      } else {
        await victim.kill();
        await load.grown(50);
        await victim.start();
      }
      await nats.ready();
      await nats.inSync(`${prefix}-journal`);
    }
    await load.stop();
    await load.verify(await start(prefix, APPEND_MS));
    if (process.env.GOLDCTL_FAULT_ROUNDS) console.log(`      ${load}`);
  });

  it('keeps what a daemon had acknowledged before kill -9', async function () {
    this.timeout(20_000 + ROUNDS * 10_000);
    const folder = await temporaryFolder();
    const acknowledged = new Map<number, string>();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const file = fileURLToPath(new URL('writer.js', import.meta.url));
        const args = [file, folder.path, 'daemon', `${round}`, ...nats.servers];
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
        const ended = once(child, 'exit');
        const wanted = acknowledged.size + 30;
        for await (const line of createInterface(child.stdout)) {
          const [, seq, text] = /^(\d+) (.+)$/.exec(line) ?? [];
          if (text !== undefined) acknowledged.set(Number(seq), text);
          if (acknowledged.size === wanted) child.kill('SIGKILL');
        }
        await ended;
      }
      const store = await Store.inFolder(folder.path);
      const engine = new NatsEngine(store, new Texts(), {
        connection: { servers: nats.servers, tls: false },
        prefix: 'daemon',
        version: '0.0.0',
      });
      await engine.start();
      for (const [seq, text] of acknowledged) expect(store.read(`test/${seq}`)).to.equal(text);
      await engine.stop();
    } finally {
      await folder.remove();
    }
  });

  it(`loses and repeats nothing while one node is cut off from all others (${CUTS} rounds)`, async function () {
    const missing = noNetwork();
    if (missing !== undefined) skip(this, missing);
    const found = findNatsServer();
    if ('missing' in found) skip(this, found.missing);
    this.timeout(60_000 + CUTS * 60_000);
    const network = new Network();
    try {
      const machines = ['one', 'two', 'three'].map((name) => {
        const { address, command, port } = network.plugged(name);
        return { address, command, port };
      });
      const file = fileURLToPath(new URL('partition.js', import.meta.url));
      const [program, ...args] = [...network.internet().command, process.execPath, file];
      const options = JSON.stringify({ binary: found.binary, rounds: CUTS, machines });
      const { stdout } = await promisify(execFile)(program!, [...args, options]);
      expect(stdout).to.match(/^\d+ records, /);
      if (process.env.GOLDCTL_FAULT_ROUNDS) console.log(`      ${stdout.trimEnd()}`);
    } finally {
      await network.remove();
    }
  });

  for (const left of ['the leader', 'a follower'] as const) {
    it(`refuses writes while only ${left} is left, is read meanwhile, and recovers`, async function () {
      this.timeout(60_000);
      const engine = await start('quorum', 2000);
      const { seq } = await engine.journal.append({ kind: 'test.text', at: 1, text: 'before' });
      const leader = await nats.leaderOf('quorum-journal');
      const followers = nats.nodes.filter((node) => node !== leader);
      const [one, two] = left === 'the leader' ? followers : [leader, followers[0]];
      await one!.kill();
      await two!.kill();
      const refusal = async (): Promise<AppError> => {
        for (;;) {
          const thrown = await engine.journal.append({ kind: 'test.text', at: 1, text: 'while' }).then(
            () => undefined,
            (failure: AppError) => failure,
          );
          if (thrown) return thrown;
        }
      };
      expect(await refusal()).to.include({ code: 'NOT_AVAILABLE', status: 503 });
      expect(engine.outage?.error.message).to.include('Reads continue');
      const abort = new AbortController();
      for await (const record of engine.journal.follow(seq - 1, abort.signal)) {
        expect(record.text).to.equal('before');
        abort.abort();
      }
      const begun = performance.now();
      const refused = await engine.journal.append({ kind: 'test.text', at: 1, text: 'no' }).catch((failure) => failure);
      expect(refused).to.include({ code: 'NOT_AVAILABLE' });
      expect(performance.now() - begun, 'at once').to.be.below(1000);
      await one!.start();
      await two!.start();
      while (engine.outage) await new Promise((resolve) => setTimeout(resolve, 20));
      const after = await engine.journal.append({ kind: 'test.text', at: 1, text: 'after' });
      expect(after.seq).to.be.above(seq);
      // Refused records may exist, but at most once.
      const texts: unknown[] = [];
      const end = new AbortController();
      for await (const record of engine.journal.follow(0, end.signal)) {
        texts.push(record.text);
        if (record.seq === after.seq) end.abort();
      }
      expect(texts.filter((text) => text === 'no').length).to.equal(0);
    });
  }
});
