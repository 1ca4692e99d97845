import { BlockList, isIP, isIPv4 } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { cidrContains, describeInvalidCidr, isInternalAddress, parseCidr } from '../../src/domain/address.ts';

describe('parseCidr', () => {
  it('parses an address or a range, and normalises it', () => {
    for (const [text, written] of [
      ['192.0.2.7', '192.0.2.7'],
      ['192.0.2.7/32', '192.0.2.7'],
      ['192.0.2.7/24', '192.0.2.0/24'],
      ['0.0.0.0/0', '0.0.0.0/0'],
      ['::ffff:192.0.2.7', '192.0.2.7'],
      ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
      ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
      ['2001:db8:1:2::9/64', '2001:db8:1:2::/64'],
      ['::1', '::1'],
      ['::/0', '::/0'],
    ] as const) {
      expect(parseCidr(text)?.text, text).to.equal(written);
    }
    for (const text of [
      '',
      'yoda',
      '192.0.2',
      '192.0.2.7/33',
      '::/129',
      '192.0.2.7/',
      '192.0.2.7/x',
      '::ffff:1.2.3.4/8',
    ])
      expect(parseCidr(text), text).to.equal(undefined);
  });

  it('says what is wrong with what is meant as an address, and nothing of a name', () => {
    for (const [text, problem] of [
      ['192.0.2.7', undefined],
      ['2001:db8::/32', undefined],
      ['yoda', undefined],
      ['yoda-2.0', undefined],
      ['10.0.0.0/99', /prefix length of 10\.0\.0\.0\/99 is wrong.*\/0 to \/32/],
      ['10.0.0.0/x', /prefix length/],
      ['10.0.0.0/', /prefix length/],
      ['2001:db8::/129', /IPv6 address it is \/0 to \/128/],
      ['::ffff:1.2.3.4/8', /mapped IPv4 address it is \/96 to \/128/],
      ['300.1.1.1', /each of its numbers is 0-255/],
      ['10.0.0.01/24', /each of its numbers is 0-255/],
      ['yoda/24', /neither an address nor a range/],
      ['2001:db8:::1', /neither an address nor a range/],
    ] as const) {
      if (problem === undefined) expect(describeInvalidCidr(text), text).to.equal(undefined);
      else expect(describeInvalidCidr(text), text).to.match(problem);
    }
  });

  it("contains what Node's BlockList contains, in every spelling", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(address, fc.nat(128), address, (network, length, other) => {
        const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
        const bits = family === 'ipv4' ? length % 33 : length;
        const range = parseCidr(`${network}/${bits}`);
        fc.pre(range !== undefined); // a mapped network larger than IPv4
        expect(parseCidr(range.text)).to.deep.equal(range);
        expect(cidrContains(range, network)).to.equal(true);
        fc.pre(family === 'ipv4' || !range.text.includes('.'));
        const list = new BlockList();
        list.addSubnet(network, bits, family);
        if (isIP(other) === (family === 'ipv4' ? 4 : 6)) {
          expect(cidrContains(range, other)).to.equal(list.check(other, family));
        }
        if (isIPv4(other)) expect(cidrContains(range, `::ffff:${other}`)).to.equal(cidrContains(range, other));
      }),
      { numRuns: 2000 },
    );
  });

  it('returns undefined for any text that is not an address', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef:./') }), (text) => {
        const known = isIP(text.replace(/\/\d{1,3}$/, '')) !== 0;
        if (!known) expect(parseCidr(text)).to.equal(undefined);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isInternalAddress', () => {
  const INTERNAL = [
    ...[
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '127.255.0.9',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
    ],
    ...[
      '192.168.1.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      'fe80::1',
      'fe80::1%eth0',
      'fc00::1',
      'fd12::1',
      'ff02::1',
    ],
    // IPv4 within IPv6: mapped, compatible, NAT64 and 6to4.
    ...['::ffff:10.0.0.1', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::10.0.0.1', '2002:a00:1::', '2002:c0a8:101::1'],
    'no address',
  ];
  const PUBLIC = [
    ...['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.0.1', '128.0.0.1', '172.15.0.1', '172.32.0.1', '192.169.0.1'],
    ...['223.255.255.255', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::1.1.1.1', '2002:101:101::1', 'fbff::1'],
  ];
  for (const address of INTERNAL) it(`is true of ${address}`, () => expect(isInternalAddress(address)).to.equal(true));
  for (const address of PUBLIC) it(`is false of ${address}`, () => expect(isInternalAddress(address)).to.equal(false));
});
