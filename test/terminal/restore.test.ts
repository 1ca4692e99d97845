import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { PROGRAM } from '../root.ts';
import { skip } from '../skip.ts';
import type { Robot } from './robot.ts';
import { Room } from './room.ts';

const AS_IT_WAS = { alternate: false, mouse: 'none', paste: false, cursorKeys: false, cursorHidden: false };

describe('the terminal after the dashboard', function () {
  this.timeout(30_000);
  let room: Room;

  before(async () => {
    room = await Room.open();
  });

  after(() => room.stop());

  /** A dashboard that is up. */
  async function up(env: Record<string, string> = {}): Promise<Robot> {
    const robot = room.robot({ env });
    await robot.see('● online');
    expect(robot.state.alternate).to.equal(true);
    return robot;
  }

  it('is as it was after Ctrl-C', async () => {
    const robot = await up();
    robot.press('ctrl-c');
    expect(await robot.exited).to.include({ exitCode: 0 });
    expect(robot.state).to.deep.equal(AS_IT_WAS);
  });

  it('is as it was after -quit', async () => {
    const robot = await up();
    robot.say('-quit');
    expect(await robot.exited).to.include({ exitCode: 0 });
    expect(robot.state).to.deep.equal(AS_IT_WAS);
  });

  for (const [signal, exit] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    it(`is as it was after ${signal}`, async () => {
      const robot = await up();
      robot.signal(signal);
      expect(await robot.exited).to.include({ exitCode: exit });
      expect(robot.state).to.deep.equal(AS_IT_WAS);
    });
  }

  for (const kind of ['throw new Error("boom \\u001b[2J")', 'void Promise.reject(new Error("boom"))']) {
    it(`is as it was after a fault of the program: ${kind.slice(0, 12)}`, async () => {
      const file = join(room.folder, 'fault.mjs');
      await writeFile(file, `process.on('SIGUSR2', () => { ${kind}; });`);
      const robot = await up({ NODE_OPTIONS: `--import ${file}` });
      robot.signal('SIGUSR2');
      expect(await robot.exited).to.include({ exitCode: 1 });
      expect(robot.state).to.deep.equal(AS_IT_WAS);
      expect(robot.text)
        .to.match(/Error: goldctl failed: boom/)
        .and.to.not.match(/ at .*:\d+:\d+/);
    });
  }

  it('belongs to the shell while the dashboard is suspended, and is sane in the end', async function () {
    const robot = room.robot({ file: 'bash', args: ['--norc', '--noprofile', '-i'], env: { PS1: 'shell> ' } });
    try {
      await robot.see('shell>', 3000);
    } catch {
      skip(this, 'bash is not installed');
    }
    robot.say("bind 'set enable-bracketed-paste off'"); // bash's own
    robot.say(`'${process.execPath}' '${PROGRAM}' attach`);
    await robot.see('● online');
    robot.type('MSG half');
    await robot.see('> MSG half');
    robot.press('ctrl-z');
    await robot.see('Stopped');
    expect(robot.state).to.deep.equal(AS_IT_WAS);
    robot.say('stty -a | tr " ;" "\\n\\n" | grep -cx -e echo -e icanon -e isig');
    await robot.see(/^3$/m);
    robot.resize(100, 30);
    robot.say('fg');
    await robot.see('> MSG half');
    await robot.until((text) => text.split('\n')[1]!.length === 100, 'to see the new width');
    expect(robot.state).to.include({ alternate: true, mouse: 'vt200', paste: true });
    robot.type(' way');
    await robot.see('> MSG half way');
    robot.press('ctrl-c');
    await robot.until(() => !robot.state.alternate, 'to see the shell');
    expect(robot.state).to.deep.equal(AS_IT_WAS);
    robot.say('stty -a | tr " ;" "\\n\\n" | grep -cx -e echo -e icanon -e isig; echo "that is $((40 + 2))"');
    await robot.see('that is 42');
    expect(robot.text.match(/^3$/gm)).to.have.length(2);
    robot.say('exit');
  });

  for (const signal of ['SIGKILL', 'SIGABRT']) {
    it(`is as it was at the next prompt after ${signal}, the end of a process that runs out of memory`, async function () {
      const robot = room.robot({ file: 'bash', args: ['--norc', '--noprofile', '-i'], env: { PS1: 'shell> ' } });
      try {
        await robot.see('shell>', 5000);
      } catch {
        skip(this, 'bash is not installed');
      }
      robot.say("bind 'set enable-bracketed-paste off'");
      const pidFile = join(room.folder, `pid-${signal}`);
      robot.say(`sh -c 'echo $$ > ${pidFile}; exec "${process.execPath}" "${PROGRAM}" attach'`);
      await robot.see('● online');
      process.kill(Number(await readFile(pidFile, 'utf8')), signal);
      await robot.see('type: reset');
      await robot.until(() => !robot.state.alternate, 'to see the shell');
      expect(robot.state).to.deep.equal(AS_IT_WAS);
      robot.say('stty -a | tr " ;" "\\n\\n" | grep -cx -e echo -e icanon -e isig');
      await robot.see(/^3$/m);
      robot.say('exit');
    });
  }

  it('is taken again after a stop that nobody announced', async () => {
    const robot = await up();
    robot.signal('SIGSTOP');
    robot.signal('SIGCONT');
    robot.type('x');
    await robot.see('> x');
    robot.press('ctrl-c');
    await robot.exited;
    expect(robot.state).to.deep.equal(AS_IT_WAS);
  });
});
