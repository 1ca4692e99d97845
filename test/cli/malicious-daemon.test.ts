import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, run } from '@oclif/core';
import { captureOutput } from '@oclif/test';
import { expect } from 'chai';
import { CredentialStore } from '../../src/client/credential-store.ts';
import { parseTarget, serverId } from '../../src/client/target.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { cliConfig } from '../cli-config.ts';
import { quietHome } from '../daemon/quiet.ts';
import { EXAMPLES } from '../protocol/examples.ts';
import { PROGRAM, ROOT } from '../root.ts';
import { Robot } from '../terminal/robot.ts';
import { type Malice, MaliciousDaemon } from './malicious-daemon.ts';

/** What may not reach a pipe: every control character but the newline, and what reorders text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ORDERS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
/** What goldctl itself gives a terminal: colours, places, modes, and the ends of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const OWN = /\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\[(?:\d{1,2}|[34]8;5;\d+|;)*m|\x1b[=>78(][B0]?|[\r\n\b\t\x0e\x0f]/g;

/** Lines to run each command with; of those that are missing, why. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  'account:ban': ['account ban yoda --reason x', 'account ban 192.0.2.7 --lift'],
  'account:bans': ['account bans'],
  'account:export': ['account export', 'account export yoda --output FOLDER/export.json --force'],
  'account:import': ['account import FOLDER/accounts.txt'],
  'account:kick': ['account kick yoda'],
  'account:list': ['account list'],
  'account:role': ['account role yoda moderator'],
  'account:signout': ['account signout'],
  'account:whoami': ['account whoami'],
  backup: ['backup FOLDER/backup.goldctl --force'],
  'daemon:reload': ['daemon reload'],
  'daemon:status': ['daemon status'],
  'files:find': ['files find prices.csv'],
  'files:list': ['files list', 'files list yoda'],
  'forum:delete': ['forum delete 1'],
  'forum:dm': ['forum dm', 'forum dm yoda', 'forum dm yoda hello'],
  'forum:edit': ['forum edit 1 text'],
  'forum:post': ['forum post text'],
  'forum:read': ['forum read'],
  'forum:revisions': ['forum revisions 1'],
  'forum:search': ['forum search gold'],
  'forum:topics': ['forum topics'],
  ping: ['ping yoda'],
  'quit-all': ['quit-all'],
  rates: ['rates', 'rates --in USD/ozt', 'rates --market gold'],
  'rates:correct': ['rates correct SJC --at 2021-12-27 --provider sjc --sell 1'],
  'rates:export': ['rates export SJC', 'rates export --format jsonl'],
  'rates:held': ['rates held'],
  'rates:held:accept': ['rates held accept 1'],
  'rates:held:discard': ['rates held discard 1'],
  'rates:history': [
    'rates history SJC --format table',
    'rates history SJC --format chart',
    'rates history SJC --format csv',
    'rates history SJC --format json',
  ],
  'rates:import': ['rates import FOLDER/quotes.csv'],
  'rates:imports': ['rates imports'],
  'rates:imports:redo': ['rates imports redo 1'],
  'rates:imports:undo': ['rates imports undo 1'],
  'rates:providers': ['rates providers'],
  'rates:refresh': ['rates refresh'],
  'rates:remove': ['rates remove SJC --yes', 'rates remove SJC --dry-run'],
  'rates:show': ['rates show SJC', 'rates show SJC --in USD/ozt', 'rates show SJC --date 2021-12-27'],
  sum: ['sum 5'],
  users: ['users'],
};
/** What asks for nothing that could differ: `account whoami` after signing in, and answers of texts alone or nothing. */
const UNASKED: ReadonlySet<string> = new Set(['account:whoami', 'account:signout', 'daemon:reload', 'rates:refresh']);
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'below, in a process of their own': ['attach', 'shell'],
  'asks for a password, and prints what `account whoami` does': ['account:signin', 'account:signup'],
  'carries files: their lines are those of src/repl/transfers.ts and src/repl/listings.ts': [
    'files:allow',
    'files:fetch',
    'files:publish',
    'files:receive',
    'files:send',
    'files:share',
    'files:trust',
    'files:unpublish',
  ],
  'is about this machine alone': [
    'check',
    'config:check',
    'config:show',
    'daemon:logs',
    'daemon:restart',
    'daemon:start',
    'daemon:stop',
    'demo',
    'migrate',
    'repair',
    'restore',
  ],
};

