import { expect } from 'chai';
import { displayWidth } from '../../src/repl/text-width.ts';
import { Room } from './room.ts';

describe('the dashboard in terminals of all kinds', function () {
  this.timeout(30_000);
  let room: Room;

  before(async () => {
    room = await Room.open();
    await room.gold();
    const luke = await room.member('luke');
    await luke.call('forum.post', { text: 'Giá vàng tăng' });
  });

  after(() => room.stop());

  it('is ASCII where the locale is not UTF-8', async () => {
    const robot = room.robot({ env: { LANG: 'C' } });
    await robot.see('luke: Gia vang tang');
    await robot.see(/SJC +[\d,]{9,}/);
    expect(robot.text).to.match(/^[\x20-\x7e\n]*$/);
    expect(robot.lines[1]).to.match(/^\+- Rates/);
    robot.press('ctrl-c');
    await robot.exited;
  });

  it('is ASCII where that is asked for', async () => {
    const robot = room.robot({ args: ['attach', '--ascii'] });
    await robot.see('luke: Gia vang tang');
    expect(robot.text).to.match(/^[\x20-\x7e\n]*$/);
    robot.press('ctrl-c');
    await robot.exited;
  });

  it('has no colours with NO_COLOR', async () => {
    const robot = room.robot({ env: { NO_COLOR: '1' } });
    await robot.see('luke: Giá vàng tăng');
    expect(robot.colours.size).to.equal(0);
    robot.press('f6');
    await robot.see('● online');
    expect(robot.colours.size).to.equal(0);
    robot.press('ctrl-c');
    await robot.exited;
  });

  for (const TERM of ['screen-256color', 'tmux-256color', 'xterm', 'linux', 'vt220', 'no-such-terminal']) {
    it(`works with TERM=${TERM}`, async () => {
      const robot = room.robot({ env: { TERM } });
      await robot.see('luke: Giá vàng tăng');
      const { colours } = robot;
      if (TERM.includes('256') || TERM === 'no-such-terminal')
        expect(
          [...colours].some((colour) => colour > 15),
          'the palette',
        ).to.equal(true);
      else
        expect(
          [...colours].every((colour) => colour < 16),
          [...colours].join(),
        ).to.equal(true);
      robot.type('SUM 0');
      await robot.see('> SUM 0');
      robot.press('ctrl-c');
      expect(await robot.exited).to.include({ exitCode: 0 });
      expect(robot.state).to.include({ mouse: 'none', paste: false, cursorHidden: false });
    });
  }

  it('prints one frame without a terminal', async () => {
    for (const [columns, rows] of [
      [80, 24],
      [200, 50],
      [40, 10],
      [1, 1],
    ] as const) {
      const size = ['--columns', `${columns}`, '--rows', `${rows}`];
      const { exit, stdout, stderr } = await room.run(['attach', '--once', ...size]);
      expect({ exit, stderr }).to.deep.equal({ exit: 0, stderr: '' });
      const lines = stdout.trimEnd().split('\n');
      expect(lines, `${columns}x${rows}`).to.have.length(rows);
      for (const line of lines) expect(displayWidth(line)).to.be.at.most(columns);
      expect(stdout).to.not.include('\x1b');
      if (columns < 40) continue;
      expect(stdout)
        .to.include('luke: Giá vàng tăng')
        .and.to.match(/SJC +[\d,]{9,}/);
      if (columns >= 80)
        expect(stdout)
          .to.match(/[⠁-⣿]{4}/)
          .and.to.include('● luke');
    }
  });

  it('prints one frame in colours on a terminal', async () => {
    const robot = room.robot({ args: ['attach', '--once'], columns: 90, rows: 20 });
    const { exitCode } = await robot.exited;
    expect(exitCode).to.equal(0);
    expect(robot.text).to.include('luke: Giá vàng tăng');
    expect(robot.colours.size).to.be.above(3);
    expect(robot.state.alternate).to.equal(false);
  });

  it('needs a terminal, and says what does not', async () => {
    for (const attempt of [await room.run(['attach']), await room.run(['attach', '--theme', 'light'])]) {
      expect(attempt).to.include({ exit: 2, stdout: '' });
      expect(attempt.stderr).to.include('attach --once');
    }
    expect(await room.run(['attach', '--once', '--theme', 'pink'])).to.include({ exit: 2 });
  });

  it('ends with 3 where no daemon runs, and leaves the terminal alone', async () => {
    const env = { GOLDCTL_HOME: `${room.folder}/nowhere` };
    const once = await room.run(['attach', '--once'], env);
    expect(once).to.include({ exit: 3, stdout: '' });
    expect(once.stderr).to.include('goldctl daemon start');
    const robot = room.robot({ env });
    await robot.see('[y/N]');
    robot.type('n\r');
    expect(await robot.exited).to.include({ exitCode: 3 });
    expect(robot.text).to.include('goldctl daemon start');
    expect(robot.raw).to.not.include('\x1b[?1049h');
  });

  it('starts a daemon where none runs, if the user wants it', async () => {
    expect(await room.run(['daemon', 'stop'])).to.include({ exit: 0 });
    const robot = room.robot();
    await robot.see('[y/N]');
    robot.type('y\r');
    await robot.see('luke: Giá vàng tăng', 20_000);
    robot.press('ctrl-c');
    expect(await robot.exited).to.include({ exitCode: 0 });
    expect(await room.run(['daemon', 'status'])).to.include({ exit: 0 });
  });
});
