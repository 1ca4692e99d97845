import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROGRAM } from '../root.ts';
import { skip } from '../skip.ts';
import type { Robot } from './robot.ts';
import { Room } from './room.ts';

/** A tty as a shell leaves it for the commands that it runs. */
const SANE = 'stty -a | tr " ;" "\\n\\n" | grep -cx -e echo -e icanon -e isig';

describe('a program that is stopped and continued by its shell', function () {
  this.timeout(60_000);
  let room: Room;

  before(async () => {
    room = await Room.open();
  });

  after(() => room.stop());

  /** bash with job control, in a pseudo-terminal. */
  async function bash(context: Mocha.Context, env: Record<string, string> = {}): Promise<Robot> {
    const rc = join(room.folder, 'bashrc');
    await writeFile(rc, "PS1='shell> '; bind 'set enable-bracketed-paste off'\n");
    const robot = room.robot({ file: 'bash', args: ['--noprofile', '--rcfile', rc, '-i'], env });
    try {
      await robot.see('shell>', 3000);
    } catch {
      skip(context, 'bash is not installed');
    }
    return robot;
  }

  const say = (robot: Robot, args: string): void => robot.say(`'${process.execPath}' '${PROGRAM}' ${args}`);

  /** Stops what runs in the foreground, with Ctrl-Z or without its knowledge; the terminal must be the shell's. */
  async function stop(robot: Robot, how: 'ctrl-z' | 'SIGSTOP' | 'SIGTSTP', nth: number): Promise<void> {
    if (how === 'ctrl-z') robot.press('ctrl-z');
    else {
      process.kill(await foregroundPid(robot), how);
    }
    await robot.until((text) => text.split('Stopped').length === nth + 1, 'to see it stopped');
    robot.say(SANE);
    await robot.until((text) => text.split('\n').filter((line) => line === '3').length === nth, 'a sane terminal');
  }

  /** The process group in the foreground of the terminal, as /proc knows it. */
  async function foregroundPid(robot: Robot): Promise<number> {
    const stat = await readFile(`/proc/${robot.pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[5]);
  }

  for (const how of ['ctrl-z', 'SIGSTOP', 'SIGTSTP'] as const) {
    it(`goes on in the shell after ${how}`, async function () {
      const name = `shell-${how.toLowerCase()}`;
      const robot = await bash(this, (await room.memberAtHome(name)).env);
      say(robot, 'shell');
      await robot.see(`${name}>`);
      robot.type('SUM');
      await robot.see(`${name}> SUM`);
      await stop(robot, how, 1);
      robot.say('fg');
      await robot.until((text) => text.trimEnd().endsWith(`${name}> SUM`), 'to see the line again');
      robot.say(' 41');
      await robot.see('Client Number: 41');
      await stop(robot, how, 2);
      robot.say('fg');
      await robot.until((text) => text.trimEnd().endsWith(`${name}>`), 'to see the prompt again');
      robot.press('ctrl-c');
      await robot.see('press Ctrl-C again');
      robot.press('ctrl-c');
      await robot.until((text) => /shell>$/.test(text.trimEnd()), 'to be back in bash');
      expect(robot.state).to.include({ paste: false });
      robot.say('echo "status $?"');
      await robot.see('status 0');
    });

    it(`hides a password after ${how}`, async function () {
      const robot = await bash(this);
      const name = `hidden${how.toLowerCase()}`;
      say(robot, `account signup ${name}`);
      await robot.see('Password for');
      if (how === 'ctrl-z') robot.type('s3c'); // it is read before the key
      await stop(robot, how, 1);
      robot.say('fg');
      await robot.until((text) => text.split('Password for').length === 3, 'to be asked again');
      robot.say(how === 'ctrl-z' ? 'r3t' : 's3cr3t');
      await robot.see('Repeat the password');
      if (how === 'ctrl-z') robot.type('s3c'); // it is read before the key
      await stop(robot, how, 2);
      robot.say('fg');
      await robot.until((text) => text.split('Repeat the password').length === 3, 'to be asked again');
      robot.say(how === 'ctrl-z' ? 'r3t' : 's3cr3t');
      await robot.see(`Created the account ${name}`);
      robot.say('echo "status $?"');
      await robot.see('status 0');
      expect(robot.raw).to.not.match(/s3c|r3t/);
    });

    it(`repeats a question after ${how}`, async function () {
      const file = join(room.folder, 'prices.csv');
      await writeFile(file, 'date,buy,sell\n01/02/2021,60000000,61000000\n02/03/2021,60000000,61000000\n');
      const robot = await bash(this);
      say(robot, `rates import '${file}' --instrument SJC`);
      await robot.see('Enter 1-2');
      await stop(robot, how, 1);
      robot.say('fg');
      await robot.until((text) => text.split('Enter 1-2').length === 3, 'to be asked again');
      robot.press('ctrl-c');
      await robot.until((text) => /shell>$/.test(text.trimEnd()), 'to be back in bash');
      robot.say('echo "status $?"');
      await robot.see('status 130');
    });
  }

  it('answers an offer after Ctrl-Z', async function () {
    const { env } = await room.memberAtHome('lando');
    const other = await room.memberAtHome('chewie');
    const file = join(room.folder, 'lecture1.mp4');
    await writeFile(file, 'lecture');
    const robot = await bash(this, env);
    say(robot, 'files receive --once');
    await robot.see('Waiting for files as lando');
    await room.untilReachable('lando');
    const sent = room.run(['files', 'send', 'lando', file], other.env);
    await robot.see('Accept? [y/N]');
    await stop(robot, 'ctrl-z', 1);
    robot.say('fg');
    await robot.until((text) => text.split('Accept?').length === 3, 'to be asked again');
    robot.say('y');
    await robot.see(/Received \S*lecture1\.mp4/);
    expect(await sent).to.include({ exit: 0 });
  });

  it('says why it ends if nothing can happen any more', async () => {
    const file = join(room.folder, 'never.mjs');
    await writeFile(
      file,
      "import fs from 'node:fs/promises'; import { syncBuiltinESMExports } from 'node:module';\n" +
        'const read = fs.readFile;\n' +
        "fs.readFile = (file, ...rest) => String(file).endsWith('config.json') ? new Promise(() => {}) : read(file, ...rest);\n" +
        'syncBuiltinESMExports();\n',
    );
    const { exit, stderr } = await room.run(['config', 'check'], { NODE_OPTIONS: `--import ${file}` });
    expect(stderr).to.match(/^Error: goldctl ended before the command was finished/);
    expect(exit).to.equal(1);
  });
});
