import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { type ImportInput, openImportInput } from '../../src/cli/import-input.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { skip } from '../skip.ts';

async function content(input: ImportInput): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function refusal(does: Promise<unknown>): Promise<AppError> {
  try {
    await does;
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  }
  throw new Error('nothing was refused');
}

describe('input of a command', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const bytes = Buffer.from('gold\n'.repeat(60_000));

  it('can be read twice, a part of it and then all', async () => {
    const file = join(folder, 'a.csv');
    await writeFile(file, bytes);
    for (const packed of [false, true]) {
      if (packed) await writeFile(file, gzipSync(bytes));
      const input = await openImportInput(file);
      expect(input.head.equals(bytes.subarray(0, 64 * 1024))).to.equal(true);
      for await (const _ of input.read()) break;
      expect((await content(input)).equals(bytes)).to.equal(true);
      expect((await content(input)).equals(bytes)).to.equal(true);
      await input.close();
    }
  });

  it('is kept in a private file without a name where it is a stream', async () => {
    const spools = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('goldctl-import-'));
    const before = await spools();
    const input = await openImportInput('-', Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]));
    expect(await spools()).to.deep.equal(before);
    expect((await content(input)).equals(bytes)).to.equal(true);
    expect((await content(input)).equals(bytes)).to.equal(true);
    await input.close();
  });

  it('is kept in a file where it is a pipe with a name', async function () {
    if (process.platform === 'win32') skip(this, 'there are no named pipes');
    const pipe = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const writing = writeFile(pipe, bytes);
    const input = await openImportInput(pipe);
    await writing;
    for (const _ of [1, 2]) expect((await content(input)).equals(bytes)).to.equal(true);
    await input.close();
  });

  it('is bounded as a stream, and unpacked', async () => {
    const stream = await refusal(openImportInput('-', Readable.from([bytes]), 100_000));
    expect(stream.code).to.equal('TOO_LARGE');
    expect(stream.message).to.equal('Standard input is larger than 100000 bytes. Save it as a file first.');
    const file = join(folder, 'bomb.gz');
    await writeFile(file, gzipSync(Buffer.alloc(10_000_000)));
    const input = await openImportInput(file, undefined, 100_000);
    expect((await refusal(content(input))).code).to.equal('TOO_LARGE');
    await input.close();
  });

  it('is refused where it is damaged, missing, a folder, or changes meanwhile', async () => {
    const file = join(folder, 'a.gz');
    await writeFile(file, gzipSync(bytes).subarray(0, 200));
    const damaged = await openImportInput(file);
    expect((await refusal(content(damaged))).message).to.contain('corrupt or truncated');
    await damaged.close();
    expect((await refusal(openImportInput(join(folder, 'none')))).message).to.contain('it does not exist');
    expect((await refusal(openImportInput(folder))).message).to.contain('it is a folder');
    await writeFile(file, 'date,price\n');
    const input = await openImportInput(file);
    await appendFile(file, '2024-01-02,1\n');
    expect((await refusal(content(input))).message).to.contain('changed while it was being read');
    await input.close();
  });
});
