import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setImmediate as nextLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { parseConfig } from '../../src/daemon/config.ts';
import { FairQueue } from '../../src/room/fair-queue.ts';
import { CallCounts } from '../../src/server/call-counts.ts';
import { Connection } from '../../src/server/connection.ts';
import type { MethodTable } from '../../src/server/method-table.ts';
import { ParsedCallCache } from '../../src/server/parsed-call-cache.ts';
import type { Services } from '../../src/server/services.ts';
import { Session } from '../../src/server/session.ts';
import { WorkBudget } from '../../src/server/work-budget.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from './wire.ts';

describe('calls that scan records', () => {
  let daemon: DaemonFixture;
  before(async () => {
    const limits = { callsPerSecond: 1000, callsBurst: 1000, signUpsPerHour: 100 };
    daemon = await DaemonFixture.start({ config: { limits } });
  });
  after(() => daemon.stop());

  it('run two at a time per source, and do not start for a closed connection', async () => {
    const { limits } = parseConfig('{}', 'config.json');
    const finish: (() => void)[] = [];
    let begun = 0;
    const handle = () => {
      begun += 1;
      return new Promise<object>((resolve) => finish.push(() => resolve({})));
    };
    const method = { access: 'anyone' as const, validator: Compile(Type.Object({})), handle };
    const table = {
      methods: new Map([['forum.markRead', method]]),
      parsedCalls: new ParsedCallCache<never>(),
      callCounts: new CallCounts(() => true),
    };
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const [nothing, scans] = [
      { closeAllOf() {}, delete() {}, setSubscription() {}, removeSubscriber() {} },
      new FairQueue({ concurrency: 8, concurrencyPerKey: 2 }),
    ];
    const services = {
      limits,
      log,
      scanQueue: scans,
      budget: new WorkBudget(limits),
      connections: nothing,
      broadcaster: nothing,
      introductionServer: nothing,
    };
    const connections = Array.from({ length: 6 }, (_, i) => {
      const socket = Object.assign(new PassThrough(), { setNoDelay() {} });
      const address = i < 5 ? '192.0.2.1' : '192.0.2.2';
      const connection = new Connection(socket as unknown as Socket, { address, local: false, limits });
      connection.start(new Session(connection, services as unknown as Services, table as unknown as MethodTable));
      return { socket, connection };
    });
    const line = '{"jsonrpc":"2.0","id":1,"method":"forum.markRead","params":{}}\n';
    for (const { socket } of connections) socket.emit('data', Buffer.from(line.repeat(40)));
    while (begun < 4) await nextLoop();
    for (let i = 0; i < 50; i++) await nextLoop();
    expect(begun).to.equal(4);
    expect(scans.waiting).to.be.within(50, 6 * 40 - 4); // as many as the budget of the sources allows
    for (const { connection } of connections) connection.end(405, 'closed');
    expect(scans.waiting).to.equal(0);
    for (const each of finish) each();
    while (!scans.isIdle) await nextLoop();
    expect(begun).to.equal(4);
  });

  it('are computed once for all requests for topics between two writes', async () => {
    const reader = await Wire.member(daemon.address, 'reader');
    const [one, other] = [await reader.result('forum.topics'), await reader.result('forum.topics')];
    expect(other).to.deep.equal(one);
    const { post } = await reader.result('forum.post', { text: 'new', topic: 'newest' });
    expect((await reader.result('forum.topics')).topics[0]).to.deep.include({ topic: 'newest', last: post });
    reader.close();
  });
});
