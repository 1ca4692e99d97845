import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { TrustStore } from '../../src/peer/trust-store.ts';

const KEY = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

describe('TrustStore', () => {
  let folder: string;
  let file: string;
  let met: string[];
  const open = (server = 'local') => new TrustStore(file, server, (member, key) => met.push(`${member} ${key}`));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    file = join(folder, 'deep', 'peers.json');
    met = [];
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('stores the first key of a member and reports it once', async () => {
    await open().verifyKey('Yoda', KEY);
    await open().verifyKey('yoda', KEY);
    expect(met).to.deep.equal([`Yoda ${KEY}`]);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('refuses another key, and names the command that accepts it', async () => {
    await open().verifyKey('Yoda', KEY);
    const refused = await failure(open().verifyKey('YODA', OTHER));
    expect(refused.code).to.equal('NOT_ALLOWED');
    expect(refused.message).to.contain(KEY).and.contain(`goldctl files trust YODA ${OTHER}`);
    await open().verifyKey('Yoda', KEY);
  });

  it('accepts another key beside the first after a confirmation', async () => {
    await open().verifyKey('Yoda', KEY);
    await open().addKey('Yoda', OTHER.toUpperCase());
    await open().verifyKey('Yoda', OTHER);
    await open().verifyKey('Yoda', KEY);
    expect((await failure(open().addKey('Yoda', 'ab'))).code).to.equal('INVALID_PARAMS');
  });

  it('separates the members of each daemon', async () => {
    await open('one:4000').verifyKey('Yoda', KEY);
    await open('two:4000').verifyKey('Yoda', OTHER);
    await open('one:4000').setAutoAccept('Yoda', 10);
    expect(await open('two:4000').autoAccepts('Yoda', 1)).to.equal(false);
  });

  it('accepts what a rule covers without asking', async () => {
    const trust = open();
    expect(await trust.autoAccepts('Yoda', 0)).to.equal(false);
    await trust.setAutoAccept('Yoda', 100);
    expect(await trust.autoAccepts('yoda', 100)).to.equal(true);
    expect(await trust.autoAccepts('Yoda', 101)).to.equal(false);
    await trust.setAutoAccept('Yoda', null);
    expect(await trust.autoAccepts('Yoda', 1)).to.equal(false);
  });

  it('accepts names of Object.prototype properties', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      await open().verifyKey(name, KEY);
      expect((await failure(open().verifyKey(name, OTHER))).code).to.equal('NOT_ALLOWED');
    }
  });

  it('loses no change of several concurrent ones', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => open().verifyKey(`member-${i}`, KEY)));
    const kept = JSON.parse(await readFile(file, 'utf8')) as { local: object };
    expect(Object.keys(kept.local)).to.have.length(20);
  });

  it('continues after a process that died with the lock', async () => {
    await open().verifyKey('Yoda', KEY);
    await writeFile(`${file}.lock`, '');
    await utimes(`${file}.lock`, 0, 0);
    await open().setAutoAccept('Yoda', 1);
    expect(await open().autoAccepts('Yoda', 1)).to.equal(true);
  });

  it('reports a damaged file, and trusts nobody', async () => {
    await open().verifyKey('Yoda', KEY);
    for (const text of ['{', '[]', '{"local": 1}', '{"local": {"yoda": {"keys": ["x"]}}}']) {
      await writeFile(file, text);
      expect((await failure(open().verifyKey('Yoda', KEY))).code, text).to.equal('CONFIG_INVALID');
    }
  });
});

async function failure(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    return AppError.from(thrown);
  }
  throw new Error('Expected an AppError.');
}
