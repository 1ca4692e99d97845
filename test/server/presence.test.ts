import { connect } from 'node:net';
import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { type Answer, Wire } from './wire.ts';

describe('presence events', () => {
  let daemon: DaemonFixture;
  const start = async (limits: object) => {
    daemon = await DaemonFixture.start({ config: { limits } });
    return daemon.address;
  };
  afterEach(() => daemon.stop());

  const change = (name: string, change: string) => (line: Answer) =>
    line.method === 'member' && line.params.name === name && line.params.change === change;

  it('report members who become idle and active, ignoring automatic calls', async () => {
    const address = await start({ idleMs: 150, pingMs: 3_600_000, callsPerSecond: 1000, callsBurst: 1000 });
    const observer = await Wire.member(address, 'observer');
    await observer.result('watch', { members: true });
    const sleeper = await Wire.member(address, 'sleeper');
    const begun = Date.now();
    const quiet = setInterval(() => {
      sleeper.send('{"jsonrpc":"2.0","id":"p","result":{"status":203}}\n');
      void sleeper.call('watch', { forum: true, sinceSeq: 0 });
      void sleeper.call('forum.markRead', { seq: 1 });
      void sleeper.call('members.active');
      void sleeper.call('rates.providers');
    }, 20);
    const idle = await observer.wait(change('sleeper', 'idle'));
    clearInterval(quiet);
    expect(idle.params.at - begun).to.be.at.least(100);
    await sleeper.result('rates.list');
    const active = await observer.wait(change('sleeper', 'active'));
    expect(active.params.at).to.be.at.least(idle.params.at);
    const { members } = await observer.result('members.active');
    expect(members.map(({ name }: { name: string }) => name)).to.deep.equal(['observer', 'sleeper']);
    for (const wire of [observer, sleeper]) wire.close();
  });

  it('free an account as soon as its socket closes', async () => {
    const address = await start({});
    const observer = await Wire.member(address, 'observer');
    await observer.result('watch', { members: true });
    const guest = await Wire.member(address, 'guest');
    guest.socket.resetAndDestroy(); // like the system does for a killed process
    await observer.wait(change('guest', 'left'));
    const again = await Wire.greet(address);
    expect((await again.result('account.signIn', { name: 'guest', password: 'secret' })).status).to.equal(200);
    for (const wire of [observer, again]) wire.close();
  });

  it('free the account of a client that misses two pings', async () => {
    const pingMs = 400;
    const address = await start({ pingMs });
    const observer = await Wire.member(address, 'observer');
    await observer.result('watch', { members: true });
    const alive = setInterval(() => void observer.call('members.active'), pingMs / 4);
    const gone = await Wire.member(address, 'gone');
    gone.socket.pause(); // an unplugged cable: nothing is read, sent or closed
    const begun = performance.now();
    await observer.wait(change('gone', 'left'));
    // Silence is noticed within an interval, then two pings follow, each with an interval to answer.
    expect(performance.now() - begun).to.be.within(pingMs, pingMs * 5);
    clearInterval(alive);
    const again = await Wire.greet(address);
    expect((await again.result('account.signIn', { name: 'gone', password: 'secret' })).status).to.equal(200);
    for (const wire of [observer, gone, again]) wire.close();
  });

  it('omit connections that are not signed in', async () => {
    const address = await start({});
    const observer = await Wire.member(address, 'observer');
    const port = Number(address.split(':').at(-1));
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const stranger = await Wire.greet(address);
    const { members } = await observer.result('members.active');
    expect(members).to.have.length(1);
    expect(members[0]).to.include({ name: 'observer', address: '127.0.0.1', peerPort: null });
    socket.destroy();
    for (const wire of [observer, stranger]) wire.close();
  });
});
