import { expect } from 'chai';
import { applyFlags, parseConfig, readConfig } from '../../src/daemon/config.ts';
import { truncateUtf8 } from '../../src/dialects/legacy-protocol.ts';
import { describeConflict, LEGACY_PROTOCOLS, parseListenAddress } from '../../src/dialects/listen-address.ts';

describe('listen address of a legacy protocol', () => {
  it('is a name and a port, on loopback unless it names an address', () => {
    expect(parseListenAddress('gold:8888')).to.deep.equal({ dialect: 'gold', host: '127.0.0.1', port: 8888 });
    expect(parseListenAddress('forum:0.0.0.0:4001')).to.deep.equal({ dialect: 'forum', host: '0.0.0.0', port: 4001 });
    expect(parseListenAddress('sum:[::1]:0')).to.deep.equal({ dialect: 'sum', host: '::1', port: 0 });
    for (const text of [
      '',
      'gold',
      'gold:',
      'gold:65536',
      'gold:x',
      'silver:1',
      'GOLD:1',
      'gold:localhost:1',
      'gold: 1',
    ]) {
      expect(parseListenAddress(text), text).to.equal(undefined);
    }
    for (const text of ['gold:::1:1', 'gold:[127.0.0.1]:1', 'gold:[]:1', 'gold:-1', 'gold:1:', 'gold:999.0.0.1:1']) {
      expect(parseListenAddress(text), text).to.equal(undefined);
    }
  });

  it('is used once, except for market and sum', () => {
    const between = (one: string, other: string) =>
      describeConflict(parseListenAddress(one)!, parseListenAddress(other)!);
    expect(between('market:8000', 'sum:8000')).to.equal(undefined);
    expect(between('gold:8000', 'forum:8001')).to.equal(undefined);
    expect(between('gold:0', 'gold:0')).to.equal(undefined);
    expect(between('gold:0.0.0.0:1', 'forum:127.0.0.1:1')).to.equal(undefined); // the system decides
    expect(between('market:8000', 'market:8000')).to.equal('has market twice on port 8000');
    expect(between('gold:8000', 'sum:8000')).to.equal(
      'has gold and sum on port 8000, which only market and sum can share',
    );
  });

  it('is checked in the settings', () => {
    const refusals = (settings: object) =>
      readConfig(JSON.stringify(settings), 'config.json').failures.map(({ message }) => message);
    expect(refusals({ dialects: ['gold:8888', 'market:8000', 'sum:8000'] })).to.deep.equal([]);
    expect(refusals({ dialects: ['gold', 'gold:4000', 'gold:1', 'forum:1'], sumPort: 1 })).to.deep.equal([
      `config.json: dialects has "gold"; use one of ${LEGACY_PROTOCOLS.join(', ')} with a port, such as "gold:8888" or "gold:0.0.0.0:8888".`,
      'config.json: dialects has gold:4000, a port that listen.port already uses; choose another port.',
      'config.json: dialects has sum and gold on port 1, which only market and sum can share.',
      'config.json: dialects has sum and forum on port 1, which only market and sum can share.',
      'config.json: dialects has gold and forum on port 1, which only market and sum can share.',
    ]);
    expect(refusals({ dialects: 'gold:8888' })).to.deep.equal([
      'config.json: dialects is a string; use a list such as [ … ].',
    ]);
    expect(refusals({ dialects: [8888] })).to.have.length(1);
  });

  it('is taken from the flags, if there are any', () => {
    const config = parseConfig('{"dialects": ["gold:8888"]}', 'config.json');
    expect(applyFlags(config, {}).dialects).to.deep.equal(['gold:8888']);
    expect(applyFlags(config, { dialects: ['forum:4001'] }).dialects).to.deep.equal(['forum:4001']);
    expect(() => applyFlags(config, { dialects: ['silver:1'] })).to.throw('--dialect has "silver:1"; use one of');
  });
});

describe('truncateUtf8', () => {
  it('keeps as many whole characters as fit', () => {
    expect(truncateUtf8('abc', 3)).to.equal('abc');
    expect(truncateUtf8('abc', 2)).to.equal('ab');
    expect(truncateUtf8('ầầ', 5)).to.equal('ầ');
    expect(truncateUtf8('😀', 3)).to.equal('');
    expect(truncateUtf8('a😀b', 5)).to.equal('a😀');
    expect(truncateUtf8('', 0)).to.equal('');
    for (let bytes = 0; bytes < 40; bytes++) {
      const text = 'aầ😀é'.repeat(4);
      const short = truncateUtf8(text, bytes);
      expect(text.startsWith(short)).to.equal(true);
      expect(Buffer.byteLength(short)).to.be.within(Math.min(40, bytes - 3), bytes);
    }
  });
});
