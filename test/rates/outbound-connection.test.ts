import { once } from 'node:events';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { HttpFetcher, type HttpFetcherSettings } from '../../src/rates/http-fetcher.ts';
import { createConnectionFactory } from '../../src/rates/outbound-connection.ts';
import { selfSigned } from './certificate.ts';
import { HttpServer, until } from './http-server.ts';
import { ProxyServer } from './proxy-server.ts';

const VARIABLES = ['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy'].flatMap((name) => [name, name.toUpperCase()]);
const BASIC = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const thrown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(thrown).to.be.instanceOf(AppError).with.property('code', 'NOT_AVAILABLE');
  return thrown as AppError;
}

/** Everything that a failure shows to users and in the log. */
function readable(failure: AppError): string {
  const cause = failure.cause as Error | undefined;
  return [failure.message, JSON.stringify(failure.data), failure.stack, cause?.stack, JSON.stringify(cause)].join('\n');
}

describe('connections through a proxy', () => {
  const before_ = new Map(VARIABLES.map((name) => [name, process.env[name]]));
  const fetchers: HttpFetcher[] = [];
  let proxy: ProxyServer;
  let server: HttpServer;
  let secure: https.Server;
  let asked: string[];
  let identity: ReturnType<typeof selfSigned>;

  before(async () => {
    identity = selfSigned();
    secure = https.createServer(identity, (request, response) => {
      asked.push(`${request.headers.host} ${request.url}`);
      if (request.url === '/away') response.writeHead(302, { Location: 'https://other.example/here' }).end();
      else if (request.url === '/plain') response.writeHead(302, { Location: 'http://rates.example/x' }).end();
      else response.end('secure');
    });
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
  });

  after(async () => {
    secure.close();
    secure.closeAllConnections();
    await once(secure, 'close');
  });

  beforeEach(async () => {
    for (const name of VARIABLES) delete process.env[name];
    asked = [];
    proxy = await ProxyServer.listen();
    server = await HttpServer.listen((_, response) => response.end('plain'));
    const port = (secure.address() as AddressInfo).port;
    proxy.known.set('rates.example:80', Number(server.host.split(':')[1]));
    for (const name of ['gold.example', 'other.example']) proxy.known.set(`${name}:443`, port);
    process.env.HTTP_PROXY = `http://${proxy.host}`;
    process.env.HTTPS_PROXY = `http://${proxy.host}`;
  });

  afterEach(async () => {
    for (const [name, value] of before_) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    for (const made of fetchers.splice(0)) made.stop();
    await proxy.close();
    await server.close();
  });

  function fetcher(settings: Partial<HttpFetcherSettings> = {}): HttpFetcher {
    const connect = createConnectionFactory({ ca: identity.cert, checkServerIdentity: () => undefined });
    const made = new HttpFetcher({ version: '1', connect, ...settings });
    fetchers.push(made);
    return made;
  }
  const bodyOf = async (url: string, made = fetcher()) => (await made.fetch({ url })).body;

  it('send http requests with the absolute URL, also for forms', async () => {
    const made = fetcher();
    expect(await bodyOf('http://rates.example/a?b=c', made)).to.equal('plain');
    await made.fetch({ url: 'http://rates.example/form', form: { a: 'Vàng & bạc' } });
    expect(proxy.asked).to.deep.equal(['GET http://rates.example/a?b=c', 'POST http://rates.example/form']);
    expect(server.seen.map(({ url, body }) => [url, body])).to.deep.equal([
      ['/a?b=c', ''],
      ['/form', 'a=V%C3%A0ng+%26+b%E1%BA%A1c'],
    ]);
    expect(server.seen[0]!.headers.host).to.equal('rates.example');
  });

  it('tunnel https, so that the proxy learns only the host', async () => {
    const made = fetcher();
    const headers = { authorization: 'Bearer hush' };
    expect((await made.fetch({ url: 'https://gold.example/a?key=hush', headers })).body).to.equal('secure');
    expect(proxy.asked).to.deep.equal(['CONNECT gold.example:443']);
    expect(Buffer.concat(proxy.heard).toString('latin1')).to.not.match(/hush|\/a/);
    expect(asked).to.deep.equal(['gold.example /a?key=hush']);
  });

  it('trust only the certificate of the host, not that of the proxy', async () => {
    const failure = await failureOf(
      bodyOf('https://gold.example/?key=hush', fetcher({ connect: createConnectionFactory() })),
    );
    expect(failure.message).to.match(/^The certificate of gold\.example cannot be trusted \(DEPTH_ZERO_SELF_SIGNED/);
    expect(readable(failure)).not.to.contain('hush');
    expect(asked).to.deep.equal([]);
  });

  it('never take a response of the proxy for one of the host', async () => {
    for (const status of ['203 Fine', '204 No Content', '302 Found', '407 Proxy Authentication Required', '500 Oh']) {
      proxy.answer = (socket) =>
        socket.end(`HTTP/1.1 ${status}\r\nLocation: https://other.example/\r\nContent-Length: 6\r\n\r\nforged`);
      const failure = await failureOf(bodyOf('https://gold.example/'));
      expect(failure.message, status).to.match(
        new RegExp(
          `^The proxy ${proxy.host} does not connect to gold.example: it responded with ${status.slice(0, 3)} `,
        ),
      );
    }
    expect(asked).to.deep.equal([]);
  });

  it('follow the rules for redirects: none to http, and each host by its own route', async () => {
    const failure = await failureOf(bodyOf('https://gold.example/plain'));
    expect(failure.message).to.contain('redirected from https to an unencrypted URL');
    expect(await bodyOf('https://gold.example/away')).to.equal('secure');
    expect(asked).to.deep.equal(['gold.example /plain', 'gold.example /away', 'other.example /here']);
    expect(proxy.asked.slice(-2)).to.deep.equal(['CONNECT gold.example:443', 'CONNECT other.example:443']);
    server.answer = ({ url }, response) => response.writeHead(302, { Location: `${url}0` }).end();
    expect((await failureOf(bodyOf('http://rates.example/1'))).message).to.contain('more than 3 times');
  });

  it('are limited in size and time, and leave no open connection', async () => {
    server.answer = (_, response) => response.end('x'.repeat(2000));
    const large = await failureOf(bodyOf('http://rates.example/', fetcher({ maxBytes: 1000 })));
    expect(large.message).to.contain('rates.example sent more than 1000 bytes');
    proxy.answer = () => {}; // no response to CONNECT
    const silent = await failureOf(bodyOf('https://gold.example/', fetcher({ timeoutMs: 100 })));
    expect(silent.message).to.contain('gold.example did not send a complete response within 100 ms');
    proxy.answer = (socket) => void socket.write('HTTP/1.1 200'); // the headers never end
    await failureOf(bodyOf('https://gold.example/', fetcher({ timeoutMs: 100 })));
    await until(() => proxy.open === 0);
  });

  describe('NO_PROXY', () => {
    it('lists hosts that are connected directly', async () => {
      for (const [value, direct] of [
        ['gold.example', true],
        ['GOLD.EXAMPLE', true],
        ['other.example, gold.example', true],
        ['.example', true],
        ['*.example', true],
        ['gold.example:443', true],
        ['gold.example:444', false],
        ['example', false],
        ['other.example', false],
        ['*', true],
        ['', false],
      ] as const) {
        for (const name of ['NO_PROXY', 'no_proxy']) {
          process.env[name] = value;
          const { proxy: used } = createConnectionFactory()(
            new URL('https://gold.example/'),
            new AbortController().signal,
          );
          expect(used === undefined, `${name}=${value}`).to.equal(direct);
          delete process.env[name];
        }
      }
    });

    it('is not needed for this machine', async () => {
      expect(await bodyOf(server.url)).to.equal('plain');
      expect(await bodyOf(server.url.replace('127.0.0.1', 'localhost'))).to.equal('plain');
      expect(proxy.asked).to.deep.equal([]);
      const way = (url: string) => createConnectionFactory()(new URL(url), new AbortController().signal).proxy?.host;
      expect(way('http://[::1]:1/')).to.equal(undefined);
      expect(way('http://127.9.9.9/')).to.equal(undefined);
      expect(way('http://127.example/')).to.equal(proxy.host);
      expect(way('http://10.0.0.1/')).to.equal(proxy.host);
    });
  });

  describe('the environment variables', () => {
    const way = (url: string) => createConnectionFactory()(new URL(url), new AbortController().signal).proxy;

    it('exist for http and https, lower case before upper case', () => {
      process.env.http_proxy = 'http://small.example:1';
      expect(way('http://rates.example/')).to.deep.equal({ host: 'small.example:1', variable: 'http_proxy' });
      expect(way('https://gold.example/')).to.deep.equal({ host: proxy.host, variable: 'HTTPS_PROXY' });
      delete process.env.HTTPS_PROXY;
      process.env.ALL_PROXY = 'socks5://socks.example:1';
      expect(way('https://gold.example/')).to.equal(undefined);
      process.env.HTTPS_PROXY = '';
      expect(way('https://gold.example/')).to.equal(undefined);
    });

    it('mean an http proxy if they have no scheme', async () => {
      process.env.HTTPS_PROXY = proxy.host;
      expect(await bodyOf('https://gold.example/')).to.equal('secure');
      process.env.HTTP_PROXY = proxy.host;
      expect(await bodyOf('http://rates.example/')).to.equal('plain');
    });

    it('are refused by name if their value is not a usable proxy', async () => {
      for (const value of ['socks5://me:hush@127.0.0.1:1', 'http://me:hush@', 'ftp://hush', 'me:hush@127.0.0.1:x']) {
        process.env.HTTPS_PROXY = value;
        const failure = await failureOf(bodyOf('https://gold.example/'));
        expect(failure.message, value).to.equal(
          'HTTPS_PROXY is not the URL of an http or https proxy. Example: "http://proxy.example:3128". Correct or unset it.',
        );
        expect(readable(failure)).not.to.contain('hush');
      }
    });
  });

  describe('a user name and a password', () => {
    const SECRETS = /hush|aHVzaA|me%40/;

    it('are sent to the proxy only', async () => {
      proxy.wanted = BASIC('me@home:hu:sh%');
      process.env.HTTPS_PROXY = process.env.HTTP_PROXY = `http://me%40home:hu%3Ash%25@${proxy.host}`;
      expect(await bodyOf('https://gold.example/')).to.equal('secure');
      expect(await bodyOf('http://rates.example/')).to.equal('plain');
      expect(proxy.credentials).to.deep.equal([proxy.wanted, proxy.wanted]);
      expect(JSON.stringify(server.seen)).to.not.match(/proxy-authorization/i);
      process.env.HTTP_PROXY = `http://a:50%@${proxy.host}`; // a literal %
      await failureOf(bodyOf('http://rates.example/'));
      expect(proxy.credentials.at(-1)).to.equal(BASIC('a:50%'));
    });

    it('are requested by a message if they are missing or wrong, and never shown', async () => {
      proxy.wanted = BASIC('me:other');
      for (const credentials of ['', 'me:hush@']) {
        process.env.HTTPS_PROXY = process.env.HTTP_PROXY = `http://${credentials}${proxy.host}`;
        const tunnel = await failureOf(bodyOf('https://gold.example/'));
        expect(tunnel.message).to.equal(
          `The proxy ${proxy.host} does not connect to gold.example: it responded with 407 Proxy Authentication Required; ` +
            'add its user name and password to HTTPS_PROXY.',
        );
        const plain = await failureOf(bodyOf('http://rates.example/'));
        expect(plain.message).to.contain('407 Proxy Authentication Required; a proxy requires a user name');
        for (const failure of [tunnel, plain]) expect(readable(failure)).to.not.match(SECRETS);
      }
    });

    it('are in no failure', async () => {
      const withPassword = (host: string) => {
        process.env.HTTPS_PROXY = process.env.HTTP_PROXY = `http://me:hush@${host}`;
      };
      withPassword(proxy.host);
      const answers: ((socket: net.Socket) => void)[] = [
        (socket) => socket.destroy(),
        (socket) => socket.end('SSH-2.0-x\r\n\r\n'),
        (socket) => socket.end('HTTP/1.1 200 OK\r\nno header\r\n\r\n'),
        (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nno TLS'),
        (socket) => socket.end(),
      ];
      for (const answer of answers) {
        proxy.answer = answer;
        const failure = await failureOf(bodyOf('https://gold.example/'));
        expect(failure.message).to.contain(`proxy ${proxy.host}`);
        expect(readable(failure)).to.not.match(SECRETS);
      }
      const { host } = proxy;
      await proxy.close();
      for (const url of ['https://gold.example/', 'http://rates.example/']) {
        const failure = await failureOf(bodyOf(url));
        const variable = url.startsWith('https') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
        expect(failure.message).to.equal(
          `The proxy ${host} cannot be reached (ECONNREFUSED); check ${variable} and the network.`,
        );
        expect(readable(failure)).to.not.match(SECRETS);
      }
    });
  });

  it('uses TLS to a proxy with an https address', async () => {
    const tunnels: string[] = [];
    const tlsProxy = https.createServer(identity);
    tlsProxy.on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const upstream = net.connect(proxy.known.get(request.url ?? '') ?? 0, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(upstream).pipe(socket);
      });
    });
    tlsProxy.listen(0, '127.0.0.1');
    await once(tlsProxy, 'listening');
    try {
      process.env.HTTPS_PROXY = `https://127.0.0.1:${(tlsProxy.address() as AddressInfo).port}`;
      expect(await bodyOf('https://gold.example/')).to.equal('secure');
      expect(tunnels).to.deep.equal(['gold.example:443']);
    } finally {
      tlsProxy.close();
      tlsProxy.closeAllConnections();
    }
  });
});
