import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from './root.ts';

const SUITE = `
import { skip } from ${JSON.stringify(join(ROOT, 'dist/test/skip.js'))};
describe('suite', () => {
  it('passes', () => {});
  it('passes too', () => {});
  it('fails', () => { throw new Error('on purpose'); });
  let tries = 0;
  it('passes in the end', function () { this.retries(1); if (tries++ === 0) throw new Error('not yet'); });
  it('is left out', function () { skip(this, 'no moon'); });
  it('is not written');
});
describe('other', () => {
  before(function () { skip(this, 'no sun'); });
  it('is left out as well', () => { throw new Error('was run'); });
});
`;

describe('reporter', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-reporter-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('lists skipped tests with their reasons, and ends with the count', async () => {
    const file = join(folder, 'suite.test.mjs');
    await writeFile(file, SUITE);
    const args = ['--no-config', '--reporter', join(ROOT, 'test/reporter.cjs'), file];
    const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
      const mocha = join(ROOT, 'node_modules/mocha/bin/mocha.js');
      execFile(process.execPath, [mocha, ...args], { cwd: ROOT }, (error, stdout) =>
        resolve({ code: error?.code, stdout }),
      );
    });
    expect(stdout.split('\n').slice(-6)).to.deep.equal([
      'tried again: suite passes in the end (not yet)',
      'skipped: suite is left out (no moon)',
      'skipped: suite is not written (no reason given)',
      'skipped: other is left out as well (no sun)',
      '3 passed, 1 failed, 3 skipped',
      '',
    ]);
    expect(code).to.equal(1);
  });
});
