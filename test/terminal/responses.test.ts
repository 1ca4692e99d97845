import { expect } from 'chai';
import type { Robot } from './robot.ts';
import { Room } from './room.ts';

/** What terminals send in response to programs, and what one sends with a mode that a killed program left on. */
const RESPONSES = [
  '\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\',
  '\x1b]52;c;cQ==\x07',
  '\u009d11;rgb:1e1e/1e1e/1e1e\u009c',
  '\x1bP>|tmux 3.3a\x1b\\',
  '\u0090>|tmux 3.3a\u009c',
  '\x1b_Gi=31;OK\x1b\\',
  '\x1b^q\x1b\\',
  '\x1bXq\x1b\\',
  '\x1b[?1;2c',
  '\x1b[>41;390;0c',
  '\u009b?1;2c',
  '\x1b[24;80R',
  '\x1b[?2026;2$y',
  '\x1b[?1u',
  '\x1b[97;5u',
  '\x1b[I',
  '\x1b[O',
];
const MOUSE_REPORTS = ['\x1b[<35;12;5M', '\x1b[<0;12;5m', '\x1b[M !!', '\x1b[35;12;5M'];

describe('what a terminal answers', function () {
  this.timeout(60_000);
  let room: Room;

  before(async () => {
    room = await Room.open();
    (await room.member('quinn')).close();
  });

  after(() => room.stop());

  /** Sends each whole and in two parts, the second in a read of its own. */
  async function answer(robot: Robot, responses: readonly string[]): Promise<void> {
    for (const response of responses) {
      robot.type(response);
      robot.type(response.slice(0, 3));
      await new Promise((resolve) => setTimeout(resolve, 40));
      robot.type(response.slice(3));
    }
  }

  it('is no key in the dashboard: not in a pane, and not in the input line', async () => {
    const robot = room.robot();
    await robot.see('● online');
    robot.type('MSG one');
    await robot.see('> MSG one');
    await answer(robot, RESPONSES);
    robot.type(' two');
    await robot.see('> MSG one two');
    robot.press('ctrl-u', 'tab'); // in an empty line, Tab focuses a pane
    await robot.miss('MSG one');
    await answer(robot, RESPONSES);
    robot.type('i');
    robot.type('still here');
    await robot.see('> still here');
    robot.press('ctrl-c');
    expect((await robot.exited).exitCode).to.equal(0);
  });

  it('is no key in the sign-in form and the shell', async () => {
    const { env } = await room.memberAtHome('lando');
    await room.run(['account', 'signout'], env);
    const robot = room.robot({ args: ['shell'], env });
    await robot.see('goldctl>');
    await answer(robot, [...RESPONSES, ...MOUSE_REPORTS]);
    robot.say('-signin');
    await robot.see('name password:');
    await answer(robot, [...RESPONSES, ...MOUSE_REPORTS]);
    robot.type('lando correct ');
    await answer(robot, [...RESPONSES, ...MOUSE_REPORTS]);
    robot.say('horse');
    await robot.see('Signed in as lando.');
    robot.say('OUT');
    expect((await robot.exited).exitCode).to.equal(0);
    expect(robot.text).to.not.match(/tmux|rgb|1;2c/);
    const dashboard = room.robot({ env });
    await dashboard.see('● online');
    dashboard.press('f2');
    await dashboard.see('Password');
    dashboard.type('lan');
    await answer(dashboard, RESPONSES);
    dashboard.type('do\tcorrect ');
    await answer(dashboard, RESPONSES);
    dashboard.say('horse');
    await dashboard.until((text) => !text.includes('Password'), 'to see it signed in');
    dashboard.press('ctrl-c');
    await dashboard.exited;
  });

  it('is no key at the prompt for a password', async () => {
    const { env } = await room.memberAtHome('chewie');
    const robot = room.robot({ args: ['account', 'signin', 'chewie', '--take-over'], env });
    await robot.see('Password for chewie');
    robot.type('correct');
    await answer(robot, [...RESPONSES, ...MOUSE_REPORTS]);
    robot.say(' horse');
    await robot.see('Signed in as chewie.');
    expect((await robot.exited).exitCode).to.equal(0);
  });
});

describe('a paste in the shell', function () {
  this.timeout(60_000);
  let room: Room;
  let robot: Robot;

  before(async () => {
    room = await Room.open();
    const { env } = await room.memberAtHome('padme');
    robot = room.robot({ args: ['shell'], env });
    await robot.see('padme>');
  });

  after(() => room.stop());

  it('of one line waits for Enter', async () => {
    robot.paste('SUM 41\r');
    await robot.see('padme> SUM 41');
    robot.press('enter');
    await robot.see('Client Number: 41');
  });

  it('of several lines is shown, and run only after a yes', async () => {
    robot.paste('MSG first\rMSG second\rDLT #1\r');
    await robot.see('Run these 3 lines? [y/N]');
    expect(robot.text).to.match(/You pasted:\n {2}MSG first\n {2}MSG second\n {2}DLT #1\nRun these/);
    robot.say('n');
    await robot.see('Nothing was run.');
    expect(robot.text).to.not.include('posted');
    robot.paste('MSG first\rMSG second\rDLT #1\r');
    await robot.until((text) => text.split('Run these').length === 3, 'to be asked again');
    robot.press('ctrl-c');
    await robot.until((text) => text.split('Nothing was run.').length === 3, 'to see nothing run');
    robot.paste('MSG first\rMSG second\rDLT #1\r');
    await robot.until((text) => text.split('Run these').length === 4, 'to be asked again');
    robot.say('y');
    await robot.see('Deleted #1.');
    expect(robot.text).to.match(/Message #1 posted at .*\n.*Message #2 posted at/);
  });

  it('after MSG is one message with its line breaks', async () => {
    robot.type('MSG #gold ');
    await robot.see('MSG #gold');
    robot.paste('one\r\ntwo\r\nthree\r\n');
    await robot.see(/MSG #gold one\ntwo\nthree/);
    robot.press('enter');
    await robot.see('Message #3 posted');
    const client = await room.client();
    const { posts } = await client.call('forum.read', {});
    expect(posts.at(-1)).to.include({ topic: 'gold', text: 'one\ntwo\nthree' });
  });

  it('hides a password, and is off at the end', async () => {
    expect(robot.state.paste).to.equal(true);
    robot.paste('-signin\rpadme s3cret\rSUM 1\r');
    await robot.see(/ {2}-signin\n {2}\(name and password\)\n {2}SUM 1\nRun these 3 lines/);
    robot.say('');
    robot.say('-quit');
    expect((await robot.exited).exitCode).to.equal(0);
    expect(robot.raw).to.not.include('s3cret');
    expect(robot.state.paste).to.equal(false);
  });

  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    it(`is off after ${signal}`, async () => {
      const other = room.robot({ args: ['shell'] });
      await other.see('goldctl>');
      expect(other.state.paste).to.equal(true);
      other.signal(signal);
      await other.exited;
      expect(other.state.paste).to.equal(false);
    });
  }
});
