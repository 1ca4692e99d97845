import { expect } from 'chai';
import { Room } from './room.ts';

describe('what was written without a connection', function () {
  this.timeout(60_000);
  let room: Room;

  before(async () => {
    room = await Room.open();
  });

  after(() => room.stop());

  async function texts(): Promise<(string | null)[]> {
    const { posts } = await (await room.client()).call('forum.read', {});
    return posts.map(({ text }) => text);
  }

  it('is asked about at Ctrl-C, kept, and sent once by the next dashboard', async () => {
    const robot = room.robot();
    await robot.see('● online');
    robot.press('f3');
    await robot.see('Sign up');
    robot.type('luke\rcorrect horse\r');
    await robot.see('Welcome, luke.');
    await room.run(['daemon', 'stop']);
    await robot.see('Connection lost');
    robot.say('MSG from the dashboard');
    await robot.see('will be sent when the connection is back');
    robot.press('ctrl-c');
    await robot.see('1 message is not sent yet');
    robot.press('ctrl-c');
    expect(await robot.exited).to.include({ exitCode: 0 });
    await room.start();
    const next = room.robot();
    await next.see('from the dashboard');
    expect(await texts()).to.deep.equal(['from the dashboard']);
    next.press('ctrl-c');
    await next.exited;
  });

  it('survives kill -9', async () => {
    const robot = room.robot();
    await robot.see('● online');
    await room.run(['daemon', 'stop']);
    await robot.see('Connection lost');
    robot.say('MSG killed');
    await robot.see('will be sent when the connection is back');
    robot.signal('SIGKILL');
    await robot.exited;
    await room.start();
    const next = room.robot();
    await next.see('killed');
    expect((await texts()).filter((text) => text === 'killed')).to.have.length(1);
    next.press('ctrl-c');
    await next.exited;
  });

  it('is kept by a shell that ends, and sent by the next shell', async () => {
    const robot = room.robot({ args: ['shell'] });
    await robot.see('luke>');
    await room.run(['daemon', 'stop']);
    await robot.see('Connection lost');
    robot.say('MSG from the shell');
    await robot.see('The message is kept');
    robot.type('\x04');
    await robot.exited;
    expect(robot.text).to.include('1 message is not sent yet');
    await room.start();
    const next = room.robot({ args: ['shell'] });
    await next.see('is sent: #');
    expect((await texts()).filter((text) => text === 'from the shell')).to.have.length(1);
    next.say('-quit');
    await next.exited;
  });
});
