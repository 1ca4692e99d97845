import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { ConnectionLimiter, type ConnectionSlot } from '../../src/server/connection-limiter.ts';

class FakeSocket extends EventEmitter {
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

describe('ConnectionLimiter', () => {
  let entries: object[];
  let arrivals: ConnectionLimiter;
  beforeEach(() => {
    entries = [];
    const log = { debug() {}, info() {}, warn: (entry: object) => void entries.push(entry), error() {} };
    arrivals = new ConnectionLimiter({ limits: { connections: 100, connectionsPerAddress: 60 }, log });
  });
  const open = (address: string): { socket: FakeSocket; arrival: ConnectionSlot | undefined } => {
    const socket = new FakeSocket();
    return { socket, arrival: arrivals.admit(socket as unknown as Socket, address) };
  };
  const openMany = (count: number, addressOf: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => open(addressOf(i)));

  it('counts all addresses of one /64 as one source', () => {
    const all = openMany(200, (i) => `2001:db8::${i.toString(16)}`);
    expect(all.filter(({ arrival: slot }) => slot)).to.have.length(60);
    expect(arrivals.refusedCount).to.equal(140);
    expect(open('2001:db8:0:1::1').arrival).to.not.equal(undefined);
  });

  it('reserves the last tenth for sources with few connections', () => {
    for (const source of ['192.0.2.1', '192.0.2.2']) {
      for (const { arrival: slot } of openMany(60, () => source)) slot?.setSignedIn(true);
    }
    expect(arrivals.refusedCount).to.equal(30);
    for (let i = 0; i < 10; i++) expect(open(`198.51.100.${i}`).arrival, `${i}`).to.not.equal(undefined);
    expect(open('198.51.100.99').arrival).to.equal(undefined);
  });

  it('evicts the oldest half-open connection of the busiest source for one of another source', () => {
    const busiest = openMany(60, () => '192.0.2.1');
    const second = openMany(30, () => '192.0.2.2');
    openMany(10, (i) => `198.51.100.${i}`);
    expect(open('203.0.113.1').arrival).to.not.equal(undefined);
    expect([...busiest, ...second].filter(({ socket }) => socket.destroyed)).to.deep.equal([busiest[0]]);
    expect(open('203.0.113.2').arrival).to.not.equal(undefined);
    expect(busiest.filter(({ socket }) => socket.destroyed)).to.deep.equal(busiest.slice(0, 2));
    expect(arrivals.evictedCount).to.equal(2);
  });

  it('never evicts a signed-in connection', () => {
    const members = openMany(45, () => '192.0.2.1');
    for (const { arrival: slot } of members) slot!.setSignedIn(true);
    const halfOpen = openMany(45, () => '192.0.2.2');
    openMany(10, (i) => `198.51.100.${i}`);
    for (let i = 0; i < 40; i++) open(`203.0.113.${i}`);
    expect(members.filter(({ socket }) => socket.destroyed)).to.deep.equal([]);
    expect(halfOpen.filter(({ socket }) => socket.destroyed)).to.have.length(40);
  });

  it('refuses the busiest source itself', () => {
    openMany(50, () => '192.0.2.1');
    openMany(50, (i) => `198.51.100.${i}`);
    expect(open('192.0.2.1').arrival).to.equal(undefined);
    expect(arrivals.evictedCount).to.equal(0);
  });

  it('accepts as many connections again after any kind of connections closed', () => {
    for (let round = 0; round < 3; round++) {
      const all = openMany(60, () => '192.0.2.1');
      expect(all.every(({ arrival: slot }) => slot)).to.equal(true);
      for (const [i, { socket, arrival: slot }] of all.entries()) {
        if (i % 2 === 0) slot!.setSignedIn(true);
        if (i % 4 === 0) slot!.setSignedIn(false);
        socket.destroy();
        slot!.setSignedIn(true); // no effect after the close
      }
    }
  });
});
