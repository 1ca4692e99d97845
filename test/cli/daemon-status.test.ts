import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import type { Config } from '@oclif/core';
import { captureOutput } from '@oclif/test';
import { expect } from 'chai';
import { errorText } from '../../src/cli/error.ts';
import { stopDaemon } from '../../src/daemon/lifecycle.ts';
import { AppError } from '../../src/domain/app-error.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { version } from '../../src/version.ts';
import { cliConfig } from '../cli-config.ts';
import { quietHome } from '../daemon/quiet.ts';
import { PROGRAM, ROOT } from '../root.ts';

describe('daemon commands', function () {
  this.timeout(60_000);
  let config: Config;
  let home: HomeDirectory;
  let earlier: string | undefined;

  before(async () => {
    config = await cliConfig();
  });
  beforeEach(async () => {
    home = await quietHome();
    earlier = process.env.GOLDCTL_HOME;
    process.env.GOLDCTL_HOME = home.root;
  });
  afterEach(async () => {
    if (earlier === undefined) delete process.env.GOLDCTL_HOME;
    else process.env.GOLDCTL_HOME = earlier;
    await stopDaemon(home).catch((failure) => expect(failure).to.include({ code: 'NO_DAEMON' }));
    await rm(home.root, { recursive: true });
  });

  /** One command line in this process: what it prints, and its exit status. */
  async function run(id: string, ...argv: string[]): Promise<{ stdout: string; stderr: string; exit: number }> {
    const { stdout, stderr, error } = await captureOutput(() => config.runCommand(id, argv), { print: false });
    return { stdout, stderr, exit: error ? ((error as { oclif?: { exit?: number } }).oclif?.exit ?? -1) : 0 };
  }

  it('says in one sentence that none runs, with exit status 3', async () => {
    const status = await run('daemon:status');
    expect(status).to.include({ stdout: '', exit: 3 });
    expect(status.stderr).to.match(/^Error: No daemon responds .*goldctl daemon start.*\n$/);
    expect(await run('daemon:stop')).to.include({ exit: 3 });
  });

  it('says it as JSON with --json', async () => {
    const { stdout, stderr, exit } = await run('daemon:status', '--json');
    expect({ stderr, exit }).to.deep.equal({ stderr: '', exit: 3 });
    const { error } = JSON.parse(stdout);
    expect(error).to.include({ code: 'NO_DAEMON', status: 503 });
    expect(error.data).to.include({ server: 'local' });
  });

  it('ends with 2 when the command line is wrong', async () => {
    for (const argv of [
      ['--prot', '1'],
      ['--port', 'x'],
      ['--port', '65536'],
      ['--attempts', '6'],
      ['--server', 'a:1'],
      ['now'],
    ]) {
      const { stderr, exit } = await run('daemon:start', ...argv);
      expect(exit, argv.join(' ')).to.equal(2);
      expect(stderr).to.match(/^Error: /);
    }
    expect(await run('daemon:status', '--server', 'a:b:c')).to.include({ exit: 2 });
    expect(JSON.parse((await run('daemon:start', '--json', '--prot', '1')).stdout).error).to.include({ code: 'USAGE' });
  });

  it('starts, shows and stops one', async () => {
    const started = await run('daemon:start', '--attempts', '2');
    expect(started).to.include({ stderr: '', exit: 0 });
    expect(started.stdout)
      .to.match(/^The daemon is running\.\n/)
      .and.to.match(/Listening +127\.0\.0\.1:\d+/);
    const second = await run('daemon:start');
    expect(second.stdout).to.include('is already running');
    expect(second.exit).to.equal(0);
    const again = JSON.parse((await run('daemon:start', '--json')).stdout);
    expect(again).to.include({ already: true, home: home.root });

    const status = await run('daemon:status');
    expect(status.stdout)
      .to.include(`sha256:${again.fingerprint}`)
      .and.to.match(/sjc +off/);
    const json = JSON.parse((await run('daemon:status', '--json')).stdout);
    expect(json).to.include({ pid: again.pid }).and.to.have.property('providers').that.is.an('array');

    const logs = await run('daemon:logs');
    expect(logs.stdout).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[INFO\] \[daemon\.start\]: /);
    expect(JSON.parse((await run('daemon:logs', '-n', '1', '--json')).stdout)).to.include({ level: 'info' });

    expect((await run('daemon:stop')).stdout).to.include(`process ${again.pid}`);
    expect((await run('daemon:logs', '-n', '1')).stdout).to.include('[daemon.stop]');
  });

  it('names a wrong setting at the start', async () => {
    await writeFile(home.configFile, '{\n  "listen": { "port": 1, }\n}');
    const { stderr, exit } = await run('daemon:start');
    expect(exit).to.equal(1);
    expect(stderr).to.include(`${home.configFile}, line 2, column 26`);
  });

  it('shows an empty log', async () => {
    const { stdout, stderr, exit } = await run('daemon:logs');
    expect({ stdout, exit }).to.deep.equal({ stdout: '', exit: 0 });
    expect(stderr).to.include(home.logFile);
  });

  describe('in the foreground', () => {
    let child: ChildProcess;
    afterEach(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    });

    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      it(`logs to the terminal and ends by ${signal}`, async () => {
        child = spawn(process.execPath, [PROGRAM, 'daemon', 'start', '--foreground'], {
          cwd: ROOT,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let printed = '';
        for await (const chunk of child.stdout!.setEncoding('utf8')) {
          printed += chunk;
          if (printed.includes('[daemon.start]')) break;
        }
        const exited = once(child, 'exit');
        while ((await run('daemon:status')).exit !== 0);
        child.kill(signal);
        expect(await exited).to.deep.equal([0, null]);
        expect((await run('daemon:logs', '-n', '1')).stdout).to.include('[daemon.stop]');
      });
    }
  });
});

describe('command line', () => {
  it('answers --version without loading anything', async () => {
    for (const flag of ['--version', '-v']) {
      const child = spawn(process.execPath, [PROGRAM, flag], { stdio: ['ignore', 'pipe', 'inherit'] });
      const printed = (await child.stdout.setEncoding('utf8').toArray()).join('');
      expect(printed).to.equal(`goldctl/${version()} ${process.platform}-${process.arch} node-${process.version}\n`);
    }
  });

  it('lets no control character of a daemon reach the terminal', () => {
    expect(errorText(new AppError('NOT_FOUND', 'no \u001b]0;title\u0007such\u202e\nthing'))).to.equal(
      'Error: no ]0;titlesuch\nthing\n',
    );
  });
});
