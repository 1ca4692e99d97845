import { expect } from 'chai';
import fc from 'fast-check';
import { parseConfig, readConfig } from '../../src/daemon/config.ts';
import { parseEngineUrl } from '../../src/daemon/engine-setting.ts';

describe('engine.url', () => {
  it('accepts servers, with and without a port', () => {
    for (const [url, servers] of [
      ['nats://127.0.0.1', ['127.0.0.1:4222']],
      ['nats://a.example.org,b:4300 , [::1]:4301,[::2]', ['a.example.org:4222', 'b:4300', '[::1]:4301', '[::2]:4222']],
      ['nats://a:1,nats://b:2/', ['a:1', 'b:2']],
      ['NATS://A', ['A:4222']],
    ] as const) {
      expect(parseEngineUrl(url), url).to.deep.include({ servers, tls: false });
    }
    expect(parseEngineUrl('tls://a,b')).to.deep.equal({ servers: ['a:4222', 'b:4222'], tls: true, isLocal: false });
    expect(parseEngineUrl('nats://localhost,127.0.0.2,[::1]')).to.include({ isLocal: true });
    expect(parseEngineUrl('nats://localhost,10.0.0.1')).to.include({ isLocal: false });
  });

  it('refuses other values with advice', () => {
    for (const [url, problem] of [
      ['h1,h2', 'use the form "nats://host1,host2,host3"'],
      ['redis://h1', 'use the form'],
      ['nats://', 'use the form'],
      ['nats://user:secret@h1', 'use engine.user and engine.password'],
      ['nats://h1,,h2', 'no valid host and port in ""'],
      ['nats://h1:0', 'no valid host and port in "h1:0"'],
      ['nats://h1:65536', 'no valid host and port in "h1:65536"'],
      ['nats://[::g]', 'no valid host and port'],
      ['nats://h1/path', 'no valid host and port in "h1/path"'],
    ] as const) {
      expect(parseEngineUrl(url), url).to.include(problem);
    }
    for (const url of ['nats://user:secret@h1', 'nats://user:sec,secret,9@h1', 'tls://h1,user:secret/x@h2']) {
      expect(parseEngineUrl(url), url).to.include('contains a user').and.to.not.include('secret');
    }
  });

  it('is parsed or refused, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'nats:/[],.01h@') })), (rest) => {
        for (const url of [rest, `nats://${rest}`]) {
          const parsed = parseEngineUrl(url);
          if (typeof parsed === 'string') continue;
          expect(parsed.servers).to.not.be.empty;
          for (const server of parsed.servers) expect(server).to.match(/^\S+:\d+$/);
        }
      }),
    );
  });
});

describe('engine settings', () => {
  it('are local by default', () => {
    expect(parseConfig('{}', 'config.json').engine).to.deep.equal({ prefix: 'goldctl', plain: false });
  });

  it('are refused if they conflict, each by its name', () => {
    const { failures } = readConfig(
      JSON.stringify({
        engine: {
          url: 'tls://h1',
          prefix: 'my room',
          plain: true,
          password: 'x',
          nkeyFile: '/n',
          credentialsFile: 'c',
          certFile: '/c',
        },
      }),
      'config.json',
    );
    const names = ['prefix', 'plain', 'user', 'password', 'certFile', 'credentialsFile'];
    expect(failures.map(({ data }) => data.path)).to.have.members(names.map((name) => `engine.${name}`));
  });
});
