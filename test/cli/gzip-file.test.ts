import { execFile } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { writeGzipAtomic } from '../../src/cli/gzip-file.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../store/temporary.ts';

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

async function caught(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(thrown).to.be.instanceOf(AppError);
  return thrown;
}

describe('writePacked', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let file: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'room.backup');
  });
  afterEach(() => folder.remove());

  it('writes a file of its owner alone, and says how long it is', async () => {
    const bytes = await writeGzipAtomic(file, pieces('Giá ', 'vàng\n'), { force: false });
    const { mode, size } = await stat(file);
    expect(mode & 0o777).to.equal(0o600);
    expect(size).to.equal(bytes);
    expect(gunzipSync(await readFile(file)).toString()).to.equal('Giá vàng\n');
    expect(await readdir(folder.path)).to.deep.equal(['room.backup']);
  });

  it('goes over no file, unless it is told to', async () => {
    await writeFile(file, 'mine');
    expect((await caught(writeGzipAtomic(file, pieces('a'), { force: false }))).message).to.include('--force');
    expect(await readFile(file, 'utf8')).to.equal('mine');
    await writeGzipAtomic(file, pieces('a'), { force: true });
    expect(gunzipSync(await readFile(file)).toString()).to.equal('a');
  });

  it('goes over no file that came meanwhile', async () => {
    async function* slow(): AsyncGenerator<string> {
      yield 'a';
      await writeFile(file, 'mine');
    }
    expect((await caught(writeGzipAtomic(file, slow(), { force: false }))).message).to.include('already exists');
    expect(await readFile(file, 'utf8')).to.equal('mine');
    expect(await readdir(folder.path)).to.deep.equal(['room.backup']);
  });

  it('leaves nothing where the text breaks off, and where it is given up', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield 'x'.repeat(100_000);
      throw new AppError('CONNECTION_ENDED');
    }
    expect(await caught(writeGzipAtomic(file, broken(), { force: false }))).to.include({ code: 'CONNECTION_ENDED' });
    const giving = new AbortController();
    async function* endless(): AsyncGenerator<string> {
      for (let i = 0; ; i++) {
        yield `${i}\n`;
        if (i === 1000) giving.abort();
      }
    }
    const given = await caught(writeGzipAtomic(file, endless(), { force: false, signal: giving.signal }));
    expect(given.message).to.include('Canceled');
    expect(await readdir(folder.path)).to.deep.equal([]);
    const missing = await caught(writeGzipAtomic(join(folder.path, 'no', 'a'), pieces('a'), { force: false }));
    expect(missing.message).to.include('the folder does not exist');
  });

  it('leaves nothing where the disk is full, and says so', async function () {
    if (process.platform === 'win32') skip(this, 'files cannot be bounded here');
    const writer = fileURLToPath(new URL('packed-writer.js', import.meta.url));
    // 40 blocks of 512 bytes; the signal that would end the process is ignored, so that the write itself fails.
    const script = `trap '' XFSZ; ulimit -S -f 40; exec "$0" "$1" "$2"`;
    const said = await new Promise<string>((resolve) => {
      execFile('sh', ['-c', script, process.execPath, writer, file], (_, stdout) => resolve(stdout));
    });
    expect(said).to.match(/^INVALID_REQUEST .* cannot be written: the file is too large for the disk\.\n$/);
    expect(await readdir(folder.path)).to.deep.equal([]);
  });
});
