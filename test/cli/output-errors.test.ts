import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { cliConfig } from '../cli-config.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { PROGRAM } from '../root.ts';
import { skip } from '../skip.ts';

const FULL = '/dev/full';
const NO_SPACE = 'Error: The output cannot be written: there is no space left.\n';
const PROCESSES = 2;

interface Said {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('output that cannot be written', function () {
  this.timeout(300_000); // a hundred processes
  let folder: string;
  let daemon: DaemonFixture;

  before(async function () {
    if (!existsSync(FULL)) skip(this, `${FULL} does not exist`);
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    daemon = await DaemonFixture.start({});
    const owner = await daemon.connect(); // its token is stored in the home
    await owner.signUp({ name: 'owner', password: 'owner pass' });
    await owner.call('rates.import', { instrument: 'SJC', rows: [[Date.UTC(2022, 0, 5), 61_000_000, 61_700_000]] });
    await owner.close();
  });

  after(async () => {
    await daemon?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** @param broken the stream that cannot be written; `pipe`: standard output, whose reader is gone */
  async function run(
    args: readonly string[],
    broken: 'stdout' | 'stderr' | 'pipe',
    home = folder,
    input = '',
  ): Promise<Said> {
    const full = openSync(FULL, 'w');
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, GOLDCTL_HOME: home, LC_ALL: 'C.UTF-8' },
      stdio: ['pipe', broken === 'stdout' ? full : 'pipe', broken === 'stderr' ? full : 'pipe'],
    });
    closeSync(full);
    child.stdin?.on('error', () => {}).end(input);
    if (broken === 'pipe') child.stdout?.destroy();
    const [exit, stdout, stderr] = await Promise.all([
      new Promise<number | null>((resolve) => child.once('close', resolve)),
      broken === 'stderr' && child.stdout ? text(child.stdout) : '',
      child.stderr ? text(child.stderr) : '',
    ]);
    return { exit, stdout, stderr };
  }

  async function forEach<T>(all: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const waiting = [...all];
    const worker = async (): Promise<void> => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    };
    await Promise.all(Array.from({ length: PROCESSES }, worker));
  }

  it('is one plain line and status 1 for every command, and silence if the reader is gone', async () => {
    const { commandIDs } = await cliConfig();
    expect(commandIDs.length).to.be.greaterThan(40);
    const helps = commandIDs.map((id) => [...id.split(':'), '--help']);
    await forEach([['--version'], ['--help'], ...helps], async (args) => {
      expect(await run(args, 'stdout'), args.join(' ')).to.deep.equal({ exit: 1, stdout: '', stderr: NO_SPACE });
    });
    await forEach([['--version'], ['--help'], ['rates', '--help']], async (args) => {
      expect(await run(args, 'pipe'), args.join(' ')).to.deep.equal({ exit: 0, stdout: '', stderr: '' });
    });
  });

  it('is the same for results, as text and as JSON', async () => {
    const home = daemon.home.root;
    const commands = [
      ['rates'],
      ['rates', '--json'],
      ['rates', 'providers'],
      ['rates', 'export', 'SJC'],
      ['forum', 'read'],
      ['forum', 'topics', '--json'],
      ['account', 'export'],
      ['daemon', 'status'],
      ['daemon', 'status', '--json'],
      ['attach', '--once'],
    ];
    await forEach(commands, async (args) => {
      const { exit, stderr } = await run(args, 'stdout', home);
      expect({ exit, stderr }, args.join(' ')).to.deep.equal({ exit: 1, stderr: NO_SPACE });
      const piped = await run(args, 'pipe', home);
      expect(piped, args.join(' ')).to.deep.equal({ exit: 0, stdout: '', stderr: '' });
    });
  });

  it('does not matter where it is the report of an error', async () => {
    expect(await run(['rates', 'show'], 'stderr', daemon.home.root)).to.include({ exit: 2 });
    expect(await run(['nonsense'], 'stderr')).to.include({ exit: 2 });
  });

  it('does not end a command whose other output can be written', async () => {
    const server = `tcp://${daemon.address}`;
    const args = ['account', 'signup', 'quinn', '--password-stdin', '--server', server];
    const { exit, stdout } = await run(args, 'stderr', folder, 'correct horse\n');
    expect(exit).to.equal(0); // it reports its first connection on standard error
    expect(stdout).to.include('Created the account quinn');
  });
});
