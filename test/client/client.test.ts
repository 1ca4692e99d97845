import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Client, type ConnectOptions } from '../../src/client/client.ts';
import { localTarget } from '../../src/client/target.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';
import { encodeNotification } from '../../src/protocol/jsonrpc.ts';
import { version } from '../../src/version.ts';
import { EXAMPLES } from '../protocol/examples.ts';
import { type Answer, failure, HELLO, Listener, result } from './listener.ts';

const SIGNED_IN = { status: 200, name: 'lan', role: 'member', token: 'token-1', seq: 9 };

describe('Client', () => {
  let folder: string;
  let home: HomeDirectory;
  let listener: Listener | undefined;
  let client: Client | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-client-'));
    home = await resolveHome({ GOLDCTL_HOME: folder });
  });

  afterEach(async () => {
    await client?.close();
    await listener?.stop();
    client = listener = undefined;
    await rm(folder, { recursive: true });
  });

  async function connect(answer?: Answer, options: Partial<ConnectOptions> = {}): Promise<Client> {
    listener = new Listener(answer);
    await listener.listen(home.controlSocket);
    client = await Client.connect({ target: localTarget(home), home, ...options });
    return client;
  }

  it('sends hello and calls methods', async () => {
    const { hello } = await connect((message) =>
      message.method === 'rates.list' ? result(message, { quotes: [] }) : undefined,
    );
    expect(hello).to.deep.equal(HELLO);
    expect(await client!.call('rates.list', { market: 'gold' })).to.deep.equal({ quotes: [] });
    expect(listener!.lines.map((message) => [message.method, message.params])).to.deep.equal([
      ['hello', { protocol: 1, client: `goldctl/${version()}` }],
      ['rates.list', { market: 'gold' }],
    ]);
  });

  it('assigns results to calls in any order', async () => {
    const held: string[] = [];
    await connect((message, socket) => {
      if (message.method !== 'forum.read') return undefined;
      held.unshift(result(message, { posts: [], seq: (message.params as { limit: number }).limit, more: false }));
      if (held.length === 3) socket.write(held.join(''));
      return '';
    });
    const answers = await Promise.all([1, 2, 3].map((limit) => client!.call('forum.read', { limit })));
    expect(answers.map((answer) => answer.seq)).to.deep.equal([1, 2, 3]);
  });

  it('throws errors of the daemon with their code, message and data', async () => {
    await connect((message) => {
      if (message.method === 'rates.get') {
        return failure(message, 417, 'There is no instrument SJK.', {
          reason: 'NOT_FOUND',
          nearest: 'SJC',
          deep: { a: 1 },
        });
      }
      return message.method === 'sum' ? failure(message, 599, 'Out of tune.', { reason: 'NEVER_HEARD_OF' }) : undefined;
    });
    const refused = await caught(client!.call('rates.get', { instrument: 'SJK' }));
    expect(refused).to.include({ code: 'NOT_FOUND', status: 417, message: 'There is no instrument SJK.' });
    expect(refused.data).to.deep.equal({ nearest: 'SJC' });
    expect(await caught(client!.call('sum', { name: 'lan', number: 1 }))).to.include({
      code: 'INTERNAL',
      message: 'Out of tune.',
    });
  });

  it('delivers events to listeners', async () => {
    const notice = encodeNotification('notice', { text: 'Xin chào' });
    await connect((message) =>
      message.method === 'watch' ? notice + result(message, { seq: 8 }) + notice : undefined,
    );
    const heard: string[] = [];
    const both = new Promise<void>((resolve) => {
      client!.on('notice', ({ text }) => {
        heard.push(text);
        if (heard.length === 2) resolve();
      });
    });
    const stop = client!.on('notice', () => heard.push('never'));
    stop();
    await client!.call('watch', {});
    await both;
    expect(heard).to.deep.equal(['Xin chào', 'Xin chào']);
  });

  it('answers ping, and refuses other requests of a daemon', async () => {
    let done!: () => void;
    const answered = new Promise<void>((resolve) => {
      done = resolve;
    });
    await connect((message) => {
      if (message.id === 'q' && message.error !== undefined) done();
      return undefined;
    });
    for (const socket of listener!.sockets) {
      socket.write('{"jsonrpc":"2.0","id":"p","method":"ping"}\n{"jsonrpc":"2.0","id":"q","method":"format.disk"}\n');
    }
    await answered;
    const [ping, other] = listener!.lines.slice(1);
    expect(ping).to.deep.equal({ jsonrpc: '2.0', id: 'p', result: { status: 203 } });
    expect(other!.error).to.include({ code: -32601 });
  });

  it('rejects pending calls when the connection is lost, with the reason of bye', async () => {
    await connect((message, socket) => {
      if (message.method !== 'rates.list') return undefined;
      socket.end(encodeNotification('bye', { status: 405, reason: 'The owner closed the room.', retryAfterMs: 500 }));
      return '';
    });
    const refused = await caught(client!.call('rates.list', {}));
    expect(refused.code).to.equal('CONNECTION_ENDED');
    expect(refused.message).to.equal('The server ended the connection: The owner closed the room.');
    expect(refused.data).to.deep.equal({ why: 'The owner closed the room.', retryAfterMs: 500 });
    expect(await client!.closed).to.equal(refused);
    expect(await caught(client!.call('rates.list', {}))).to.equal(refused);
  });

  it('ends the connection if the reply is not a valid line', async () => {
    await connect((message) => (message.method === 'rates.list' ? 'HTTP/1.1 400 Bad Request\n' : undefined));
    expect(await caught(client!.call('rates.list', {}))).to.include({ code: 'CONNECTION_ENDED' });
  });

  describe('ends the connection permanently, and names the invalid field, if the daemon sends', () => {
    const quote = EXAMPLES['rates.get'].result.quotes[0]!;
    for (const [what, method, value, place] of [
      ['a time that is none', 'rates.get', { quotes: [{ ...quote, at: 1e300 }] }, '/quotes/0/at'],
      ['a text for a price', 'rates.get', { quotes: [{ ...quote, sell: '\x1b[2J' }] }, '/quotes/0/sell'],
      [
        'a state that there is not',
        'rates.providers',
        { providers: [{ id: 'x', state: '\x07' }] },
        '/providers/0/state',
      ],
      ['no result', 'admin.quitAll', undefined, ''],
    ] as const) {
      it(`${what} in a result`, async () => {
        const isAsked = (message: { method?: string }) => message.method === method;
        await connect((message) => (isAsked(message) ? result(message, value ?? null) : undefined));
        const other = caught(client!.call('sum', { name: 'x', number: 1 }));
        const refused = await caught(client!.call(method, {} as never));
        expect(refused).to.include({ code: 'CONNECTION_ENDED' });
        expect(refused.data).to.deep.equal({ final: true });
        expect(refused.message).to.include(`its answer to ${method} violates the protocol`);
        if (place !== '') expect(refused.message).to.include(`(${place})`);
        expect(await client!.closed).to.equal(refused);
        expect(await other).to.equal(refused);
      });
    }

    it('an invalid event, and delivers it to nobody', async () => {
      await connect((message) => {
        if (message.method !== 'watch') return undefined;
        const event = (at: unknown) => encodeNotification('quote', { seq: 1, quote: { ...quote, at } });
        return result(message, { seq: 1 }) + event(1) + event(Number.MAX_SAFE_INTEGER) + event(2);
      });
      const told: number[] = [];
      client!.on('quote', (event) => told.push(event.quote.at));
      await client!.call('watch', { rates: true });
      const ended = await client!.closed;
      expect(ended?.message).to.include('its event quote violates the protocol (/quote/at)');
      expect(told).to.deep.equal([1]);
    });

    it('an invalid hello', async () => {
      const refused = await caught(
        connect((message) => (message.method === 'hello' ? result(message, { server: 'x' }) : '')),
      );
      expect(refused).to.include({ code: 'NO_DAEMON' });
    });
  });

  it('closes without an error', async () => {
    await connect();
    const waiting = caught(client!.call('rates.list', {}));
    await client!.close();
    expect(await client!.closed).to.equal(undefined);
    expect(await waiting).to.include({ code: 'CONNECTION_ENDED' });
  });

  it('gives up on a call without a reply', async () => {
    await connect(undefined, { callTimeoutMs: 20 });
    expect(await caught(client!.call('rates.list', {}))).to.include({ code: 'TOO_SLOW' });
  });

  it('reports that no daemon runs, and how to start one', async () => {
    const refused = await caught(Client.connect({ target: localTarget(home), home }));
    expect(refused).to.include({ code: 'NO_DAEMON', exit: 3 });
    expect(refused.message).to.include(home.controlSocket).and.to.include('goldctl daemon start');
  });

  it('reports that a daemon does not answer hello', async () => {
    const slow = await caught(connect(() => '', { timeoutMs: 50 }));
    expect(slow).to.include({ code: 'NO_DAEMON' });
    expect(slow.message).to.include('within 0.05 s');
    await listener!.stop();
    const cut = await caught(
      connect((_line, socket) => {
        socket.destroy();
        return '';
      }),
    );
    expect(cut).to.include({ code: 'NO_DAEMON' });
  });

  it('gives up on abort', async () => {
    const controller = new AbortController();
    const hangUp: Answer = () => {
      controller.abort();
      return '';
    };
    const attempt = caught(connect(hangUp, { signal: controller.signal }));
    expect(await attempt).to.include({ code: 'CONNECTION_ENDED' });
    expect(await caught(Client.connect({ target: localTarget(home), home, signal: AbortSignal.abort() }))).to.include({
      code: 'CONNECTION_ENDED',
    });
  });

  describe('saved sign-in', () => {
    const account: Answer = (message) => {
      if (message.method === 'account.signIn' || message.method === 'account.signUp') return result(message, SIGNED_IN);
      if (message.method === 'account.signOut') return result(message, {});
      if (message.method !== 'account.resume') return undefined;
      const { token } = message.params as { token: string };
      if (token === 'token-1') return result(message, SIGNED_IN);
      if (token === 'banned') return failure(message, 416, 'You were banned.', { reason: 'NOT_ALLOWED' });
      return failure(message, 407, 'The token is void.', { reason: 'NOT_SIGNED_IN' });
    };
    const stored = async () => JSON.parse(await readFile(home.credentialsFile, 'utf8'));

    it('stores the token, and no password, in a file with mode 0600', async () => {
      await connect(account);
      await client!.signIn({ name: 'lan', password: 'xoài cát' });
      expect(client).to.include({ name: 'lan', role: 'member' });
      expect(await stored()).to.deep.equal({ local: { name: 'lan', token: 'token-1' } });
      expect((await stat(home.credentialsFile)).mode & 0o777).to.equal(0o600);
    });

    it('is resumed, and forgotten at sign-out', async () => {
      await writeFile(
        home.credentialsFile,
        '{"tls://other:4000":{"certificate":"c","name":"x","token":"y"},"local":{"name":"lan","token":"token-1"}}',
      );
      await connect(account);
      expect(client).to.include({ name: 'lan', role: 'member' });
      await client!.signOut();
      expect(client).to.include({ name: null, role: null });
      expect(await stored()).to.deep.equal({ 'tls://other:4000': { certificate: 'c', name: 'x', token: 'y' } });
    });

    it('is ignored if its token is no longer valid', async () => {
      await writeFile(home.credentialsFile, '{"local":{"name":"lan","token":"old"}}');
      await connect((message, socket) =>
        message.method === 'forum.post'
          ? failure(message, 407, 'Sign in first.', { reason: 'NOT_SIGNED_IN' })
          : account(message, socket),
      );
      expect(client!.name).to.equal(null);
      expect(await stored()).to.deep.equal({});
      const refused = await caught(client!.call('forum.post', { text: 'hi' }));
      expect(refused).to.include({ code: 'NOT_SIGNED_IN' });
      expect(refused.message).to.include('goldctl account signin lan');
    });

    it('is kept if it is refused for another reason, which is reported', async () => {
      await writeFile(home.credentialsFile, '{"local":{"name":"lan","token":"banned"}}');
      await connect(account);
      expect(client!.resumeFailure).to.include({ code: 'NOT_ALLOWED', message: 'You were banned.' });
      expect(await stored()).to.have.property('local');
    });

    it('is not resumed on request', async () => {
      await writeFile(home.credentialsFile, '{"local":{"name":"lan","token":"token-1"}}');
      await connect(account, { resume: false });
      expect(client!.name).to.equal(null);
      expect(listener!.lines).to.have.length(1);
    });

    it('is reported if its file is damaged, without quoting it', async () => {
      await writeFile(home.credentialsFile, '{"local":{"name":"lan","token":"secret-token"');
      const refused = await caught(connect(account));
      expect(refused).to.include({ code: 'CONFIG_INVALID' });
      expect(`${refused.message} ${refused.cause ?? ''}`)
        .to.include(home.credentialsFile)
        .and.not.to.include('secret-token');
    });
  });
});

async function caught(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  }
  throw new Error('Expected an AppError.');
}
