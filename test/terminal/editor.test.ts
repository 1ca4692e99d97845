import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Room } from './room.ts';

describe('the editor of a message', function () {
  this.timeout(60_000);
  let room: Room;

  before(async () => {
    room = await Room.open();
  });
  after(() => room.stop());

  it('gets the terminal and the text, and gives both back', async () => {
    const editor = join(room.folder, 'editor');
    await writeFile(
      editor,
      '#!/bin/sh\necho "editing $(cat "$2") with $1"\nread -r line\nprintf "%s\\n%s\\n" one "$line" >"$2"\n',
    );
    await chmod(editor, 0o700);
    const robot = room.robot({ env: { EDITOR: `${editor} --wait` } });
    await robot.see('> ');
    robot.type('hello');
    await robot.see('> hello');
    robot.press('ctrl-x', 'ctrl-e');
    await robot.see('editing hello with --wait');
    expect(robot.state).to.include({ alternate: false, mouse: 'none', paste: false });
    robot.type('from the editor\r');
    await robot.see(/> one\n.*from the editor/);
    expect(robot.state).to.include({ alternate: true, paste: true });
    robot.press('ctrl-c');
    expect(await robot.exited).to.include({ exitCode: 0 });
  });

  it('that is missing changes nothing', async () => {
    const robot = room.robot({ env: { EDITOR: 'no-such-editor' } });
    await robot.see('> ');
    robot.type('hello');
    robot.press('ctrl-x', 'ctrl-e');
    await robot.see('The editor "no-such-editor" was not found. Set EDITOR.');
    await robot.see('> hello');
    robot.press('ctrl-c');
    await robot.exited;
  });
});
