import { expect } from 'chai';
import fc from 'fast-check';
import { METHODS } from '../../src/protocol/methods.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from './wire.ts';

const LINES = 10_000;
/** Bytes that are not UTF-8 end a connection, so few share one. */
const PER_CONNECTION = 5;

const method = fc.oneof(fc.constantFrom(...Object.keys(METHODS)), fc.string());
const key = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'name', 'password', 'instrument', 'rows'),
  fc.string(),
);
const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })));

/** A line that a stranger may send: bytes, and whether a newline ends them. */
const hostile = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ jsonrpc: fc.constantFrom('2.0', '1.0', 2), id: value, method, params: value })
      .map((line) => Buffer.from(JSON.stringify(line))),
  },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 2, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30_000 }).map((depth) => Buffer.from('['.repeat(depth))) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 6000 })
      .map((depth) =>
        Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"hello","params":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`),
      ),
  },
);

describe('hostile lines', () => {
  let daemon: DaemonFixture;
  before(async () => {
    daemon = await DaemonFixture.start({
      config: { limits: { callsPerSecond: 1e6, callsBurst: 1e6, connectionsPerAddress: 1000 } },
    });
  });
  after(() => daemon.stop());

  it(`get ${LINES} replies or disconnects, and others are still served`, async function () {
    this.timeout(60_000);
    const bystander = await Wire.member(daemon.address, 'bystander');
    const lines = fc.sample(hostile, { numRuns: LINES, seed: 4_000 });
    let [answered, cut] = [0, 0];
    for (let i = 0; i < lines.length; i += PER_CONNECTION) {
      const wire = await Wire.greet(daemon.address);
      for (const line of lines.slice(i, i + PER_CONNECTION)) {
        wire.send(line);
        wire.send('\n');
      }
      wire.socket.end();
      await wire.ended();
      answered += wire.lines.filter((line) => line.error !== undefined || line.result !== undefined).length;
      if (wire.lines.some((line) => line.method === 'bye')) cut += 1;
      expect(wire.lines.length, 'every connection gets a reply').to.be.greaterThan(1);
      if (i % 1000 === 0) expect((await bystander.result('members.active')).members).to.have.length(1);
    }
    expect(answered).to.be.greaterThan(LINES / 4);
    expect(cut).to.be.greaterThan(0);
    bystander.close();
  });

  it('1 MB lines and half lines leave no memory behind', async function () {
    this.timeout(60_000);
    const megabyte = Buffer.alloc(1024 * 1024, 0x78);
    const attack = async () => {
      for (let i = 0; i < 50; i++) {
        const [long, half] = await Promise.all([Wire.open(daemon.address), Wire.open(daemon.address)]);
        long.send(megabyte);
        half.send('{"jsonrpc":"2.0","id":1,"method":"hello","par');
        half.socket.end();
        await Promise.all([long.ended(), half.ended()]);
        expect(
          long.lines.some((line) => line.error?.code === 413),
          'the reason was said',
        ).to.equal(true);
      }
    };
    await attack();
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    await attack();
    await attack();
    globalThis.gc?.();
    expect(process.memoryUsage().rss - before).to.be.lessThan(40 * 1024 * 1024);
  });
});
