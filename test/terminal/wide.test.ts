import { expect } from 'chai';
import { Room } from './room.ts';

describe('a terminal that draws characters of ambiguous width over two columns', function () {
  this.timeout(60_000);
  let room: Room;

  before(async () => {
    room = await Room.open();
  });

  after(() => room.stop());

  it('is recognized: frame and clock stay in place', async () => {
    const robot = room.robot({ isAmbiguousWide: true });
    await robot.see('online');
    await robot.see(/\d\d:\d\d:\d\d \+07$/m);
    robot.type('xin chào đi');
    await robot.see('> xin ch');
    const { lines } = robot;
    expect(lines[0]).to.match(/ \d\d:\d\d:\d\d \+07$/);
    expect(lines[1])
      .to.match(/^\+- .*-\+$/)
      .and.to.have.length(80);
    expect(robot.column(79).filter((text) => text === '|').length).to.be.above(10);
    // à and đ take two columns, so that the cursor is behind the last letter.
    expect(robot.cursor.x).to.equal('> xin chào đi'.length + 2);
    expect(robot.text).to.not.include('3;');
    robot.press('ctrl-c');
    await robot.exited;
  });

  it('is left alone elsewhere, and the answer types nothing', async () => {
    const robot = room.robot({});
    await robot.see('● online');
    robot.type('here');
    await robot.see(/^> here\b/m);
    expect(robot.lines[1]).to.match(/^┌─ /);
    robot.press('ctrl-c');
    await robot.exited;
  });

  it('without colours shows text in its own colour', async () => {
    const robot = room.robot({ env: { TERM: 'vt100' } });
    await robot.see('online');
    expect([...robot.colours]).to.deep.equal([]);
    robot.press('ctrl-c');
    await robot.exited;
  });
});