describe('a malicious daemon', function () {
  this.timeout(60_000);
  let daemon: MaliciousDaemon;
  let home: HomeDirectory;
  let server: string;
  let cli: Config;
  let earlier: NodeJS.ProcessEnv;

  before(async () => {
    daemon = new MaliciousDaemon();
    home = await quietHome();
    cli = await cliConfig();
    server = await daemon.start();
    earlier = { ...process.env };
    Object.assign(process.env, { GOLDCTL_HOME: home.root, GOLDCTL_SERVER: server });
    await writeFile(join(home.root, 'accounts.txt'), 'yoda secret\n');
    await writeFile(join(home.root, 'quotes.csv'), 'date,instrument,buy,sell\n2021-12-27,SJC,61000000,61700000\n');
  });
  after(async () => {
    process.env = earlier;
    await daemon.stop();
    await rm(home.root, { recursive: true });
  });
  beforeEach(async () => {
    await new CredentialStore(home.credentialsFile).save(
      { server: serverId(parseTarget(server)), certificate: null },
      [],
      {
        name: 'yoda',
        token: 'kept',
      },
    );
    daemon.malice = 'fits';
    daemon.event = undefined;
    daemon.seed(1);
  });

  const said = async (line: string) => {
    const argv = line.split(' ').map((word) => word.replace('FOLDER', home.root));
    const { error, stdout, stderr } = await captureOutput(() => run(argv, cli), {
      testNodeEnv: 'production',
      stripAnsi: false,
    });
    return { error, stdout, stderr };
  };
  const isClean = (line: string, { stdout, stderr }: { stdout: string; stderr: string }) => {
    expect(stdout, `stdout of ${line}`).to.not.match(ORDERS);
    expect(stderr, `stderr of ${line}`).to.not.match(ORDERS);
  };

  it('is tried with every command', async () => {
    const { commands } = JSON.parse(await readFile(join(ROOT, 'oclif.manifest.json'), 'utf8')) as { commands: object };
    const named = [...Object.keys(LINES), ...Object.values(ELSEWHERE).flat()];
    expect(Object.keys(commands).filter((id) => id !== 'help')).to.have.members(named);
  });

  for (const [id, lines] of Object.entries(LINES)) {
    it(`gives a pipe no orders by \`goldctl ${id.replaceAll(':', ' ')}\``, async () => {
      for (const line of lines.flatMap((each) => [each, `${each} --json`])) {
        for (const seed of [1, 2, 3]) {
          daemon.seed(seed);
          isClean(line, await said(line));
        }
        for (const malice of ['refuses', 'differs'] as const satisfies readonly Malice[]) {
          daemon.malice = malice;
          const told = await said(line);
          isClean(line, told);
          if (malice === 'differs' && !UNASKED.has(id)) {
            expect(told.stdout + told.stderr, line).to.match(/violates the protocol|^Error: --json|"USAGE"/);
          }
        }
        daemon.malice = 'fits';
      }
    });
  }

  const SHELL = ['MARKET ALL', 'MARKET SJC', '2021-12-27 SJC', 'CHART SJC', 'PROVIDERS', 'RDM', 'ATU', 'SUM 5', 'LIST'];

  /** Everything that the program writes, to pipes. */
  const piped = (argv: readonly string[], input: string) =>
    new Promise<{ stdout: string; stderr: string; code: number | null }>((resolve, reject) => {
      const child = spawn(process.execPath, [PROGRAM, ...argv]);
      const texts = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
      child.on('error', reject).on('close', (code) => resolve({ ...texts, code }));
      child.stdin.on('error', () => {}).end(input);
    });

  it('gives a pipe no orders by the shell, whose lines are answered all the same', async () => {
    const told = await piped(['shell'], `${SHELL.join('\n')}\n-watch all\n`);
    isClean('shell', told);
    expect(told.stdout).to.include('owned');
  });

  it('ends the shell with one line, not a stack, by an event whose time is none', async () => {
    const [quote] = EXAMPLES['rates.get'].result.quotes;
    daemon.event = { method: 'quote', params: { seq: 1, quote: { ...quote, at: 1e300 } } };
    const told = await piped(['shell'], 'WATCH ALL\nMARKET ALL\n');
    expect(told.code).to.equal(1);
    expect(told.stdout + told.stderr).to.include('its event quote violates the protocol (/quote/at)');
    expect(told.stdout + told.stderr).to.not.match(/^\s+at .*:\d+:\d+/m);
  });

  for (const line of ['rates', 'rates providers', 'rates history SJC --format chart', 'forum topics', 'quit-all']) {
    it(`gives a terminal no orders by \`goldctl ${line}\``, async () => {
      const robot = new Robot({ args: line.split(' '), env: process.env, columns: 120, rows: 40 });
      await robot.exited;
      await robot.stop();
      expect(robot.raw.replace(OWN, '')).to.not.match(ORDERS);
    });
  }

  for (const line of ['shell', 'attach']) {
    it(`gives a terminal no orders by \`goldctl ${line}\``, async () => {
      const robot = new Robot({ args: [line], env: process.env, columns: 120, rows: 40 });
      try {
        await robot.see('owned', 30_000);
      } finally {
        await robot.stop();
      }
      expect(robot.raw.replace(OWN, '')).to.not.match(ORDERS);
    });
  }
});
