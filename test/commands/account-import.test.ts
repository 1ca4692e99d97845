import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { DaemonFixture, Said } from '../daemon-fixture.ts';
import { ForumClient, SUFFIX, startFor } from '../dialects/clients.ts';
import { PROGRAM } from '../root.ts';

/** Like the file of the legacy forum program: mostly two spaces, a tab, and Windows line ends. */
const CREDENTIALS = [
  'hans  jedi*knight',
  'yoda  wise@!man\r',
  'leia  alderaan-is gone',
  'luke  x,wing',
  'chewie  rrrr  aargh',
  'lando  cloud_city',
  'boba\tsl@ve1\r',
  'jabba hutt#1',
  'rey scavenger 7',
].join('\n');

const PASSWORDS: Readonly<Record<string, string>> = {
  hans: 'jedi*knight',
  yoda: 'wise@!man',
  leia: 'alderaan-is gone',
  luke: 'x,wing',
  chewie: 'rrrr  aargh',
  lando: 'cloud_city',
  boba: 'sl@ve1',
  jabba: 'hutt#1',
  rey: 'scavenger 7',
};
const MISREAD = ['hans', 'yoda', 'leia', 'luke', 'chewie', 'lando'];

describe('goldctl account import', () => {
  let daemon: DaemonFixture;
  let file: string;

  beforeEach(async () => {
    daemon = await startFor(['forum']);
    file = join(daemon.home.root, 'credentials.txt');
    await writeFile(file, CREDENTIALS);
  });

  afterEach(() => daemon.stop());

  /** Accounts as earlier versions read the file: one space was the separator, and a tab was none. */
  async function importMisread(names = MISREAD): Promise<void> {
    const owner = await daemon.connect();
    const misread = names.map((name) => ({ name, password: ` ${PASSWORDS[name]}` }));
    const others = ['jabba', 'rey'].map((name) => ({ name, password: PASSWORDS[name]! }));
    const { results } = await owner.call('account.import', { accounts: [...misread, ...others] });
    expect(new Set(results.map(({ outcome }) => outcome))).to.deep.equal(new Set(['created']));
  }

  /** With a legacy client, as by a user who types the password. */
  async function signInOld(name: string, password = PASSWORDS[name]): Promise<void> {
    const client = await ForumClient.open(daemon);
    expect(await client.signIn(name, password)).to.equal(`Welcome ${name}!${SUFFIX}`);
    client.wire.kill();
  }

  async function signIn(name: string, password: string): Promise<Said> {
    const env = { ...process.env, GOLDCTL_HOME: daemon.home.root, GOLDCTL_SERVER: '' };
    const child = spawn(process.execPath, [PROGRAM, 'account', 'signin', name, '--take-over', '--password-stdin'], {
      env,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    child.stdin.end(`${password}\n`);
    const [exit] = await once(child, 'close');
    return { exit, stdout, stderr };
  }

  it('imports the file of the legacy forum program, whose members sign in with legacy client and goldctl', async () => {
    const made = await daemon.run(['account', 'import', file]);
    expect(made).to.include({
      exit: 0,
      stderr: '',
      stdout: 'Accounts created: 9. Already existing: 0. Rejected: 0.\n',
    });
    for (const name of Object.keys(PASSWORDS)) await signInOld(name);
    expect(await signIn('hans', PASSWORDS.hans!)).to.include({ exit: 0, stderr: '' });
    expect(await signIn('boba', PASSWORDS.boba!)).to.include({ exit: 0, stderr: '' });
    expect(await signIn('yoda', ` ${PASSWORDS.yoda}`)).to.include({ exit: 1, stdout: '' });
  }).timeout(30_000);

  it('repairs what an earlier import misread, once, unless somebody has signed in', async () => {
    await importMisread();
    await signInOld('yoda', ` ${PASSWORDS.yoda}`);
    const leia = await daemon.connectAfar();
    await leia.signIn({ name: 'leia', password: ` ${PASSWORDS.leia}` });
    await leia.call('account.signOut', {});
    await daemon.restart();

    const repaired = ['hans', 'luke', 'chewie', 'lando'];
    const first = await daemon.run(['account', 'import', file]);
    expect(first).to.include({ exit: 0, stderr: '' });
    expect(first.stdout).to.equal(
      'Accounts created: 1. Repaired: 4. Already existing: 4. Rejected: 0.\n' +
        'Corrected passwords that an earlier import misread: hans, luke, chewie, lando.\n',
    );
    for (const name of [...repaired, 'boba', 'jabba', 'rey']) await signInOld(name);
    await signInOld('yoda', ` ${PASSWORDS.yoda}`);
    await signInOld('leia', ` ${PASSWORDS.leia}`);
    expect(await signIn('hans', PASSWORDS.hans!)).to.include({ exit: 0, stderr: '' });

    const again = await daemon.run(['account', 'import', file]);
    expect(again.stdout).to.equal('Accounts created: 0. Already existing: 9. Rejected: 0.\n');
  }).timeout(30_000);

  it('repairs nothing twice while nobody has signed in, and lists all repairs as JSON', async () => {
    await importMisread();
    const first = await daemon.run(['account', 'import', file, '--json']);
    expect(JSON.parse(first.stdout)).to.deep.equal({ created: 1, repaired: MISREAD, exists: 2, refused: [] });
    const again = await daemon.run(['account', 'import', file, '--json']);
    expect(JSON.parse(again.stdout)).to.deep.equal({ created: 0, repaired: [], exists: 9, refused: [] });
  });

  it('repairs columns of any width, and prints at most twenty names', async () => {
    const names = Array.from({ length: 23 }, (_, i) => `user${i}`);
    const owner = await daemon.connect();
    const accounts = names.map((name) => ({ name, password: `     secret of ${name}` }));
    await owner.call('account.import', { accounts });
    await writeFile(file, names.map((name) => `${name}      secret of ${name}\n`).join(''));
    const { stdout } = await daemon.run(['account', 'import', file]);
    expect(stdout).to.equal(
      'Accounts created: 0. Repaired: 23. Already existing: 0. Rejected: 0.\n' +
        `Corrected passwords that an earlier import misread: ${names.slice(0, 20).join(', ')} and 3 more.\n`,
    );
    await signInOld('user22', 'secret of user22');
  });

  it('repairs for the owner only', async () => {
    await importMisread();
    const member = await daemon.connectAfar();
    await member.signIn({ name: 'jabba', password: PASSWORDS.jabba! });
    const accounts = [{ name: 'hans', password: PASSWORDS.hans! }];
    const thrown = await member.call('account.import', { accounts }).catch((failure) => failure);
    expect(thrown).to.include({ code: 'NOT_ALLOWED' });
    await signInOld('hans', ` ${PASSWORDS.hans}`);
  });
});
