import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as nextLoop } from 'node:timers/promises';
import { expect } from 'chai';
import { parseConfig } from '../../src/daemon/config.ts';
import { scheduleAdmission } from '../../src/server/admission.ts';
import { Connection } from '../../src/server/connection.ts';
import { ReadScheduler } from '../../src/server/read-scheduler.ts';
import { lineWorkUnits, WorkBudget } from '../../src/server/work-budget.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from './wire.ts';

/** A socket that gets lines without a network: its input is counted, and the order is certain. */
class FakeSocket extends EventEmitter {
  writableLength = 0;
  writableNeedDrain = false;
  writableEnded = false;
  destroyed = false;
  isPaused = false;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  write(): boolean {
    return true;
  }
  end(): void {}
  destroy(): void {
    this.destroyed = true;
  }
}

const { limits } = parseConfig('{}', 'config.json');

describe('a flood of lines', () => {
  let now: number;
  let budget: WorkBudget;
  let turns: ReadScheduler;
  /** Whose lines were processed, in order. */
  let worked: string[];
  beforeEach(() => {
    now = 0;
    worked = [];
    budget = new WorkBudget(limits, () => now);
    turns = new ReadScheduler(() => now);
  });

  const open = (address: string, memberKey?: string) => {
    const socket = new FakeSocket();
    const account = memberKey === undefined ? budget.addressAccount(address) : budget.memberAccount(memberKey);
    const connection = new Connection(socket as unknown as Socket, { address, local: false, limits, scheduler: turns });
    connection.start({
      payer: account.payer,
      charge: (characters, at) => account.tryCharge(lineWorkUnits(characters), at),
      receiveLine: () => {
        now += 0.02;
        worked.push(account.payer);
      },
      onClosed: () => {},
    });
    return socket;
  };
  const settle = async () => {
    for (let before = -1; before !== worked.length; ) {
      before = worked.length;
      for (let i = 0; i < 20; i++) await nextLoop();
    }
  };

  for (const line of ['x', '{}', '[]', '{"jsonrpc":"2.0","id":1,"method":"members.active"}']) {
    it(`of ${line} on 60 connections of one source is read only as far as its budget allows`, async () => {
      const flood = Buffer.from(`${line}\n`.repeat(1000));
      const sockets = Array.from({ length: 60 }, () => open('192.0.2.1'));
      for (const socket of sockets) socket.emit('data', flood);
      await settle();
      expect(worked.length).to.be.within(
        1,
        5 * limits.callsBurst + Math.ceil((now / 1000) * 5 * limits.callsPerSecond),
      );
      expect(sockets.filter(({ isPaused }) => isPaused)).to.have.length(60);
    });
  }

  it('delays a member by at most one turn of 50 lines', async () => {
    const sockets = Array.from({ length: 60 }, () => open('192.0.2.1'));
    const member = open('198.51.100.1', 'member');
    for (const socket of sockets) socket.emit('data', Buffer.from('x\n'.repeat(1000)));
    const before = worked.length;
    member.emit('data', Buffer.from('x\n'));
    while (!worked.includes('@member')) await nextLoop();
    expect(worked.indexOf('@member') - before).to.be.at.most(50);
  });

  it('is read completely if it is a burst within the budget', async () => {
    const socket = open('192.0.2.1', 'member');
    socket.emit('data', Buffer.from('x\n'.repeat(200)));
    await settle();
    expect(worked).to.have.length(200);
    expect(socket.isPaused).to.equal(false);
  });

  it('of connections starts as many as the budget of its source allows', async () => {
    let begun = 0;
    const begin = (address: string) =>
      scheduleAdmission(
        { budget, scheduler: turns },
        { socket: new FakeSocket() as unknown as Socket, address },
        () => begun++,
      );
    for (let i = 0; i < 1000; i++) begin(`2001:db8::${i.toString(16)}`);
    for (let i = 0; i < 200; i++) await nextLoop();
    expect(begun).to.equal(2 * limits.connectionsPerAddress);
    begin('2001:db8:1::1');
    while (begun === 2 * limits.connectionsPerAddress) await nextLoop();
  });
});

describe('lines that are not requests', () => {
  it('end the connection after ten, with one log entry', async () => {
    const entries: object[] = [];
    const log = { debug() {}, info() {}, warn: (entry: object) => void entries.push(entry), error() {} };
    const daemon = await DaemonFixture.start({ log });
    try {
      for (const line of ['x', '{}', '[]', '7', '{"jsonrpc":"2.0"}', '{"jsonrpc":"1.0","method":"hello"}']) {
        const before = entries.length;
        const wire = await Wire.open(daemon.address);
        wire.send(`${line}\n`.repeat(1000));
        await wire.ended();
        expect(wire.lines.filter(({ error }) => error)).to.have.length(10);
        expect((await wire.event('bye')).params.status).to.equal(400);
        expect(entries.slice(before)).to.deep.equal([
          { event: 'connection.malformed', address: '127.0.0.1', member: undefined, lines: 10 },
        ]);
      }
    } finally {
      await daemon.stop();
    }
  });
});
