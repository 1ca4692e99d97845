import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import { parseTarget } from '../../src/client/target.ts';
import { loadOrCreateCertificate, type TlsCertificate } from '../../src/daemon/certificate.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';
import { type Answer, failure, Listener } from './listener.ts';

describe('Client over TLS', () => {
  let folder: string;
  let home: HomeDirectory;
  let first: TlsCertificate;
  let second: TlsCertificate;
  let listener: Listener | undefined;
  let port: number;
  let told: string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-tls-'));
    first = await loadOrCreateCertificate(await resolveHome({ GOLDCTL_HOME: join(folder, 'one') }));
    second = await loadOrCreateCertificate(await resolveHome({ GOLDCTL_HOME: join(folder, 'two') }));
  });
  after(() => rm(folder, { recursive: true }));

  beforeEach(async () => {
    home = await resolveHome({ GOLDCTL_HOME: join(folder, 'client') });
    await home.ensureFolders();
    told = [];
  });
  afterEach(async () => {
    await listener?.stop();
    listener = undefined;
    await rm(home.root, { recursive: true });
  });

  async function serve({ key, cert }: TlsCertificate, answer?: Answer, maxVersion: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') {
    await listener?.stop();
    listener = new Listener(answer, { key, cert, minVersion: 'TLSv1.2', maxVersion });
    port = await listener.listen();
  }
  const connect = (prefix = '') =>
    Client.connect({
      target: parseTarget(`${prefix}127.0.0.1:${port}`),
      home,
      timeoutMs: 5000,
      onFirstUse: (fingerprint) => told.push(fingerprint),
    });
  const refused = async (attempt: Promise<Client>) => {
    const thrown = await attempt.then(
      () => undefined,
      (error) => error,
    );
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  };
  const pins = () => readFile(home.knownHostsFile, 'utf8').catch(() => '');

  it('stores the certificate at the first connection, and reports it', async () => {
    await serve(first);
    await (await connect()).close();
    expect(told).to.deep.equal([first.fingerprint]);
    expect(await pins()).to.equal(`127.0.0.1:${port} sha256:${first.fingerprint}\n`);
    expect((await stat(home.knownHostsFile)).mode & 0o777).to.equal(0o600);
    await (await connect()).close();
    expect(told).to.have.length(1);
  });

  it('refuses another certificate before it sends anything', async () => {
    await serve(second);
    await writeFile(
      home.knownHostsFile,
      `# mine\nother:4000 sha256:${second.fingerprint}\n127.0.0.1:${port} sha256:${first.fingerprint}\n`,
    );
    const { code, message, data } = await refused(connect());
    expect(code).to.equal('CERTIFICATE_CHANGED');
    expect(message)
      .to.include(first.fingerprint)
      .and.to.include(second.fingerprint)
      .and.to.include(`line 3 of ${home.knownHostsFile}`)
      .and.to.include('Ask the owner');
    expect(data).to.include({ known: first.fingerprint, presented: second.fingerprint, line: 3 });
    expect(listener!.lines).to.deep.equal([]);
    expect(told).to.deep.equal([]);
  });

  it('stores nothing if hello fails', async () => {
    await serve(first, (line) => failure(line, 503, 'The room is full.', { reason: 'NOT_AVAILABLE' }));
    expect(await refused(connect())).to.include({ code: 'NOT_AVAILABLE', message: 'The room is full.' });
    expect(await pins()).to.equal('');
  });

  it('keeps the other lines of the file', async () => {
    await serve(first);
    const before = '# mine\n\nother:4000 sha256:00\n';
    await writeFile(home.knownHostsFile, before);
    await (await connect()).close();
    expect(await pins()).to.equal(`${before}127.0.0.1:${port} sha256:${first.fingerprint}\n`);
  });

  it('does not connect if it cannot read a line', async () => {
    await serve(first);
    await writeFile(home.knownHostsFile, `127.0.0.1:${port} sha256:${first.fingerprint.slice(1)}\n`);
    expect(await refused(connect())).to.include({ code: 'CONFIG_INVALID' });
  });

  it('stores tokens by server', async () => {
    await serve(first, (line) =>
      line.method === 'account.resume' ? failure(line, 407, 'void', { reason: 'NOT_SIGNED_IN' }) : undefined,
    );
    const server = `tls://127.0.0.1:${port}`;
    const certificate = first.fingerprint;
    const kept = { local: { name: 'lan', token: 'a' }, [server]: { certificate, name: 'lan', token: 'b' } };
    await writeFile(home.credentialsFile, JSON.stringify(kept));
    await (await connect()).close();
    expect(listener!.lines.at(-1)!.params).to.deep.equal({ token: 'b' });
    expect(JSON.parse(await readFile(home.credentialsFile, 'utf8'))).to.deep.equal({
      local: kept.local,
      [server]: { certificate },
    });
  });

  it('explains an invalid address', async () => {
    await serve(first, undefined, 'TLSv1.2');
    expect((await refused(connect())).message).to.include('TLS 1.3');
    await listener!.stop();
    const nobody = await refused(connect());
    expect(nobody).to.include({ code: 'NO_DAEMON', exit: 3 });
    expect(nobody.message).to.include('connection refused');
  });

  it('uses clear text on loopback on request', async () => {
    listener = new Listener();
    port = await listener.listen();
    const client = await connect('tcp://');
    expect(client.hello.seq).to.equal(7);
    await client.close();
    expect(await pins()).to.equal('');
  });
});
