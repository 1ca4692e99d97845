import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { type Config, run } from '@oclif/core';
import { captureOutput } from '@oclif/test';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { parseTarget } from '../../src/client/target.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { cliConfig } from '../cli-config.ts';
import { quietHome } from '../daemon/quiet.ts';
import { PROGRAM } from '../root.ts';
import { LyingDaemon } from './lying-daemon.ts';

/** What a line of output may not have in it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ORDERS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

const COMMANDS = [
  'rates',
  'rates --in USD/ozt',
  'rates show SJC',
  'rates show SJC --in USD/ozt',
  'rates show SJC --date 2021-12-27',
  'rates show SJC --date 2021-12-27 --in USD/ozt',
  'rates history SJC --from 2021-01-01 --format table',
  'rates history SJC --from 2021-01-01 --format chart',
  'rates history SJC --from 2021-01-01 --format csv',
  'rates providers',
  'forum read',
  'forum search gold',
  'forum topics',
  'forum revisions 1',
  'forum dm yoda',
  'users',
  'account list',
  'account bans',
  'files list',
  'files find prices.csv',
  'ping yoda',
  'daemon status',
  'quit-all',
];

describe('what a daemon that lies says', function () {
  this.timeout(60_000);
  let daemon: LyingDaemon;
  let home: HomeDirectory;
  let cli: Config;
  let earlier: NodeJS.ProcessEnv;

  before(async () => {
    daemon = new LyingDaemon();
    home = await quietHome();
    cli = await cliConfig();
    earlier = { ...process.env };
    Object.assign(process.env, { GOLDCTL_HOME: home.root, GOLDCTL_SERVER: await daemon.start() });
  });
  after(async () => {
    process.env = earlier;
    await daemon.stop();
    await rm(home.root, { recursive: true });
  });
  afterEach(() => {
    daemon.refusing = false;
  });

  async function said(line: string): Promise<{ stdout: string; stderr: string }> {
    const options = { testNodeEnv: 'production', stripAnsi: false };
    return await captureOutput(() => run(line.split(' '), cli), options);
  }

  for (const line of COMMANDS) {
    it(`gives a terminal no orders by \`goldctl ${line}\`, as text, as JSON, or refused`, async () => {
      const text = await said(line);
      expect(text.stdout, text.stderr).to.not.equal('');
      const json = await said(`${line} --json`);
      expect(JSON.parse(json.stdout)).to.be.an('object');
      daemon.refusing = true;
      const refused = await said(line);
      expect(refused.stderr).to.include('No.');
      const refusedJson = await said(`${line} --json`);
      expect(JSON.parse(refusedJson.stdout).error.message).to.include('\x1b'); // a program gets it as it is
      for (const { stdout, stderr } of [text, json, refused, refusedJson]) {
        expect(stdout).to.not.match(ORDERS);
        expect(stderr).to.not.match(ORDERS);
      }
    });
  }

  const spawned = (argv: readonly string[], input: string) =>
    new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, [PROGRAM, ...argv]);
      const chunks: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.on('error', reject).on('close', () => resolve(Buffer.concat(chunks).toString()));
      child.stdin.end(input);
    });

  it('gives it none in the shell', async () => {
    const lines = ['MARKET ALL', 'MARKET SJC', '2021-12-27 SJC', 'RDM', 'ATU', 'DISCOVER yoda', 'FIND gold', 'SUM 5'];
    const text = await spawned(['shell'], `${lines.join('\n')}\n`);
    expect(text).to.include('owned');
    expect(text).to.not.match(ORDERS);
  });

  it('gives it none in a frame of the dashboard', async () => {
    const client = await Client.connect({ target: parseTarget(process.env.GOLDCTL_SERVER!), home });
    await client.signIn({ name: 'yoda', password: 'x' }); // what it keeps of that signs the dashboard in
    await client.close();
    const text = await spawned(['attach', '--once', '--columns', '140', '--rows', '40'], '');
    expect(text).to.include('owned');
    expect(text).to.not.match(ORDERS);
  });
});
