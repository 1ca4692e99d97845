import { lstat, mkdir, readdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openFileOutput } from '../../src/cli/export-output.ts';
import { writeGzipAtomic } from '../../src/cli/gzip-file.ts';
import { RejectedLines } from '../../src/cli/rejected-lines.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../store/temporary.ts';

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

/** Every way in which a command writes a file that the user names; `between` runs while it is being written. */
const WRITERS: Readonly<
  Record<string, (path: string, force: boolean, between?: () => Promise<void>) => Promise<unknown>>
> = {
  'an export': async (path, force, between = async () => {}) => {
    const output = await openFileOutput(path, { force });
    try {
      await output.write(safeText`text`);
      await between();
      await output.commit();
    } catch (thrown) {
      await output.abandon();
      throw thrown;
    }
  },
  'a backup': (path, force, between = async () => {}) =>
    writeGzipAtomic(
      path,
      (async function* () {
        yield* once('text');
        await between();
      })(),
      { force },
    ),
  'refused lines': async (path, _force, between = async () => {}) => {
    const refused = await RejectedLines.open(path);
    refused.add(1, 'text');
    await between();
    await refused.close();
  },
};

async function caught(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(thrown).to.be.instanceOf(AppError);
  return thrown;
}

describe('files that commands write', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let file: string;
  let umask: number;

  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'mine');
    umask = process.umask(0o022);
  });
  afterEach(async () => {
    process.umask(umask);
    await folder.remove();
  });

  for (const [name, write] of Object.entries(WRITERS)) {
    const replaces = name !== 'refused lines';

    describe(name, () => {
      it('is a file of its owner alone from its first byte on', async function () {
        if (process.platform === 'win32') skip(this, 'Windows has no such modes');
        const modes: string[] = [];
        const look = async () => {
          for (const entry of await readdir(folder.path)) {
            modes.push(((await lstat(join(folder.path, entry))).mode & 0o777).toString(8));
          }
        };
        await write(file, false, look);
        await look();
        expect(modes).to.deep.equal(['600', '600']);
        expect(await readdir(folder.path)).to.deep.equal(['mine']);
      });

      it('follows no link, whatever name it is planted under', async function () {
        if (process.platform === 'win32') skip(this, 'links need a right there');
        const victim = join(folder.path, 'victim');
        await writeFile(victim, 'precious');
        for (const planted of [
          `${file}.part`,
          `${file}.tmp`,
          join(folder.path, '.mine'),
          join(folder.path, '.mine.part'),
        ])
          await symlink(victim, planted);
        await write(file, false);
        expect(await readFile(victim, 'utf8')).to.equal('precious');
        expect((await lstat(file)).isFile()).to.equal(true);
        await symlink(victim, `${file}2`);
        const before = await readlink(`${file}2`);
        expect((await caught(write(`${file}2`, false))).message).to.include('already exists');
        expect(await readlink(`${file}2`)).to.equal(before);
        if (replaces) await write(`${file}2`, true); // the link gives way, what it leads to stays
        expect(await readFile(victim, 'utf8')).to.equal('precious');
      });

      it('goes nowhere else when its folder is replaced by a link meanwhile', async function () {
        if (process.platform === 'win32') skip(this, 'links need a right there');
        const [own, moved, foreign] = ['own', 'moved', 'foreign'].map((each) => join(folder.path, each)) as [
          string,
          string,
          string,
        ];
        await mkdir(own);
        await mkdir(foreign);
        const swap = async () => {
          // Whoever plants the link also plants what would be moved.
          for (const entry of await readdir(own)) await writeFile(join(foreign, entry), 'planted');
          await rename(own, moved);
          await symlink(foreign, own);
        };
        await caught(write(join(own, 'mine'), false, swap));
        expect(await readdir(foreign)).to.not.include('mine');
        expect(await readdir(moved)).to.deep.equal(process.platform === 'linux' ? [] : await readdir(moved));
      });

      it('replaces nothing but a file', async function () {
        if (process.platform === 'win32') skip(this, 'links need a right there');
        if (!replaces) return; // it is never over a file
        await mkdir(file);
        expect((await caught(write(file, true))).message).to.include('is not a regular file');
        await symlink('/dev/null', `${file}2`);
        expect((await caught(write(`${file}2`, true))).message).to.include('is not a regular file');
        expect((await lstat(`${file}2`)).isSymbolicLink()).to.equal(true);
      });

      it('has no part of its name in what it writes first: long names can be written', async () => {
        await write(join(folder.path, 'n'.repeat(255)), false);
        expect((await readdir(folder.path))[0]).to.have.length(255);
      });
    });
  }
});
