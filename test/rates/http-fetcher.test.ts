import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type LookupFunction } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { type FetchedBody, HttpFetcher, type HttpFetcherSettings } from '../../src/rates/http-fetcher.ts';
import { createConnectionFactory } from '../../src/rates/outbound-connection.ts';
import { RedirectGuard } from '../../src/rates/redirect-guard.ts';
import { selfSigned } from './certificate.ts';
import { type Answer, HttpServer, until } from './http-server.ts';

const ok: Answer = (_, response) => response.end('ok');

/** Everything visible of a failure: its message, its data, and the causes in the log. */
function readable(failure: AppError): string {
  const cause = failure.cause as Error | undefined;
  return [failure.message, JSON.stringify(failure.data), failure.stack, cause?.stack, JSON.stringify(cause)].join('\n');
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    expect((thrown as AppError).code).to.equal('NOT_AVAILABLE');
    return thrown as AppError;
  }
  throw new Error('expected a failure');
}

describe('HttpFetcher', () => {
  const servers: HttpServer[] = [];
  const fetchers: HttpFetcher[] = [];

  async function serve(answer: Answer = ok): Promise<HttpServer> {
    const server = await HttpServer.listen(answer);
    servers.push(server);
    return server;
  }

  function fetcher(settings: Partial<HttpFetcherSettings> = {}): HttpFetcher {
    const made = new HttpFetcher({ version: '1.2.3', ...settings });
    fetchers.push(made);
    return made;
  }

  /** The body of a response. */
  const bodyOf = async (fetched: Promise<FetchedBody>) => (await fetched).body;

  afterEach(async () => {
    for (const made of fetchers.splice(0)) made.stop();
    for (const server of servers.splice(0)) await server.close();
  });

  describe('requests', () => {
    it('use GET, with the User-Agent of goldctl unless the request has one', async () => {
      const server = await serve();
      const made = fetcher();
      expect(await bodyOf(made.fetch({ url: `${server.url}/a?b=c` }))).to.equal('ok');
      await made.fetch({ url: server.url, headers: { 'user-agent': 'Mozilla/5.0', 'x-market': 'mihong' } });
      expect(server.seen[0]).to.include({ method: 'GET', url: '/a?b=c' });
      expect(server.seen[0]!.headers).to.include({ 'user-agent': 'goldctl/1.2.3' });
      expect(server.seen[1]!.headers).to.include({ 'user-agent': 'Mozilla/5.0', 'x-market': 'mihong' });
    });

    it('post forms', async () => {
      const server = await serve();
      await fetcher().fetch({ url: server.url, form: { method: 'GetSJCGoldPriceByDate', toDate: '02/01/2016' } });
      expect(server.seen[0]).to.include({ method: 'POST', body: 'method=GetSJCGoldPriceByDate&toDate=02%2F01%2F2016' });
      expect(server.seen[0]!.headers['content-type']).to.match(/^application\/x-www-form-urlencoded/);
    });

    it('refuse invalid and forbidden URLs, and never show them', async () => {
      for (const url of [
        '',
        'nonsense secret',
        'ftp://a/secret',
        'file:///etc/secret',
        'http://me:secret@127.0.0.1/',
      ]) {
        const failure = await failureOf(fetcher().fetch({ url }));
        expect(failure.message).to.contain('config.json');
        expect(readable(failure)).not.to.contain('secret');
      }
    });

    it('refuse an invalid header without showing it', async () => {
      const failure = await failureOf(fetcher().fetch({ url: 'http://127.0.0.1:1/', headers: { key: 'sec\nret' } }));
      expect(failure.message).to.contain('invalid characters');
      expect(readable(failure)).not.to.contain('sec\nret');
    });
  });

  describe('the queue of a host', () => {
    it('has one active request at a time', async () => {
      const server = await serve((_, response) => void setTimeout(() => response.end('ok'), 10));
      const made = fetcher();
      const bodies = await Promise.all([1, 2, 3, 4, 5].map((n) => bodyOf(made.fetch({ url: `${server.url}/${n}` }))));
      expect(bodies).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'ok']);
      expect(server.mostOpen).to.equal(1);
      expect(server.seen.map(({ url }) => url)).to.deep.equal(['/1', '/2', '/3', '/4', '/5']);
    });

    it('does not delay other hosts', async () => {
      const [slow, quick] = [await serve(() => {}), await serve()];
      const made = fetcher();
      const stuck = bodyOf(made.fetch({ url: slow.url })).catch(() => 'called off');
      expect(await bodyOf(made.fetch({ url: quick.url }))).to.equal('ok');
      made.stop();
      expect(await stuck).to.equal('called off');
    });

    it('uses the longest requested interval', async () => {
      const server = await serve();
      const made = fetcher();
      const begun = performance.now();
      made.setMinInterval(server.url, 40);
      made.setMinInterval(server.url, 5);
      await Promise.all([1, 2, 3].map(() => made.fetch({ url: server.url }, { minIntervalMs: 10 })));
      await made.fetch({ url: server.url }, { minIntervalMs: 90 });
      // Relative to the start: a request sent on time may arrive late, but never early.
      const seen = server.seen.map(({ at }) => at - begun);
      expect(seen[1]).to.be.greaterThan(38);
      expect(seen[2]).to.be.greaterThan(77);
      expect(seen[3]).to.be.greaterThan(166);
    });

    it('orders requests by priority', async () => {
      const server = await serve();
      const made = fetcher();
      await Promise.all([
        made.fetch({ url: `${server.url}/first` }),
        made.fetch({ url: `${server.url}/past` }, { priority: -1 }),
        made.fetch({ url: `${server.url}/live` }),
      ]);
      expect(server.seen.map(({ url }) => url)).to.deep.equal(['/first', '/live', '/past']);
    });

    it('is limited', async () => {
      const server = await serve(() => {});
      const made = fetcher({ maxWaiting: 2 });
      const waiting = [1, 2, 3].map(() => failureOf(made.fetch({ url: server.url })));
      const failure = await failureOf(made.fetch({ url: server.url }));
      expect(failure.message).to.equal(
        `2 requests are already waiting for ${server.host}; this one was rejected. Increase the interval of its providers.`,
      );
      made.stop();
      await Promise.all(waiting);
      expect(server.seen.length).to.be.lessThan(2);
    });
  });

  describe('conditional requests', () => {
    for (const [header, value, question] of [
      ['ETag', '"v1"', 'if-none-match'],
      ['Last-Modified', 'Thu, 01 Jan 2026 00:00:00 GMT', 'if-modified-since'],
    ] as const) {
      it(`return the cached body for a 304 (${header})`, async () => {
        let body = 'one';
        const server = await serve(({ headers }, response) => {
          if (headers[question] === value && body === 'one') return response.writeHead(304).end();
          response.setHeader(header, value).end(body);
        });
        const made = fetcher();
        const url = `${server.url}/rates?key=1`;
        expect([await bodyOf(made.fetch({ url })), await bodyOf(made.fetch({ url }))]).to.deep.equal(['one', 'one']);
        expect(server.seen[0]!.headers).not.to.have.property(question);
        expect(server.seen[1]!.headers).to.have.property(question, value);
        body = 'two';
        expect(await bodyOf(made.fetch({ url }))).to.equal('two');
      });
    }

    it('are sent for the same URL only, never for forms, nor for uncacheable requests', async () => {
      const server = await serve((_, response) => response.setHeader('ETag', '"v1"').end('ok'));
      const made = fetcher();
      await made.fetch({ url: `${server.url}/a` });
      await made.fetch({ url: `${server.url}/b` });
      for (let n = 0; n < 2; n++) await made.fetch({ url: `${server.url}/a`, form: { n: '1' } });
      for (let n = 0; n < 2; n++) await made.fetch({ url: `${server.url}/c` }, { isCacheable: false });
      expect(server.seen.filter(({ headers }) => 'if-none-match' in headers)).to.deep.equal([]);
    });

    it('throw for an unexpected 304', async () => {
      const server = await serve((_, response) => response.writeHead(304).end());
      expect((await failureOf(fetcher().fetch({ url: server.url }))).message).to.contain('304 Not Modified');
    });
  });

  describe('error responses', () => {
    it('become a message with the host and the fix', async () => {
      const server = await serve((_, response) => response.writeHead(403, 'Secret reason').end('x'.repeat(100_000)));
      const failure = await failureOf(fetcher().fetch({ url: `${server.url}/a?key=hush` }));
      expect(failure.message).to.equal(
        `${server.host} responded with 403 Forbidden; it rejects this IP address, User-Agent or key.`,
      );
      expect(failure.data).to.deep.equal({ status: 403 });
      for (const status of [400, 401, 404, 410, 451, 500, 503, 599]) {
        server.answer = (_, response) => response.writeHead(status).end();
        expect((await failureOf(fetcher().fetch({ url: server.url }))).message, String(status)).to.contain(status);
      }
    });

    it('pause the whole host for Retry-After seconds', async () => {
      for (const status of [429, 418, 503]) {
        const server = await serve((_, response) => response.writeHead(status, { 'Retry-After': '1' }).end());
        const made = fetcher();
        const failure = await failureOf(made.fetch({ url: `${server.url}/a` }));
        expect(failure.data).to.deep.equal({ status, retryAfterMs: 1000 });
        expect(failure.message).to.contain('It asks clients to wait 1 s.');
        expect(made.pausedForMs(`${server.url}/b`)).to.be.within(1, 1000);
        server.answer = ok;
        if (status !== 429) continue; // one wait is enough
        expect(await bodyOf(made.fetch({ url: `${server.url}/b` }))).to.equal('ok');
        expect(server.seen[1]!.at - server.seen[0]!.at).to.be.greaterThan(990);
        expect(made.pausedForMs(server.url)).to.equal(0);
      }
    });

    it('pause it until a Retry-After date', async () => {
      const server = await serve((_, response) => {
        const sent = Math.ceil(Date.now() / 1000) * 1000;
        response.writeHead(429, {
          Date: new Date(sent).toUTCString(),
          'Retry-After': new Date(sent + 1000).toUTCString(),
        });
        response.end();
      });
      const made = fetcher();
      expect((await failureOf(made.fetch({ url: server.url }))).data).to.deep.equal({
        status: 429,
        retryAfterMs: 1000,
      });
      server.answer = ok;
      expect(await bodyOf(made.fetch({ url: server.url }))).to.equal('ok');
      expect(server.seen[1]!.at - server.seen[0]!.at).to.be.greaterThan(990);
    });

    it('refuse at once requests whose maxWaitMs is shorter, waiting or new', async () => {
      const server = await serve((_, response) => response.writeHead(429, { 'Retry-After': '60' }).end());
      const made = fetcher();
      const first = failureOf(made.fetch({ url: server.url }, { maxWaitMs: 0 }));
      const waiting = failureOf(made.fetch({ url: server.url }, { maxWaitMs: 59_000 }));
      const patient = failureOf(made.fetch({ url: server.url }, { maxWaitMs: 61_000 }));
      expect((await first).data.status).to.equal(429);
      for (const failure of [await waiting, await failureOf(made.fetch({ url: server.url }, { maxWaitMs: 0 }))]) {
        expect(failure.message).to.match(
          /^127[\d.:]+ asked clients to wait, and (1 min|\d+ s) of that time is left; goldctl will/,
        );
        expect(failure.data.retryAfterMs).to.be.within(1, 60_000);
      }
      made.stop();
      expect((await patient).message).to.equal('goldctl stopped fetching.');
      expect(server.seen).to.have.length(1);
    });

    it('do not pause without Retry-After', async () => {
      const server = await serve((_, response) => response.writeHead(429).end());
      const made = fetcher();
      expect((await failureOf(made.fetch({ url: server.url }))).data).to.deep.equal({ status: 429 });
      expect(made.pausedForMs(server.url)).to.equal(0);
    });
  });

  describe('limits', () => {
    it('abort a body that is too large, and its connection', async () => {
      let closed = false;
      const server = await serve((_, response) => {
        response.on('close', () => {
          closed = true;
        });
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(500)));
        };
        response.on('drain', more);
        more();
      });
      const failure = await failureOf(fetcher({ maxBytes: 1000 }).fetch({ url: server.url }));
      expect(failure.message).to.equal(`${server.host} sent more than 1000 bytes; the response was dropped.`);
      await until(() => closed);
    });

    it('apply to decompressed data', async () => {
      const server = await serve((_, response) => {
        response.setHeader('Content-Encoding', 'gzip').end(gzipSync('x'.repeat(100_000)));
      });
      expect((await bodyOf(fetcher({ maxBytes: 100_000 }).fetch({ url: server.url }))).length).to.equal(100_000);
      const failure = await failureOf(fetcher({ maxBytes: 99_999 }).fetch({ url: server.url }));
      expect(failure.message).to.contain('more than 99999 bytes');
    });

    it('abort a response that does not start in time', async () => {
      const server = await serve(() => {});
      const failure = await failureOf(fetcher({ timeoutMs: 50 }).fetch({ url: server.url }));
      expect(failure.message).to.equal(
        `${server.host} did not send a complete response within 50 ms; goldctl will try again.`,
      );
    });

    it('abort a body that never ends, and free the queue', async () => {
      let closed = false;
      const server = await serve((_, response) => {
        const drip = setInterval(() => response.write('x'), 5);
        response.on('close', () => {
          clearInterval(drip);
          closed = true;
        });
      });
      const made = fetcher({ timeoutMs: 60 });
      expect((await failureOf(made.fetch({ url: server.url }))).message).to.contain('did not send a complete response');
      await until(() => closed);
      server.answer = ok;
      expect(await bodyOf(made.fetch({ url: server.url }))).to.equal('ok');
    });
  });

  describe('redirects', () => {
    const to = (location: string, status = 302): Answer => {
      return (_, response) => response.writeHead(status, { Location: location }).end();
    };

    it('are followed at most three times', async () => {
      const server = await serve((seen, response, request) => {
        const left = Number(seen.url.slice(1));
        if (left === 0) ok(seen, response, request);
        else to(`/${left - 1}`)(seen, response, request);
      });
      const made = fetcher();
      expect(await bodyOf(made.fetch({ url: `${server.url}/3` }))).to.equal('ok');
      const failure = await failureOf(made.fetch({ url: `${server.url}/4?key=hush` }));
      expect(failure.message).to.contain(`${server.host} redirected more than 3 times`);
    });

    it('remove headers that may contain a key on the way to another host', async () => {
      const [there, here] = [await serve(), await serve()];
      here.answer = to(`${there.url}/new`);
      const headers = {
        Authorization: 'Bearer hush',
        Cookie: 'hush',
        'x-cg-demo-api-key': 'hush',
        Accept: 'text/x',
        'User-Agent': 'me',
      };
      expect(await bodyOf(fetcher().fetch({ url: here.url, headers }))).to.equal('ok');
      expect(here.seen[0]!.headers).to.include({ authorization: 'Bearer hush', 'x-cg-demo-api-key': 'hush' });
      expect(JSON.stringify(there.seen)).not.to.contain('hush');
      expect(there.seen[0]!.headers).to.include({ accept: 'text/x', 'user-agent': 'me' });
    });

    it('keep headers on the same host, and turn a form into a GET according to HTTP', async () => {
      const server = await serve((seen, response, request) => {
        if (seen.url === '/') to('/new', 303)(seen, response, request);
        else if (seen.url === '/same') to('/new', 307)(seen, response, request);
        else ok(seen, response, request);
      });
      const made = fetcher();
      await made.fetch({ url: server.url, headers: { 'x-key': '1' }, form: { a: '1' } });
      await made.fetch({ url: `${server.url}/same`, headers: { 'x-key': '1' }, form: { a: '1' } });
      expect(server.seen[1]).to.include({ method: 'GET', url: '/new', body: '' });
      expect(server.seen[1]!.headers['x-key']).to.equal('1');
      expect(server.seen[3]).to.include({ method: 'POST', url: '/new', body: 'a=1' });
    });

    it('never send a form to another host', async () => {
      const [there, here] = [await serve(), await serve()];
      here.answer = to(there.url, 307);
      const failure = await failureOf(fetcher().fetch({ url: here.url, form: { key: 'hush' } }));
      expect(failure.message).to.contain('redirected a form to another host');
      expect(there.seen).to.deep.equal([]);
    });

    it('go to http and https only', async () => {
      for (const location of ['ftp://a/', 'data:text/plain,hi', 'http://a:b@127.0.0.1/', 'http://']) {
        const server = await serve(to(location));
        expect((await failureOf(fetcher().fetch({ url: server.url }))).message).to.match(
          /redirected to (?:a|an invalid) URL/,
        );
      }
    });

    it('do not go to a paused host', async () => {
      const [there, here] = [await serve(), await serve()];
      there.answer = (_, response) => response.writeHead(429, { 'Retry-After': '60' }).end();
      here.answer = to(there.url);
      const made = fetcher();
      await failureOf(made.fetch({ url: there.url }));
      expect((await failureOf(made.fetch({ url: here.url }))).message).to.contain('asked clients to wait');
      expect(there.seen).to.have.length(1);
    });

    describe('of a source on the internet', () => {
      /** Here 127.0.0.1 stands for a public address, and all others for internal ones. */
      const isInternal = (address: string) => address !== '127.0.0.1';
      type Found = Readonly<Record<string, readonly string[]>>;
      const guarded = (names: Found = {}) => {
        const lookup: LookupFunction = (name, _, callback) =>
          callback(
            null,
            (names[name] ?? []).map((address) => ({ address, family: net.isIP(address) })),
          );
        return fetcher({ redirectGuard: new RedirectGuard({ isInternal, lookup }) });
      };

      for (const location of [
        'http://[::1]:1/',
        'http://10.0.0.1/',
        'http://0xa9fea9fe/',
        'http://[::ffff:127.0.0.2]/',
      ]) {
        it(`are not followed to ${location}`, async () => {
          const server = await serve(to(location));
          const failure = await failureOf(guarded().fetch({ url: server.url }));
          expect(failure.message).to.contain('redirected into an internal network');
        });
      }

      it('are not followed to a name with an internal address, in the first or a later hop', async () => {
        const there = await serve();
        const { port } = new URL(there.url);
        const server = await serve((seen, response, request) => {
          to(seen.url === '/2' ? '/1' : `http://inside.example:${port}/`)(seen, response, request);
        });
        for (const addresses of [['10.0.0.1'], ['127.0.0.1', '::1'], ['fe80::1']]) {
          for (const path of ['/1', '/2']) {
            const made = guarded({ 'inside.example': addresses });
            const failure = await failureOf(made.fetch({ url: `${server.url}${path}` }));
            expect(failure.message).to.match(/^inside\.example:\d+ is in an internal network/);
          }
        }
        expect(there.seen).to.deep.equal([]);
      });

      it('are followed to a public name', async () => {
        const there = await serve();
        const server = await serve(to(`http://outside.example:${new URL(there.url).port}/`));
        const made = guarded({ 'outside.example': ['127.0.0.1'] });
        expect(await bodyOf(made.fetch({ url: server.url }))).to.equal('ok');
      });

      it('are followed anywhere if the address in config.json is itself internal', async () => {
        const there = await serve();
        const server = await serve(to(there.url));
        const internal = new RedirectGuard({ isInternal: () => true });
        expect(await bodyOf(fetcher({ redirectGuard: internal }).fetch({ url: server.url }))).to.equal('ok');
      });
    });

    it('send conditional requests to the original URL', async () => {
      const [there, here] = [await serve(), await serve()];
      here.answer = to(`${there.url}/new`);
      there.answer = ({ headers }, response) => {
        if (headers['if-none-match']) response.writeHead(304).end();
        else response.setHeader('ETag', '"1"').end('body');
      };
      const made = fetcher();
      for (let n = 0; n < 2; n++) expect(await bodyOf(made.fetch({ url: here.url }))).to.equal('body');
      expect(here.seen.filter(({ headers }) => 'if-none-match' in headers)).to.deep.equal([]);
      expect(there.seen[1]!.headers).to.have.property('if-none-match', '"1"');
    });
  });

  describe('https', () => {
    let server: https.Server;
    let url: string;
    let certificate: string;

    before(async () => {
      const { key, cert } = selfSigned();
      certificate = cert;
      server = https.createServer({ key, cert });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    afterEach(() => server.removeAllListeners('request'));

    after(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });

    const trusting = () => {
      return fetcher({ connect: createConnectionFactory({ ca: certificate, checkServerIdentity: () => undefined }) });
    };

    it('requires a trusted certificate', async () => {
      const failure = await failureOf(fetcher().fetch({ url: `${url}/?key=hush` }));
      expect(failure.message).to.match(
        /^The certificate of 127\.0\.0\.1:\d+ cannot be trusted \(DEPTH_ZERO_SELF_SIGNED/,
      );
      expect(readable(failure)).not.to.contain('hush');
    });

    it('is never downgraded to http', async () => {
      const plain = await serve();
      server.on('request', (_, response) => response.writeHead(301, { Location: plain.url }).end());
      const failure = await failureOf(trusting().fetch({ url }));
      expect(failure.message).to.contain('redirected from https to an unencrypted URL');
      expect(plain.seen).to.deep.equal([]);
    });

    it('may be the target of a redirect from http', async () => {
      const plain = await serve((_, response) => response.writeHead(301, { Location: url }).end());
      server.on('request', (_, response) => response.end('secure'));
      expect(await bodyOf(trusting().fetch({ url: plain.url }))).to.equal('secure');
    });

    it('fails on a plain server', async () => {
      const plain = await serve();
      const failure = await failureOf(fetcher().fetch({ url: plain.url.replace('http:', 'https:') }));
      expect(failure.message).to.match(/^The TLS handshake with 127\.0\.0\.1:\d+ failed/);
    });
  });

  describe('a failed connection', () => {
    it('has a message without the key, also in its cause', async () => {
      const server = await serve();
      await server.close();
      const failure = await failureOf(
        fetcher().fetch({ url: `${server.url}/hush/a?key=hush`, headers: { Authorization: 'hush' } }),
      );
      expect(failure.message).to.equal(
        `${server.host} refuses connections; check the provider's url in config.json, or wait until its server is back.`,
      );
      expect(failure.data).to.deep.equal({ error: 'ECONNREFUSED' });
      expect((failure.cause as Error).message).to.contain('ECONNREFUSED');
      expect(readable(failure)).not.to.contain('hush');
    });

    it('is reported if it breaks before or within the response', async () => {
      const server = await serve((_, __, request) => request.socket.destroy());
      expect((await failureOf(fetcher().fetch({ url: server.url }))).message).to.contain('closed the connection early');
      server.answer = (_, response, request) => {
        response.writeHead(200, { 'Content-Length': '100' });
        response.write('half', () => request.socket.destroy());
      };
      const failure = await failureOf(fetcher().fetch({ url: `${server.url}/?key=hush` }));
      expect(failure.message).to.contain('closed the connection early');
      expect(readable(failure)).not.to.contain('hush');
    });

    it('is reported if it is not HTTP, or if the compression is damaged', async () => {
      const raw = net.createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-x\r\n'));
      raw.listen(0, '127.0.0.1');
      await once(raw, 'listening');
      const { port } = raw.address() as AddressInfo;
      const failure = await failureOf(fetcher().fetch({ url: `http://127.0.0.1:${port}/` }));
      expect(failure.message).to.contain('does not speak HTTP');
      raw.close();
      const server = await serve((_, response) => response.setHeader('Content-Encoding', 'gzip').end('not gzip'));
      expect((await failureOf(fetcher().fetch({ url: server.url }))).message).to.contain('corrupt compressed body');
    });

    it('is reported for a name that does not exist', async () => {
      const agent = new http.Agent({
        lookup: (host, _, callback) => {
          const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
          callback(error, '', 4); // the result of a name server, without asking one
        },
      });
      const failure = await failureOf(
        fetcher({ connect: () => ({ agent, proxy: undefined }) }).fetch({ url: 'http://rates.invalid/?key=hush' }),
      );
      expect(failure.message).to.equal('Could not resolve rates.invalid; check the network and DNS.');
      expect(readable(failure)).not.to.contain('hush');
    });
  });

  describe('stopping', () => {
    it('aborts active and waiting requests, and accepts no others', async () => {
      let closed = false;
      const server = await serve((_, response) => {
        response.on('close', () => {
          closed = true;
        });
      });
      const made = fetcher();
      const failures = [1, 2, 3].map(() => failureOf(made.fetch({ url: server.url })));
      await until(() => server.seen.length === 1);
      made.stop();
      for (const failure of await Promise.all(failures)) expect(failure.message).to.equal('goldctl stopped fetching.');
      await until(() => closed);
      await failureOf(made.fetch({ url: server.url }));
      expect(server.seen).to.have.length(1);
    });

    it('aborts one request by its signal, active or waiting, and the queue continues', async () => {
      const server = await serve(() => {});
      const made = fetcher();
      const [first, second] = [new AbortController(), new AbortController()];
      const running = failureOf(made.fetch({ url: `${server.url}/1` }, { signal: first.signal }));
      const waiting = failureOf(made.fetch({ url: `${server.url}/2` }, { signal: second.signal }));
      const third = bodyOf(made.fetch({ url: `${server.url}/3` }));
      await until(() => server.seen.length === 1);
      second.abort();
      expect((await waiting).message).to.equal(`The request to ${server.host} was canceled.`);
      server.answer = ok;
      first.abort();
      await running;
      expect(await third).to.equal('ok');
      expect(server.seen.map(({ url }) => url)).to.deep.equal(['/1', '/3']);
    });
  });
});
