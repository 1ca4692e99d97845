import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Room } from './room.ts';

const DAY = 24 * 3_600_000;

describe('the series of a chart in a terminal', function () {
  this.timeout(30_000);
  let room: Room;

  before(async () => {
    room = await Room.open();
    const rows = Array.from({ length: 7 }, (_, day) => new Date(Date.now() - (day + 1) * DAY).toISOString()).reverse();
    const lines = rows.flatMap((at) => [
      `SJC,Hà Nội,${at},150000000,152000000`,
      `SJC,Miền Tây,${at},156000000,158000000`,
    ]);
    const file = join(room.folder, 'branches.csv');
    await writeFile(file, `instrument,brand,at,buy,sell\n${lines.join('\n')}\n`);
    const { exit, stderr } = await room.run(['rates', 'import', file]);
    expect(exit, stderr).to.equal(0);
  });

  after(() => room.stop());

  it('changes by a key, with the table of rates, and is the same at the next start', async () => {
    const robot = room.robot({ columns: 150, rows: 30 });
    await robot.see(/SJC · import, Hà Nội {2}(?:sell )?152,000,000 {2}\[/);
    robot.press('tab', 'tab');
    await robot.see('s series');
    robot.type('s');
    await robot.see(/SJC · import, Miền Tây {2}(?:sell )?158,000,000 {2}\[/);
    await robot.see('SJC: import, Miền Tây (2 of 2)');
    await robot.see(/▸SJC .*158,000,000 /);
    robot.press('ctrl-c');
    await robot.exited;
    const next = room.robot({ columns: 150, rows: 30 });
    await next.see(/SJC · import, Miền Tây {2}(?:sell )?158,000,000/);
    next.press('tab', 'tab');
    next.type('S');
    await next.see(/SJC · import, Hà Nội {2}(?:sell )?152,000,000 {2}\[/);
    next.press('ctrl-c');
    await next.exited;
  });
});
