import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client, type ConnectOptions, type ServerConfirmation } from '../../src/client/client.ts';
import { parseTarget } from '../../src/client/target.ts';
import { loadOrCreateCertificate, type TlsCertificate } from '../../src/daemon/certificate.ts';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';
import { type Answer, failure, Listener, result } from './listener.ts';

const TOKEN = 'token-of-lan';
const SIGNED_IN = { status: 200, name: 'lan', role: 'member', token: TOKEN, seq: 9 };

/** Accepts the token, like every daemon of a cluster. */
const room: Answer = (line) => {
  if (line.method === 'account.signOut') return result(line, {});
  return line.method?.startsWith('account.') ? result(line, SIGNED_IN) : undefined;
};
const otherRoom: Answer = (line) =>
  line.method === 'account.resume' ? failure(line, 407, 'The token is void.', { reason: 'NOT_SIGNED_IN' }) : undefined;

describe('a token and servers that it does not belong to', () => {
  let folder: string;
  let home: HomeDirectory;
  let first: TlsCertificate;
  let second: TlsCertificate;
  const listeners = new Set<Listener>();
  const clients = new Set<Client>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-first-use-'));
    first = await loadOrCreateCertificate(await resolveHome({ GOLDCTL_HOME: join(folder, 'one') }));
    second = await loadOrCreateCertificate(await resolveHome({ GOLDCTL_HOME: join(folder, 'two') }));
  });
  after(() => rm(folder, { recursive: true }));

  beforeEach(async () => {
    home = await resolveHome({ GOLDCTL_HOME: join(folder, 'client') });
    await home.ensureFolders();
  });
  afterEach(async () => {
    for (const client of clients) await client.close();
    for (const listener of listeners) await listener.stop();
    clients.clear();
    listeners.clear();
    await rm(home.root, { recursive: true });
  });

  async function serve(certificate?: TlsCertificate, port = 0, answer = room) {
    const tls = certificate && { key: certificate.key, cert: certificate.cert, minVersion: 'TLSv1.3' as const };
    const listener = new Listener(answer, tls);
    listeners.add(listener);
    const at = await listener.listen(port);
    const address = `${certificate ? '' : 'tcp://'}127.0.0.1:${at}`;
    const stop = async () => {
      listeners.delete(listener);
      await listener.stop();
    };
    return { listener, port: at, address, stop };
  }
  async function connect(servers: string, options: Partial<ConnectOptions> = {}): Promise<Client> {
    const client = await Client.connect({ target: parseTarget(servers), home, timeoutMs: 5000, ...options });
    clients.add(client);
    return client;
  }
  /** Signs in by password, which confirms the server. */
  async function signIn(servers: string): Promise<Client> {
    const client = await connect(servers, { resume: false });
    await client.signIn({ name: 'lan', password: 'xoài cát' });
    await client.close();
    return client;
  }
  const heard = ({ listener }: { listener: Listener }) => JSON.stringify(listener.lines).includes(TOKEN);

  it('is not sent to a server of another kind or with another certificate on the same port', async () => {
    const kinds = [undefined, first, second];
    for (const own of kinds) {
      for (const other of kinds) {
        await rm(home.knownHostsFile, { force: true }); // as after a warning about another certificate
        await rm(home.credentialsFile, { force: true });
        const right = await serve(own);
        await signIn(right.address);
        await right.stop();
        await rm(home.knownHostsFile, { force: true });
        const asked = await serve(other, right.port);
        const client = await connect(asked.address);
        const what = `kept for ${own?.fingerprint ?? 'tcp'}, asked ${other?.fingerprint ?? 'tcp'}`;
        expect(heard(asked), what).to.equal(own === other);
        expect(client.name, what).to.equal(own === other ? 'lan' : null);
        await client.close();
        await asked.stop();
      }
    }
  });

  it('is not sent to an unknown server of a list, nor to a known server without confirmation', async () => {
    for (const certificate of [undefined, second]) {
      const known = await serve(first);
      await signIn(known.address);
      await known.stop();
      const stranger = await serve(certificate);
      const servers = `${known.address},${stranger.address}`;
      for (const _ of ['the first time', 'and again']) {
        const client = await connect(servers);
        expect(client.name).to.equal(null);
        expect(client.resumeFailure).to.include({ code: 'NOT_SIGNED_IN' });
        expect(client.resumeFailure?.message)
          .to.include(`did not receive the sign-in of lan`)
          .and.to.include(`whoami --server ${stranger.address},${known.address}`);
        await client.close();
      }
      const refusing = await connect(servers, { confirmServer: async () => false });
      expect(refusing.name).to.equal(null);
      expect(heard(stranger)).to.equal(false);
    }
  });

  it('is sent to a confirmed server, once and for all later sign-ins; the confirmation has all details', async () => {
    const known = await serve(first);
    await signIn(known.address);
    await known.stop();
    const next = await serve(second);
    const servers = `${known.address},${next.address}`;
    const asked: ServerConfirmation[] = [];
    const confirmServer = async (confirmation: ServerConfirmation) => {
      expect(heard(next)).to.equal(false);
      asked.push(confirmation);
      return true;
    };
    expect(await connect(servers, { confirmServer })).to.include({ name: 'lan' });
    expect(asked).to.have.length(1);
    expect(asked[0]).to.include({ name: 'lan', fingerprint: second.fingerprint });
    expect(asked[0]!.server.key).to.equal(next.address);
    const again = await connect(servers);
    expect(again.name).to.equal('lan');
    await again.signOut();
    await serve(first, known.port);
    await signIn(known.address);
    await signIn(servers); // at the first one: the second one stays confirmed
    expect(await connect(next.address)).to.include({ name: 'lan' });
  });

  it('is sent to a server with the right certificate at another address', async () => {
    const known = await serve(first);
    await signIn(known.address);
    await known.stop();
    const same = await serve(first);
    expect(await connect(`${known.address},${same.address}`)).to.include({ name: 'lan' });
    expect(await connect(same.address)).to.include({ name: 'lan' });
  });

  it('is sent to a confirmed server further down the list instead of an unknown one', async () => {
    const [away, stranger, confirmed] = [await serve(first), await serve(second), await serve()];
    await signIn(away.address);
    await signIn(confirmed.address);
    await away.stop();
    const client = await connect([away, stranger, confirmed].map(({ address }) => address).join());
    expect(client).to.include({ name: 'lan' });
    expect(client.target.kind).to.equal('plain');
    expect(heard(stranger)).to.equal(false);
  });

  it('is sent to all servers of a list after a sign-in, if the user confirms', async () => {
    const [one, two, three, away] = [await serve(first), await serve(second), await serve(), await serve(first)];
    await away.stop();
    const servers = [one, two, three, away].map(({ address }) => address).join();
    const client = await connect(servers, { resume: false });
    await client.signIn({ name: 'lan', password: 'xoài cát' });
    const errors = await client.confirmFallbacks({ confirmServer: async ({ server }) => server.kind === 'tls' });
    expect(errors.map(({ code }) => code)).to.deep.equal(['NOT_SIGNED_IN', 'NO_DAEMON']);
    expect([heard(two), heard(three)]).to.deep.equal([true, false]);
    await one.stop();
    expect(await connect(servers)).to.include({ name: 'lan' });
  });

  it('is kept for other servers if one server refuses it', async () => {
    const [one, two] = [await serve(first), await serve(second, 0, otherRoom)];
    await signIn(one.address);
    const client = await connect(`${two.address},${one.address}`, { confirmServer: async () => true });
    expect(client.name).to.equal(null);
    expect(await connect(one.address)).to.include({ name: 'lan' });
  });

  it('of an earlier version without a server is never sent', async () => {
    const [tls, plain] = [await serve(first), await serve()];
    const old = Object.fromEntries(
      [tls, plain].map(({ port }) => [`127.0.0.1:${port}`, { name: 'lan', token: TOKEN }]),
    );
    await writeFile(home.credentialsFile, JSON.stringify(old));
    for (const server of [tls, plain]) {
      expect(await connect(server.address)).to.include({ name: null });
      expect(heard(server)).to.equal(false);
    }
    await signIn(plain.address);
    expect(Object.keys(JSON.parse(await readFile(home.credentialsFile, 'utf8')))).to.deep.equal([plain.address]);
  });
});
