import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { LocalEngine } from '../../src/engine/local/engine.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import { findCorruption } from '../../src/store/corruption.ts';
import { Store } from '../../src/store/store.ts';
import { skip } from '../skip.ts';
import { memoryStore, temporaryFolder } from '../store/temporary.ts';
import { mountTmpfs } from './tmpfs.ts';

const WRITER = fileURLToPath(new URL('full-disk.js', import.meta.url));
const NOBODY = 65_534;

/** Makes fsync fail while the file GOLDCTL_TEST_FAULT exists. */
const SHIM = `
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int fault(void) {
  const char *file = getenv("GOLDCTL_TEST_FAULT");
  if (file == NULL || access(file, F_OK) != 0) return 0;
  errno = EIO;
  return -1;
}
int fsync(int fd) { (void)fd; return fault(); }
int fdatasync(int fd) { (void)fd; return fault(); }
`;

describe('a disk', function () {
  this.timeout(30_000);
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let data: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    data = join(folder.path, 'data');
    await mkdir(data);
  });

  afterEach(() => folder?.remove());

  /**
   * Runs the writer until several writes have failed, ends the fault and lets the writer finish; then every
   * acknowledged write must exist, and the read model must match its journal.
   */
  async function suffers(
    child: ChildProcess,
    { begin, lift }: { begin?: () => Promise<void>; lift: () => Promise<void> },
    at = data,
  ): Promise<void> {
    const said: string[] = [];
    let errors = '';
    child.stderr!.on('data', (text) => {
      errors += text;
    });
    let [begun, lifted] = [begin === undefined, false];
    for await (const line of createInterface({ input: child.stdout! })) {
      said.push(line);
      if (!begun && said.length === 10) {
        begun = true;
        await begin!();
      }
      if (!lifted && said.length > 30 && said.slice(-20).every((one) => one.startsWith('failed'))) {
        lifted = true;
        await lift();
        child.stdin!.write('lift\n');
      }
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode, errors).to.equal('SIGKILL');
    expect(said.filter((line) => line.startsWith('unread'))).to.deep.equal([]);
    expect(said.filter((line) => line === 'trouble' || line === 'recovered')).to.deep.equal(['trouble', 'recovered']);
    const refused = said.slice(said.indexOf('trouble') + 1, said.indexOf('recovered'));
    expect(new Set(refused)).to.deep.equal(new Set(['failed STORE_FAILED']));

    const acknowledged = said.filter((line) => line.startsWith('ack ')).map((line) => Number(line.slice(4)));
    expect(acknowledged).to.deep.equal([...new Set(acknowledged)].sort((a, b) => a - b));
    for await (const damage of findCorruption(at)) expect.fail(`damaged: ${JSON.stringify(damage)}`);
    const store = await Store.inFolder(at);
    const engine = new LocalEngine(store, new ReadModel(store));
    await engine.start();
    expect(engine.journal.head()).to.equal(acknowledged.at(-1));
    const fresh = memoryStore();
    await fresh.open();
    await rebuildStore(store, fresh);
    expect(await differingKeys(store, fresh)).to.deep.equal([]);
    await engine.stop();
  }

  const run = (command: string, args: string[], env: NodeJS.ProcessEnv = {}) =>
    spawn(command, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  const writer = (size: number, at = data) => [WRITER, at, String(size)];

  it('with a file size limit acknowledges only stored writes, and recovers', async function () {
    if (!has('prlimit')) skip(this, 'prlimit is not installed');
    // 200 blocks of 512 bytes; the signal that would end the process is ignored, so that the write itself fails.
    const script = `trap '' XFSZ; ulimit -S -f 200; exec "$0" "$@"`;
    const child = run('sh', ['-c', script, process.execPath, ...writer(1000)]);
    const lift = async () => void execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
    await suffers(child, { lift });
  });

  it('that is full is read, and written again once there is space', async function () {
    const disk = await mountTmpfs(this, 8);
    try {
      const ballast = join(disk.path, 'ballast');
      await writeFile(ballast, Buffer.alloc(6 * 1024 * 1024, 1));
      const at = join(disk.path, 'data');
      await suffers(run(process.execPath, writer(20_000, at)), { lift: () => rm(ballast) }, at);
    } finally {
      await disk.unmount();
    }
  });

  it('that fails to sync is trusted only after all data was synced again', async function () {
    if (process.platform !== 'linux' || !has('cc')) skip(this, 'needs a C compiler and LD_PRELOAD to make fsync fail');
    const [source, shim, fault] = ['shim.c', 'shim.so', 'fault'].map((name) => join(folder.path, name));
    await writeFile(source!, SHIM);
    execFileSync('cc', ['-shared', '-fPIC', '-o', shim!, source!]);
    const child = run(process.execPath, writer(1000), { LD_PRELOAD: shim!, GOLDCTL_TEST_FAULT: fault! });
    await suffers(child, { begin: () => writeFile(fault!, ''), lift: () => rm(fault!) });
  });

  it('that is read-only is read, and written again when possible', async function () {
    if (process.getuid?.() !== 0 || !has('setpriv'))
      skip(this, 'only root can switch to a user without write permission');
    await chown(folder.path, NOBODY, NOBODY);
    await chown(data, NOBODY, NOBODY);
    const as = ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups', process.execPath];
    const child = run('setpriv', [...as, ...writer(60_000)], { HOME: folder.path, TMPDIR: folder.path });
    // Open files stay open: the error occurs when LevelDB creates its next file.
    await suffers(child, { begin: () => chmod(data, 0o555), lift: () => chmod(data, 0o755) });
  });
});

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
