import { createHash, X509Certificate } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { certificateFingerprint, loadIdentity } from '../../src/peer/identity.ts';
import { temporaryFolder } from '../store/temporary.ts';

describe('peer identity', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let file: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    file = join(folder.path, 'tls', 'peer.pem');
  });
  afterEach(() => folder.remove());

  it('is created once and kept, readable only by its owner', async () => {
    const made = await loadIdentity(file);
    await chmod(file, 0o644);
    expect(await loadIdentity(file)).to.deep.equal(made);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(await readdir(dirname(file))).to.deep.equal(['peer.pem']);
  });

  it('is an Ed25519 key in a self-signed certificate, identified by the key', async () => {
    const { cert, fingerprint } = await loadIdentity(file);
    const parsed = new X509Certificate(cert);
    expect(parsed.publicKey.asymmetricKeyType).to.equal('ed25519');
    expect(parsed.verify(parsed.publicKey)).to.equal(true);
    const spki = parsed.publicKey.export({ type: 'spki', format: 'der' });
    expect(fingerprint).to.equal(createHash('sha256').update(spki).digest('hex'));
    expect(certificateFingerprint(parsed)).to.equal(fingerprint);
  });

  it('is one key, even if created concurrently', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(file)));
    expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).to.equal(1);
    expect(await loadIdentity(file)).to.deep.equal(all[0]);
    expect(await readdir(dirname(file))).to.deep.equal(['peer.pem']);
  });

  it('is not replaced if its file is damaged: the error says so', async () => {
    const { key, cert } = await loadIdentity(file);
    const stranger = await loadIdentity(join(folder.path, 'other.pem'));
    for (const damaged of ['', key, cert, `${key}\n${cert.slice(0, 200)}`, `${stranger.key}\n${cert}`]) {
      await writeFile(file, damaged);
      const thrown = await loadIdentity(file).catch((error) => error);
      expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'CONFIG_INVALID' });
      expect(thrown.message).to.include(file);
      expect(await readFile(file, 'utf8')).to.equal(damaged);
    }
  });
});
