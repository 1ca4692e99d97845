import { isIPv4, isIPv6 } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { rateLimitKey } from '../../src/domain/rate-limit-key.ts';

const word = fc.integer({ min: 0, max: 0xffff });
const words = fc.array(word, { minLength: 8, maxLength: 8 });
const hex = (values: number[]) => values.map((value) => value.toString(16)).join(':');

describe('rateLimitKey', () => {
  for (const [address, source] of [
    ['192.0.2.1', '192.0.2.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:0201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff::9', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['local', 'local'],
    ['', ''],
    ['1.2.3.256', '1.2.3.256'],
    ['1:2:3', '1:2:3'],
    ['1::2::3', '1::2::3'],
    ['1:2:3:4:5:6::8', '1:2:3:4::/64'],
    ['1:2:3:4:5:6:7::8', '1:2:3:4:5:6:7::8'],
    ['1:2:3:4:5:6:7:8::', '1:2:3:4:5:6:7:8::'],
  ] as const) {
    it(`maps ${address || 'no text'} to ${source || 'itself'}`, () => expect(rateLimitKey(address)).to.equal(source));
  }

  it('is equal for all addresses of a /64, in any spelling', () => {
    fc.assert(
      fc.property(words, words, (one, other) => {
        fc.pre(one.slice(0, 5).some((value) => value !== 0));
        fc.pre(other[4] !== 0);
        const neighbour = [...one.slice(0, 4), ...other.slice(4)];
        const spelled = new URL(`http://[${hex(neighbour)}]/`).hostname.slice(1, -1);
        expect(rateLimitKey(hex(one))).to.equal(rateLimitKey(spelled));
      }),
    );
  });

  it('is the IPv4 address of every mapped one', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(rateLimitKey(`::ffff:${address}`)).to.equal(address);
        expect(rateLimitKey(new URL(`http://[::ffff:${address}]/`).hostname.slice(1, -1))).to.equal(address);
      }),
    );
  });

  it('recognises the addresses that Node recognises, and returns other text unchanged', () => {
    const text = fc.oneof(fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.'), maxLength: 24 }));
    fc.assert(
      fc.property(text, (address) => {
        if (isIPv4(address)) expect(rateLimitKey(address)).to.equal(address);
        else if (isIPv6(address)) expect(rateLimitKey(address)).to.match(/^([0-9a-f]{1,4}:){4}:\/64$|^\d+(\.\d+){3}$/);
        else expect(rateLimitKey(address)).to.equal(address);
      }),
      { numRuns: 2000 },
    );
  });
});
