import { expect } from 'chai';
import type { Client } from '../../src/client/client.ts';
import type { Robot } from './robot.ts';
import { Room } from './room.ts';

const PASSWORD = 'Use*the/force';

/** Waits until every row ends where the screen does, with the border of a pane. */
async function seeWhole(robot: Robot, columns: number, rows: number): Promise<void> {
  const isWhole = (): boolean => {
    const edge = robot.column(columns - 1);
    const linesBelow = rows >= 20 ? 3 : 2; // status, input, and keys where there is room
    return edge.length === rows && edge.slice(1, -linesBelow).every((cell) => /[│█┐┘]/.test(cell));
  };
  await robot.until(isWhole, `to see ${columns}x${rows} whole`);
}

describe('the dashboard in a terminal', function () {
  this.timeout(30_000);
  let room: Room;
  let robot: Robot;
  let luke: Client;

  before(async () => {
    room = await Room.open();
    await room.gold();
    robot = room.robot();
  });

  after(() => room.stop());

  it('shows the room to somebody who is not signed in yet', async () => {
    await robot.see('● online');
    await robot.see(/SJC +[\d,]{9,}/);
    await robot.see('Nobody is online.');
    await seeWhole(robot, 80, 24);
    await robot.until(() => !robot.state.cursorHidden, 'to see the cursor');
    expect(robot.state).to.include({ alternate: true, mouse: 'vt200', paste: true });
  });

  it('makes an account; the password is never written', async () => {
    robot.press('f3');
    await robot.see('Create an account');
    robot.type('yoda');
    await robot.see('yoda');
    robot.press('enter');
    robot.type(PASSWORD);
    await robot.see('•••••••••••••');
    robot.press('enter');
    await robot.see('Welcome, yoda.');
    await robot.see(/● yoda/);
    expect(robot.raw).to.not.include(PASSWORD).and.to.not.include('force');
    await robot.miss('Create an account');
  });

  it('looks a price of the past up', async () => {
    robot.type('2021-12-27 SJC');
    await robot.see('> 2021-12-27 SJC');
    expect(robot.cursor).to.deep.equal({ x: 16, y: 22 });
    robot.press('enter');
    await robot.see('60,850,000');
    await robot.see('61,550,000');
    robot.press('escape');
    await robot.miss('60,850,000');
  });

  it('asks about what is nearly a command, and empties the line when a command fails', async () => {
    robot.say('CHRT SJC');
    await robot.see('Did you mean CHART? Press Enter again to post');
    await robot.see('> CHRT SJC');
    robot.press('escape', 'escape');
    await robot.miss('> CHRT');
    robot.say('MSG #not/a/topic hello');
    await robot.see('Nothing was posted. "#not/a/topic" is not a topic');
    await robot.miss('> MSG');
    robot.press('escape');
    await robot.miss('Nothing was posted');
  });

  it('charts: ranges, candles, crosshair', async () => {
    robot.type('cha');
    robot.press('tab');
    await robot.see('> CHART ');
    robot.say('SJC 3m');
    await robot.see('[3m]');
    await robot.see(/[⠁-⣿]{4}/);
    robot.press('tab', 'tab');
    robot.type(']');
    await robot.see('[1y]');
    robot.type('2');
    await robot.see('[1w]');
    robot.type('4');
    await robot.see('[3m]');
    robot.type('c');
    await robot.see(/[╻┃╹]{2}/);
    robot.press('left', 'left');
    await robot.see(/C ?\d/);
    robot.type('c');
    await robot.see(/[⠁-⣿]{4}/);
    robot.press('escape', 'escape');
    await robot.see('a message, MARKET BTC');
  });

  it('shows what others write, change and delete, as it happens', async () => {
    luke = await room.member('luke');
    await robot.see(/● luke/);
    const { post } = await luke.call('forum.post', { text: 'Giá vàng hôm nay tăng mạnh' });
    await robot.see(`#${post.number} `);
    await robot.see('luke: Giá vàng hôm nay tăng mạnh');
    await luke.call('forum.edit', { number: post.number, text: 'Giá vàng hôm nay giảm' });
    await robot.see('luke: Giá vàng hôm nay giảm');
    await luke.call('forum.delete', { number: post.number });
    await robot.see(/deleted/);
    await robot.miss('giảm');
    await seeWhole(robot, 80, 24);
  });

  it('writes', async () => {
    robot.say('MSG Do or do not, @luke');
    await robot.see(/Message #\d+ posted at/);
    await robot.see('yoda: Do or do not, @luke');
    const { posts } = await luke.call('forum.read', {});
    expect(posts.at(-1)).to.include({ member: 'yoda', text: 'Do or do not, @luke' });
  });

  it('posts to the topic that is typed, and text that is no command to the one shown', async () => {
    robot.say('MSG #gold It is up');
    await robot.see('Message #');
    await robot.see('It is up');
    robot.say('and now it falls');
    await robot.see('yoda: and now it falls');
    const { posts } = await luke.call('forum.read', {});
    expect(posts.slice(-2).map(({ topic, text }) => [topic, text])).to.deep.equal([
      ['gold', 'It is up'],
      ['lobby', 'and now it falls'],
    ]);
  });

  it('takes a paste of several lines as one post, and more lines by Alt-Enter', async () => {
    robot.type('MSG ');
    robot.paste('one\rtwo\n');
    await robot.see(/> MSG one\n· two/);
    robot.press('alt-enter');
    robot.type('three');
    await robot.see(/two\n.*three/);
    expect(robot.text).to.not.include('yoda: one');
    robot.press('enter');
    await robot.see('yoda: one');
    const { posts } = await luke.call('forum.read', {});
    expect(posts.at(-1)).to.include({ text: 'one\ntwo\nthree' });
  });

  it('deletes an emoji family, a flag and a letter with marks as one', async () => {
    robot.type(`a👨‍👩‍👧🇻🇳${'ế'.normalize('NFD')}b`);
    await robot.see('ếb');
    robot.press('left', 'backspace', 'backspace', 'backspace');
    await robot.see(/> ab(?!\S)/);
    robot.press('right', 'ctrl-u');
    await robot.miss('> ab');
  });

  it('finds earlier input by Ctrl-R', async () => {
    robot.press('ctrl-r');
    robot.type('falls');
    await robot.see(/search: falls +and now it falls/);
    robot.press('enter');
    await robot.see('> and now it falls');
    robot.press('escape');
    await robot.miss('> and now it falls');
  });

  it('shows tags, escapes and strange letters of others harmlessly', async () => {
    const { post } = await luke.call('forum.post', { text: '{bold}{red-fg}x{/} {;-fg}y \x1b[2J\x1b]0;owned\x07 end' });
    await robot.see('{bold}{red-fg}x{/} {;-fg}y');
    await robot.see(new RegExp(`#${post.number} [^#]*end`));
    await luke.call('forum.post', { text: '黄金 🥇 e\u0302\u0301 \u202egnp.exe' });
    await robot.see('黄金');
    expect(robot.raw).to.not.include('owned\x07').and.to.not.include('\u202e');
    await seeWhole(robot, 80, 24);
  });

  it('follows the size of the terminal', async () => {
    robot.resize(200, 50);
    await seeWhole(robot, 200, 50);
    robot.resize(60, 16);
    await seeWhole(robot, 60, 16);
    robot.resize(30, 8);
    await seeWhole(robot, 30, 8);
    robot.resize(80, 24);
    await seeWhole(robot, 80, 24);
  });

  it('helps, from the table of keys', async () => {
    robot.press('f1');
    await robot.see('redraw the screen');
    robot.press('pagedown', 'pagedown');
    await robot.see('MARKET');
    robot.press('escape');
    await robot.miss('MARKET ALL | instrument');
    await robot.see('Forum');
  });

  it('changes its colours', async () => {
    const before = robot.colours;
    robot.press('f6');
    await robot.until(() => [...robot.colours].some((colour) => !before.has(colour)), 'to see other colours');
    robot.press('f6', 'f6');
    await robot.until(() => robot.colours.size === 0, 'to see no colours');
    robot.press('f6');
    await robot.until(() => robot.colours.size === before.size, 'to see the first colours');
  });

  it('is told by the mouse', async () => {
    const row = robot.lines.findIndex((line) => line.includes('─ Forum'));
    robot.click(5, row + 2);
    await robot.see('r reply');
    robot.click(5, 22);
    await robot.see('complete/next pane');
  });

  it('shows at once that the daemon is gone, comes back by itself, and has lost nothing', async () => {
    const { posts } = await luke.call('forum.read', {});
    await room.kill();
    await robot.see('○ offline', 2000);
    robot.say('MSG written while away');
    await robot.see('Your post will be sent');
    await seeWhole(robot, 80, 24);
    await room.start();
    await robot.see('● online', 20_000);
    await robot.see('yoda: written while away');
    const client = await room.client();
    const after = (await client.call('forum.read', {})).posts;
    expect(after.slice(0, -1).map(({ seq }) => seq)).to.deep.equal(posts.map(({ seq }) => seq));
    expect(after.at(-1)).to.include({ member: 'yoda', text: 'written while away' });
    const { post } = await (await room.member('leia')).call('forum.post', { text: 'and live again' });
    await robot.see(`#${post.number} `);
  });

  it('signs out and restores the terminal', async () => {
    robot.say('OUT');
    const { exitCode } = await robot.exited;
    expect(exitCode).to.equal(0);
    expect(robot.text).to.include('Signed out. Goodbye, yoda!').and.to.not.include('Forum');
    expect(robot.state).to.deep.equal({
      alternate: false,
      mouse: 'none',
      paste: false,
      cursorKeys: false,
      cursorHidden: false,
    });
  });
});
