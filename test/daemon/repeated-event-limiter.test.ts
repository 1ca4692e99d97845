import { expect } from 'chai';
import { RepeatedEventLimiter } from '../../src/daemon/repeated-event-limiter.ts';

describe('RepeatedEventLimiter', () => {
  let repeated: RepeatedEventLimiter;
  beforeEach(() => {
    repeated = new RepeatedEventLimiter();
  });

  const admitted = (addresses: readonly string[], event = 'x') =>
    addresses.filter((address) => repeated.shouldLog('warn', event, address)).length;
  const times = (count: number, address: (i: number) => string) => Array.from({ length: count }, (_, i) => address(i));

  it('limits per network: a /24, or the /64 of an IPv6 address', () => {
    expect(admitted(times(100, (i) => `192.0.2.${i}`))).to.equal(20);
    expect(admitted(times(100, (i) => `::ffff:192.0.2.${i}`))).to.equal(0);
    expect(admitted(times(100, (i) => `192.0.3.${i}`))).to.equal(20);
    expect(admitted(times(100, (i) => `2001:db8::${i}`))).to.equal(20);
    expect(admitted(times(100, (i) => `2001:db8:${i}::1`))).to.equal(99);
    expect(repeated.takeSummaries().map(({ text }) => text)).to.deep.equal([
      '180 more of these from 192.0.2.0/24',
      '81 more of these from 2001:db8:0:0::/64',
      '80 more of these from 192.0.3.0/24',
    ]);
  });

  it('starts again after each window', () => {
    expect(admitted(times(100, () => '192.0.2.1'))).to.equal(20);
    expect(repeated.takeSummaries()).to.have.length(1);
    expect(repeated.takeSummaries()).to.deep.equal([]);
    expect(admitted(times(100, () => '192.0.2.1'))).to.equal(20);
  });

  it('limits the lines, summaries and memory of an event from many networks', () => {
    const address = (i: number) => `${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.1`;
    expect(admitted(times(100_000, address))).to.equal(500);
    expect(admitted(['192.0.2.1'], 'other')).to.equal(1);
    const summaries = repeated.takeSummaries();
    expect(summaries).to.have.length(51);
    expect(summaries.reduce((sum, { count }) => sum + count, 0)).to.equal(99_500);
    expect(summaries.at(-1)!.text).to.match(/^4,\d{3} more of these from 4,\d{3} other networks$/);
  });

  it('counts names that are not IP addresses separately', () => {
    expect(admitted(times(30, () => 'control'))).to.equal(20);
    expect(repeated.takeSummaries()[0]!.text).to.equal('10 more of these from control');
  });
});
