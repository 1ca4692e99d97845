import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from './wire.ts';

describe('accounts on the wire', () => {
  let daemon: DaemonFixture;
  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000, callsBurst: 1000 } } });
  });
  after(() => daemon.stop());

  it('signs up and in with the numbers of the older program', async () => {
    const first = await Wire.greet(daemon.address);
    const made = await first.result('account.signUp', { name: 'khtn', password: 'daihoc tphcm' });
    expect(made).to.include({ status: 201, name: 'khtn', role: 'member' });
    const second = await Wire.greet(daemon.address);
    const code = async (method: string, params: object) => (await second.call(method, params)).error?.code;
    expect(await code('account.signUp', { name: 'KHTN', password: 'other' })).to.equal(404);
    expect(await code('account.signIn', { name: 'nobody', password: 'x' })).to.equal(401);
    expect(await code('account.signIn', { name: 'khtn', password: 'x' })).to.equal(402);
    expect(await code('account.signIn', { name: 'khtn', password: 'daihoc tphcm' })).to.equal(403);
    first.close();
    await first.ended();
    const { status } = await Wire.greet(daemon.address).then(async (third) => {
      for (;;) {
        // The account is free as soon as the daemon notices that the other connection has closed.
        const answer = await third.call('account.signIn', { name: 'khtn', password: 'daihoc tphcm' });
        if (answer.error?.code !== 403) return answer.result;
      }
    });
    expect(status).to.equal(200);
    second.close();
  });

  it('locks the pair of account and address after three wrong passwords', async () => {
    (await Wire.member(daemon.address, 'locked')).close();
    const wire = await Wire.greet(daemon.address);
    const attempt = (password: string) => wire.call('account.signIn', { name: 'locked', password });
    expect((await attempt('a')).error).to.deep.nested.include({ code: 402, 'data.attemptsLeft': 2 });
    expect((await attempt('b')).error).to.deep.nested.include({ code: 402, 'data.attemptsLeft': 1 });
    await attempt('c');
    const { error } = await attempt('secret');
    expect(error).to.deep.nested.include({ code: 423, 'data.reason': 'LOCKED_OUT' });
    expect(error?.data.retryAfterMs).to.be.within(1, 10_000);
    wire.close();
  });

  it('takes over a session, and notifies the one that ends', async () => {
    const first = await Wire.member(daemon.address, 'mover');
    const second = await Wire.greet(daemon.address);
    const entered = await second.result('account.signIn', { name: 'mover', password: 'secret', takeOver: true });
    expect(entered.status).to.equal(200);
    expect((await first.event('bye')).params).to.deep.equal({
      status: 405,
      reason: 'Signed in from elsewhere.',
      final: true,
    });
    await first.ended();
    second.close();
  });

  it('resumes by token, beside the open connection of the same session', async () => {
    const first = await Wire.greet(daemon.address);
    const { token } = await first.result('account.signUp', { name: 'twofold', password: 'x' });
    const second = await Wire.greet(daemon.address);
    expect(await second.result('account.resume', { token })).to.include({ status: 200, name: 'twofold' });
    const { members } = await second.result('members.active');
    expect(members.filter((member: { name: string }) => member.name === 'twofold')).to.have.length(1);
    await first.result('account.signOut');
    await second.ended();
    const third = await Wire.greet(daemon.address);
    expect((await third.call('account.resume', { token })).error?.code).to.equal(407);
    for (const wire of [first, third]) wire.close();
  });

  it('makes the first account of the control socket the owner, who may disconnect everyone', async () => {
    const control = await daemon.connect();
    await control.signUp({ name: 'boss', password: 'secret' });
    expect(control.role).to.equal('owner');
    await control.close();
    const boss = await Wire.greet(daemon.address);
    await boss.result('account.signIn', { name: 'boss', password: 'secret', takeOver: true });
    const other = await Wire.member(daemon.address, 'guest');
    const { dropped } = await boss.result('admin.quitAll', { reason: 'closing for the night' });
    expect(dropped).to.be.at.least(1);
    expect((await other.event('bye')).params).to.deep.equal({ status: 405, reason: 'closing for the night' });
    await other.ended();
    const again = await Wire.member(daemon.address, 'guest');
    expect((await again.result('members.active')).members).to.have.length.at.least(1);
    expect(await boss.result('account.setRole', { name: 'guest', role: 'moderator' })).to.include({
      role: 'moderator',
    });
    expect(await boss.result('admin.ban', { name: 'guest', reason: 'spam' })).to.deep.equal({
      name: 'guest',
      address: null,
      banned: true,
      until: null,
      dropped: 1,
    });
    await again.ended();
    const back = await Wire.greet(daemon.address);
    expect((await back.call('account.signIn', { name: 'guest', password: 'secret' })).error?.code).to.equal(416);
    await boss.result('admin.ban', { name: 'guest', banned: false });
    expect((await back.result('account.signIn', { name: 'guest', password: 'secret' })).role).to.equal('moderator');
    for (const wire of [boss, back]) wire.close();
  });
});
