import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DaemonFixture, type Said } from '../daemon-fixture.ts';
import { PROGRAM } from '../root.ts';

describe('goldctl account', () => {
  let daemon: DaemonFixture;

  before(async () => {
    daemon = await DaemonFixture.start();
  });

  after(() => daemon.stop());

  /** A separate process with standard input. */
  function spawned(argv: readonly string[], input: string, home = daemon.home.root): Promise<Said> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, GOLDCTL_HOME: home, GOLDCTL_SERVER: '' };
      const child = spawn(process.execPath, [PROGRAM, ...argv], { env });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk) => {
        stdout += String(chunk);
      });
      child.stderr.on('data', (chunk) => {
        stderr += String(chunk);
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ exit: code ?? -1, stdout, stderr }));
      child.stdin.end(input);
    });
  }

  it('creates the owner, who stays signed in until sign-out', async () => {
    expect(await daemon.run(['account', 'whoami'])).to.include({ exit: 1, stdout: '' });
    const made = await spawned(['account', 'signup', 'khtn', '--password-stdin'], 'daihoc tphcm\nnot this\n');
    expect(made.stdout).to.match(/^Created the account khtn and signed in\.\n.*the owner of this daemon/);
    expect(made).to.include({ exit: 0, stderr: '' });
    expect((await daemon.run(['account', 'whoami'])).stdout).to.equal('khtn, owner, at local\n');
    expect(JSON.parse((await daemon.run(['account', 'whoami', '--json'])).stdout)).to.deep.equal({
      name: 'khtn',
      role: 'owner',
      server: 'local',
    });
    expect((await daemon.run(['account', 'signout'])).stdout).to.equal('Signed out. Goodbye, khtn!\n');
    expect(await daemon.run(['account', 'whoami'])).to.include({ exit: 1 });
    expect(await daemon.run(['account', 'signout'])).to.include({ exit: 1 });
  });

  it('signs in, explains errors, and shows neither password nor token', async () => {
    const wrong = await spawned(['account', 'signin', 'khtn', '--password-stdin'], 'wrong pass\n');
    expect(wrong).to.include({ exit: 1, stdout: '' });
    expect(wrong.stderr).to.match(/password is wrong\. 2 attempts left/);
    const right = await spawned(['account', 'signin', 'khtn', '--password-stdin', '--json'], 'daihoc tphcm\r\n');
    expect(right).to.include({ exit: 0 });
    expect(JSON.parse(right.stdout)).to.have.all.keys('status', 'name', 'role', 'seq');
    expect(await spawned(['account', 'signin', 'khtn', '--password-stdin'], '')).to.include({ exit: 2 });
    expect(await spawned(['account', 'signin', 'khtn'], 'daihoc tphcm\n')).to.include({ exit: 2 });
  });

  it('imports the files of both older programs, in batches, and reports refused lines without passwords', async () => {
    const file = join(daemon.home.root, 'users.txt');
    const lines = Array.from({ length: 23 }, (_, i) => `user${i} secret ${i}`);
    await writeFile(file, `${lines.join('\r\n')}\nno/name secret99\nlonely\n`);
    const first = await daemon.run(['account', 'import', file]);
    expect(first.stdout).to.equal('Accounts created: 23. Already existing: 0. Rejected: 2.\n');
    expect(first.stderr).to.match(/^line 24: A name must be .*\nline 25: the name is not followed by a space\n$/);
    expect(first.exit).to.equal(1);
    expect(first.stdout + first.stderr).to.not.include('secret');

    const commas = join(daemon.home.root, 'user_management.txt');
    await writeFile(commas, 'user0,other\nkhtn2,daihoc tphcm\n');
    const second = await daemon.run(['account', 'import', commas, '--json']);
    expect(JSON.parse(second.stdout)).to.deep.equal({ created: 1, repaired: [], exists: 1, refused: [] });
    expect(second.exit).to.equal(0);
    const client = await daemon.connectAfar();
    expect(await client.signIn({ name: 'khtn2', password: 'daihoc tphcm' })).to.include({ name: 'khtn2' });
    await client.close();

    expect(await daemon.run(['account', 'import', join(daemon.home.root, 'nothing')])).to.include({ exit: 1 });
    const list = await daemon.run(['account', 'list']);
    expect(list.stdout)
      .to.match(/khtn +owner/)
      .and.to.match(/user22 +member/);
  }).timeout(30_000);

  it('changes roles, kicks, bans and unbans', async () => {
    expect((await daemon.run(['account', 'role', 'user1', 'moderator'])).stdout).to.equal('user1 is now moderator.\n');
    expect(await daemon.run(['account', 'role', 'user1', 'king'])).to.include({ exit: 2 });
    const client = await daemon.connectAfar();
    await client.signIn({ name: 'user2', password: 'secret 2' });
    expect((await daemon.run(['account', 'kick', 'user2', '--reason', 'rest'])).stdout).to.equal(
      'Connections of user2 closed: 1.\n',
    );
    expect((await client.closed)?.message).to.include('rest');
    expect((await daemon.run(['account', 'ban', 'user2'])).stdout).to.match(/^user2 is banned\./);
    expect((await daemon.run(['account', 'ban', 'user2', '--lift', '--json'])).stdout).to.include('"banned": false');
    expect(await daemon.run(['account', 'ban', 'nobody'])).to.include({ exit: 1 });
  });

  it('disconnects everybody, who can reconnect', async () => {
    const client = await daemon.connectAfar();
    expect((await daemon.run(['quit-all', '--reason', 'closing'])).stdout).to.match(/^Connections closed: \d+\./);
    expect((await client.closed)?.message).to.include('closing');
    await (await daemon.connectAfar()).close();
  });

  it('exits with 3 if no daemon runs', async () => {
    const home = await daemon.anotherHome();
    const none = await daemon.run(['rates', '--json'], { GOLDCTL_HOME: home.root });
    expect(none.exit).to.equal(3);
    expect(JSON.parse(none.stdout).error.code).to.equal('NO_DAEMON');
  });

  it('runs a script', async () => {
    const { exit, stdout, stderr } = await spawned(['shell'], 'SUM 25\nMARKT\n');
    expect(stdout).to.match(/Client Number: 25 \| Server Number: \d+ \| Sum: \d+\nInvalid command\. Please retry\./);
    expect(stderr).to.equal('1 of 2 lines failed: 2\n');
    expect(exit).to.equal(1);
  });
});
