import { expect } from 'chai';
import fc from 'fast-check';
import { chooseTarget, failoverOrder, parseTarget } from '../../src/client/target.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { resolveHome } from '../../src/home-directory.ts';

describe('parseTarget', () => {
  it('reads host and port', () => {
    const cases: [string, string, string, number][] = [
      ['example.org', 'tls', 'example.org', 4000],
      ['Example.org:4100', 'tls', 'example.org', 4100],
      ['127.0.0.1:1', 'tls', '127.0.0.1', 1],
      ['[::1]:4000', 'tls', '::1', 4000],
      ['[::1]', 'tls', '::1', 4000],
      ['::1', 'tls', '::1', 4000],
      ['tls://vàng.vn:65535', 'tls', 'vàng.vn', 65535],
      ['tcp://localhost:4000', 'plain', 'localhost', 4000],
      ['tcp://[::1]:4000', 'plain', '::1', 4000],
    ];
    for (const [text, kind, host, port] of cases) expect(parseTarget(text), text).to.include({ kind, host, port });
    expect(parseTarget('::1').key).to.equal('[::1]:4000');
  });

  it('refuses what names no server, and states what it expects', () => {
    for (const text of [
      '',
      ':4000',
      'a:b',
      'a:0',
      'a:65536',
      'a:1:2',
      '[a]:1',
      '[::1',
      'a b',
      'a/b',
      '-a',
      'http://a',
      'a\u001b[2J',
    ]) {
      expect(() => parseTarget(text), text)
        .to.throw(AppError, 'HOST:PORT')
        .with.property('code', 'USAGE');
    }
  });

  it('accepts clear text on loopback addresses only', () => {
    expect(() => parseTarget('tcp://example.org:4000'))
      .to.throw(AppError, 'loopback')
      .with.property('exit', 2);
  });

  it('prefers the flag, then GOLDCTL_SERVER, then the control socket', async () => {
    const home = await resolveHome({ GOLDCTL_HOME: '/home/lan/goldctl' });
    expect(chooseTarget(home, 'a:1', { GOLDCTL_SERVER: 'b:2' }).key).to.equal('a:1');
    expect(chooseTarget(home, undefined, { GOLDCTL_SERVER: 'b:2' }).key).to.equal('b:2');
    expect(chooseTarget(home, undefined, { GOLDCTL_SERVER: '' })).to.deep.equal({
      kind: 'local',
      key: 'local',
      path: home.controlSocket,
    });
  });

  it('throws only its own error for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webAuthority(), fc.ipV6()), (text) => {
        try {
          const target = parseTarget(text);
          const spelt = failoverOrder(target).map(({ kind, key }) => (kind === 'plain' ? `tcp://${key}` : key));
          expect(parseTarget(spelt.join())).to.deep.equal(target);
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(AppError);
        }
      }),
    );
  });
});
