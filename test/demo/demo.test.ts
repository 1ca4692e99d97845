import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { makeTemporaryHome, removeTemporaryHome, sweepTemporaryHomes } from '../../src/demo/temporary-home.ts';
import { isProcessAlive } from '../../src/process-alive.ts';
import { PROGRAM, ROOT } from '../root.ts';
import { Robot } from '../terminal/robot.ts';

const DEMO = [PROGRAM, 'demo'];

describe('goldctl demo', function () {
  this.timeout(40_000);

  let folder: string;
  let env: NodeJS.ProcessEnv;
  const started: (ChildProcess | Robot)[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-demos-'));
    const { GOLDCTL_SERVER: _, NO_COLOR: __, ...others } = process.env;
    // The user's home, which the demo must not change.
    env = { ...others, TMPDIR: folder, LC_ALL: 'C.UTF-8', GOLDCTL_HOME: join(folder, 'mine') };
  });

  afterEach(async () => {
    for (const program of started.splice(0)) {
      if (program instanceof Robot) await program.stop();
      else program.kill('SIGKILL');
    }
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const homes = async () => (await readdir(folder)).filter((name) => name.startsWith('goldctl-demo-'));
  const run = (args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, [...args], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    return child;
  };
  const show = (): Robot => {
    const robot = new Robot({ file: process.execPath, args: [...DEMO, '--seed', '7'], env, columns: 120, rows: 36 });
    started.push(robot);
    return robot;
  };

  it('shows the room in a terminal, where a bot answers, and leaves no files after Ctrl-C', async () => {
    const robot = show();
    for (const text of ['Forum', 'bot-binh', 'SJC']) await robot.see(text, 25_000);
    await robot.see(/^goldctl +SIMULATED/m);
    const [name] = await homes();
    const home = join(folder, name!);
    expect((await stat(home)).mode & 0o777).to.equal(0o700);
    robot.say('MSG @bot-an SJC?');
    await robot.see(/bot-an .*@you SJC 18\d/);
    const daemon = JSON.parse(await readFile(join(home, 'daemon.pid'), 'utf8')).pid;
    robot.press('ctrl-c');
    expect(await robot.exited).to.include({ exitCode: 0 });
    expect(await homes()).to.deep.equal([]);
    expect(isProcessAlive(daemon)).to.equal(false);
  });

  it('leaves no files if it is stopped during start-up', async () => {
    const child = run(DEMO);
    const told = text(child.stderr!);
    await until(async () => (await homes()).length > 0);
    child.kill('SIGTERM');
    const [exit] = await once(child, 'exit');
    expect(exit, await told).to.equal(143);
    expect(await homes()).to.deep.equal([]);
  });

  it('leaves no files if it fails', async () => {
    const child = run(['dist/test/demo/crashing.js']);
    const [address, fault] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
    expect(fault).to.include('a fault that nobody foresaw');
    expect(child.exitCode).to.equal(1);
    await until(() => isRefused(address));
    expect(await homes()).to.deep.equal([]);
  });

  it('ends its daemon if it is killed; the next demo removes its files, prints a frame, and leaves no files', async () => {
    const robot = show();
    await robot.see(/It is at|Members/, 25_000);
    const [name] = await homes();
    const { pid } = JSON.parse(await readFile(join(folder, name!, 'daemon.pid'), 'utf8'));
    robot.signal('SIGKILL');
    await robot.exited;
    await until(() => !isProcessAlive(pid));
    expect(await homes(), 'a killed process leaves its home').to.deep.equal([name]);

    const child = run([...DEMO, '--columns', '140', '--rows', '40']);
    const [frame, told] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, 'exit')]);
    expect(child.exitCode, told).to.equal(0);
    const lines = frame.trimEnd().split('\n');
    expect(lines).to.have.length(40);
    expect(lines[0]).to.include('SIMULATED');
    expect(frame).to.include('bot-an').and.include('bot-binh').and.include('SJC').and.include('BTC');
    expect(told).to.match(/Address: 127\.0\.0\.1:\d+/);
    expect(await homes()).to.deep.equal([]);
    expect(await isRefused(/127\.0\.0\.1:\d+/.exec(told)![0])).to.equal(true);
  });

  describe('removal of old demos', () => {
    it('keeps homes of running processes and other folders, and removes the rest', async () => {
      const parent = join(folder, 'sweep');
      const child = spawn(process.execPath, ['-e', '']);
      await once(child, 'exit');
      const dead = `goldctl-demo-${child.pid}-abcdef`;
      for (const name of [dead, 'goldctl-demo-x', 'goldctl-1234']) await mkdir(join(parent, name), { recursive: true });
      const home = await makeTemporaryHome(parent);
      try {
        expect(await sweepTemporaryHomes(parent)).to.deep.equal([join(parent, dead)]);
        expect(await readdir(parent)).to.have.members([
          'goldctl-demo-x',
          'goldctl-1234',
          home.root.slice(parent.length + 1),
        ]);
      } finally {
        await removeTemporaryHome(home);
        await rm(parent, { recursive: true });
      }
    });
  });
});

async function until(wanted: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await wanted())) await sleep(20); // limited by mocha's time-out
}

/** Nobody listens there. */
function isRefused(address: string): Promise<boolean> {
  const [host, port] = address.trim().split(':');
  return new Promise((resolve) => {
    const socket = connect({ host: host!, port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}
