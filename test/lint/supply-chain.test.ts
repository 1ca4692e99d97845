import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../root.ts';
import { ACCEPTED, type Lock, licences, licencesPage, nameOf } from './licences.ts';

const read = (file: string) => readFile(join(ROOT, file), 'utf8');

/** Packages that may run an install script: those that download or build native code. */
const SCRIPTS = {
  installed: ['classic-level'],
  development: [],
};

describe('dependencies', () => {
  let lock: Lock;
  before(async () => {
    lock = JSON.parse(await read('package-lock.json')).packages;
  });

  it('are pinned by their contents, and come from the configured registry', () => {
    const packages = Object.entries(lock).filter(([path]) => path !== '');
    expect(packages).to.not.deep.equal([]);
    for (const [path, { integrity, resolved }] of packages) {
      expect(integrity, path).to.match(/^sha512-/);
      expect(resolved, path).to.equal(undefined);
    }
  });

  it('run no install script, except native modules', () => {
    const withScript = Object.entries(lock).filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = (dev: boolean) =>
      withScript.filter(([, one]) => (one.dev ?? false) === dev).map(([at]) => nameOf(at));
    expect(names(false)).to.have.members(SCRIPTS.installed);
    expect(names(true)).to.have.members(SCRIPTS.development);
  });

  it('have accepted licences, as listed in docs/licences.md', async () => {
    for (const [licence, packages] of licences(lock)) expect(ACCEPTED, `${packages}`).to.include(licence);
    expect(licences(lock).get('none stated'), 'no further package without a licence').to.deep.equal(['buffers 0.1.1']);
    expect(await read('docs/licences.md'), '`npm run docs` writes it').to.equal(licencesPage(lock));
  });

  it('have a note for every override', async () => {
    const { overrides } = JSON.parse(await read('package.json')) as { overrides: Record<string, string> };
    const notes = /## Supply chain\n(.*?)\n## /s.exec(await read('SECURITY.md'))![1]!;
    for (const name of Object.keys(overrides)) expect(notes).to.include(`\`${name}\``);
  });
});
