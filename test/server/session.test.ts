import { expect } from 'chai';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from './wire.ts';

describe('Session', () => {
  let daemon: DaemonFixture;
  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000, callsBurst: 1000 } } });
  });
  after(() => daemon.stop());

  it('introduces itself on hello', async () => {
    const wire = await Wire.open(daemon.address);
    const { protocol, server, name, limits } = await wire.result('hello', { protocol: 1, client: 'test' });
    expect({ protocol, name }).to.deep.equal({ protocol: 1, name: null });
    expect(server).to.match(/^goldctl\//);
    expect(limits).to.include({ lineBytes: 65_536, postCharacters: 4096 });
    wire.close();
  });

  it('ends a client with another protocol version', async () => {
    const wire = await Wire.open(daemon.address);
    const { error } = await wire.call('hello', { protocol: 2, client: 'test' });
    expect(error).to.deep.include({
      code: 400,
      message: 'This daemon speaks protocol 1, not 2. Use the same version of goldctl.',
    });
    expect((await wire.event('bye')).params.status).to.equal(400);
    await wire.ended();
  });

  it('accepts only hello and sign-in before sign-in', async () => {
    const wire = await Wire.greet(daemon.address);
    for (const [method, params] of [
      ['rates.list', {}],
      ['forum.post', { text: 'x' }],
      ['members.active', {}],
      ['account.signOut', {}],
      ['sum', { name: 'x', number: 1 }],
      ['admin.quitAll', {}],
      ['admin.stop', {}],
      ['account.list', {}],
    ] as const) {
      expect((await wire.call(method, params)).error, method).to.deep.include({ code: 407, message: 'Sign in first.' });
    }
    wire.close();
  });

  it('restricts administration to the owner', async () => {
    const wire = await Wire.member(daemon.address, 'plain');
    for (const [method, params] of [
      ['admin.quitAll', {}],
      ['admin.stop', {}],
      ['admin.kick', { name: 'plain' }],
      ['account.setRole', { name: 'plain', role: 'owner' }],
      ['rates.import', { instrument: 'SJC', rows: [] }],
    ] as const) {
      expect((await wire.call(method, params)).error?.code, method).to.equal(416);
    }
    wire.close();
  });

  it('reports what is wrong with a line', async () => {
    const wire = await Wire.greet(daemon.address);
    const ask = async (line: string) => {
      const before = wire.lines.length;
      wire.send(`${line}\n`);
      return (await wire.wait((answer) => wire.lines.indexOf(answer) >= before)).error;
    };
    expect(await ask('hello')).to.deep.include({ code: -32700 });
    expect(await ask('[]')).to.deep.include({ code: -32600 });
    expect(await ask('5')).to.deep.include({ code: -32600 });
    expect(await ask('{"id":1,"method":"hello"}')).to.deep.nested.include({ code: -32600, 'data.field': 'jsonrpc' });
    expect(await ask('{"jsonrpc":"2.0","id":{},"method":"hello"}')).to.deep.nested.include({ 'data.field': 'id' });
    expect(await ask('{"jsonrpc":"2.0","id":1e999,"method":"hello"}')).to.deep.nested.include({ 'data.field': 'id' });
    expect(await ask('{"jsonrpc":"2.0","id":1}')).to.deep.nested.include({ 'data.field': 'method' });
    expect(await ask('{"jsonrpc":"2.0","id":1,"method":"toString"}')).to.deep.include({ code: -32601 });
    expect(await ask('{"jsonrpc":"2.0","id":1,"method":"__proto__"}')).to.deep.include({ code: -32601 });
    wire.close();
  });

  it('names the invalid parameter', async () => {
    const wire = await Wire.greet(daemon.address);
    const path = async (params: unknown) => (await wire.call('account.signUp', params)).error;
    expect(await path({ name: 'x' })).to.deep.nested.include({ code: -32602, 'data.path': '/password' });
    expect(await path({ name: 'x', password: 5 })).to.deep.nested.include({ code: -32602, 'data.path': '/password' });
    expect(await path({ name: 'x', password: 'y', admin: true })).to.deep.nested.include({
      code: -32602,
      message: 'Unknown parameter "admin".',
    });
    expect(await path([])).to.deep.include({ code: -32602 });
    expect(await path(null)).to.deep.include({ code: -32602 });
    expect(await path(JSON.parse('{"name":"x","password":"y","__proto__":{"role":"owner"}}'))).to.deep.include({
      code: -32602,
    });
    wire.close();
  });

  it('runs a notification and does not reply', async () => {
    const wire = await Wire.member(daemon.address, 'quiet');
    const before = wire.lines.length;
    wire.send('{"jsonrpc":"2.0","method":"forum.post","params":{"text":"unanswered"}}\n');
    wire.send('{"jsonrpc":"2.0","method":"nonsense"}\n');
    await wire.result('forum.post', { text: 'answered' });
    const { posts } = await wire.result('forum.read');
    expect(posts.at(-2)).to.include({ member: 'quiet', text: 'unanswered' });
    expect(wire.lines.length).to.equal(before + 2);
    wire.close();
  });

  it('runs requests after a sign-up in the same chunk as that member', async () => {
    const wire = await Wire.open(daemon.address);
    const line = (id: number, method: string, params: object) =>
      `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
    wire.send(
      line(1, 'hello', { protocol: 1, client: 'x' }) +
        line(2, 'account.signUp', { name: 'hasty', password: 'x' }) +
        line(3, 'forum.post', { text: 'in one go' }) +
        line(4, 'account.signOut', {}) +
        line(5, 'forum.post', { text: 'too late' }),
    );
    expect((await wire.wait((answer) => answer.id === 3)).result.post).to.include({
      member: 'hasty',
      text: 'in one go',
    });
    expect((await wire.wait((answer) => answer.id === 5)).error?.code).to.equal(407);
    wire.close();
  });

  it('answers all requests before the client closed its side', async () => {
    const wire = await Wire.member(daemon.address, 'piped');
    for (let i = 1; i <= 3; i++)
      wire.send(`{"jsonrpc":"2.0","id":"p${i}","method":"forum.post","params":{"text":"post ${i}"}}\n`);
    wire.socket.end();
    for (let i = 1; i <= 3; i++)
      expect((await wire.wait((line) => line.id === `p${i}`)).result.post.text).to.equal(`post ${i}`);
    await wire.ended();
  });

  it('adds numbers, and ends for a number out of range', async () => {
    const wire = await Wire.member(daemon.address, 'adder');
    const { name, number, sum } = await wire.result('sum', { name: 'adder', number: 25 });
    expect(name).to.match(/^goldctl/);
    expect(number).to.be.within(1, 100);
    expect(sum).to.equal(25 + number);
    expect((await wire.call('sum', { name: 'adder', number: 0 })).error).to.deep.include({ code: 400 });
    expect((await wire.event('bye')).params.status).to.equal(400);
    await wire.ended();
  });
});

describe('call rate of a session', () => {
  let daemon: DaemonFixture;
  before(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { callsPerSecond: 1, callsBurst: 5 } } });
  });
  after(() => daemon.stop());

  it('is limited to its burst, with the time to wait', async () => {
    const wire = await Wire.open(daemon.address);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => wire.call('hello', { protocol: 1, client: 'fast' })),
    );
    const refused = answers.filter((answer) => answer.error);
    expect(answers.length - refused.length).to.equal(5);
    for (const { error } of refused) {
      expect(error).to.deep.nested.include({ code: 429, 'data.reason': 'TOO_MANY_REQUESTS' });
      expect(error?.data.retryAfterMs).to.be.within(1, 1000);
    }
    wire.close();
  });
});
