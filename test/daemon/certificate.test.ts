import { createHash, X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadOrCreateCertificate } from '../../src/daemon/certificate.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';

describe('certificate', () => {
  let home: HomeDirectory;
  let file: string;
  beforeEach(async () => {
    home = await resolveHome({ GOLDCTL_HOME: await mkdtemp(join(tmpdir(), 'goldctl-cert-')) });
    file = join(home.tlsFolder, 'daemon.pem');
  });
  afterEach(() => rm(home.root, { recursive: true }));

  it('is created once and kept', async () => {
    const made = await loadOrCreateCertificate(home);
    await chmod(file, 0o644);
    expect(await loadOrCreateCertificate(home)).to.deep.equal(made);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('is a P-256 certificate for localhost, valid for ten years', async () => {
    const { cert, fingerprint } = await loadOrCreateCertificate(home);
    const parsed = new X509Certificate(cert);
    expect(parsed.subject).to.equal('CN=goldctl');
    expect(parsed.checkHost('localhost')).to.equal('localhost');
    expect(parsed.verify(parsed.publicKey)).to.equal(true);
    expect(parsed.ca).to.equal(false);
    expect(parsed.publicKey.asymmetricKeyDetails).to.deep.equal({ namedCurve: 'prime256v1' });
    expect(new Date(parsed.validTo).getFullYear() - new Date(parsed.validFrom).getFullYear()).to.equal(10);
    expect(fingerprint).to.equal(createHash('sha256').update(parsed.raw).digest('hex'));
    expect(fingerprint).to.equal(parsed.fingerprint256.replaceAll(':', '').toLowerCase());
  });

  it('differs between homes', async () => {
    const other = await resolveHome({ GOLDCTL_HOME: join(home.root, 'other') });
    expect((await loadOrCreateCertificate(home)).fingerprint).to.not.equal(
      (await loadOrCreateCertificate(other)).fingerprint,
    );
  });

  it('throws for a damaged file with advice, and does not replace it', async () => {
    const { key, cert } = await loadOrCreateCertificate(home);
    const stranger = await loadOrCreateCertificate(await resolveHome({ GOLDCTL_HOME: join(home.root, 'other') }));
    for (const damaged of [
      '',
      key,
      cert,
      `${key}\n${cert.slice(0, 200)}`,
      `${key}\n${cert.replace('MII', 'AAA')}`,
      `${stranger.key}\n${cert}`,
    ]) {
      await writeFile(file, damaged);
      const thrown = await loadOrCreateCertificate(home).catch((error) => error);
      expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'CONFIG_INVALID' });
      expect(thrown.message).to.include(file).and.to.include('remove it');
      expect(await readFile(file, 'utf8')).to.equal(damaged);
    }
  });
});
