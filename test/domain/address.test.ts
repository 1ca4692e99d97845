import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import { expect } from 'chai';
import fc from 'fast-check';
import { isInternalAddress, isWithin, parseRange, sourceOf } from '../../src/domain/address.ts';

const word = fc.integer({ min: 0, max: 0xffff });
const words = fc.array(word, { minLength: 8, maxLength: 8 });
const hex = (values: number[]) => values.map((value) => value.toString(16)).join(':');

describe('sourceOf', () => {
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
    it(`takes ${address || 'no text'} for ${source || 'itself'}`, () => expect(sourceOf(address)).to.equal(source));
  }

  it('is the same for all addresses of a /64, however they are spelled', () => {
    fc.assert(
      fc.property(words, words, (one, other) => {
        fc.pre(one.slice(0, 5).some((value) => value !== 0));
        fc.pre(other[4] !== 0);
        const neighbour = [...one.slice(0, 4), ...other.slice(4)];
        const spelled = new URL(`http://[${hex(neighbour)}]/`).hostname.slice(1, -1);
        expect(sourceOf(hex(one))).to.equal(sourceOf(spelled));
      }),
    );
  });

  it('is the IPv4 address of every mapped one', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(sourceOf(`::ffff:${address}`)).to.equal(address);
        expect(sourceOf(new URL(`http://[::ffff:${address}]/`).hostname.slice(1, -1))).to.equal(address);
      }),
    );
  });

  it('knows an address where Node knows one, and leaves all other text alone', () => {
    const text = fc.oneof(fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.'), maxLength: 24 }));
    fc.assert(
      fc.property(text, (address) => {
        if (isIPv4(address)) expect(sourceOf(address)).to.equal(address);
        else if (isIPv6(address)) expect(sourceOf(address)).to.match(/^([0-9a-f]{1,4}:){4}:\/64$|^\d+(\.\d+){3}$/);
        else expect(sourceOf(address)).to.equal(address);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseRange', () => {
  it('reads an address or a range, and writes it in one way', () => {
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
      expect(parseRange(text)?.text, text).to.equal(written);
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
      expect(parseRange(text), text).to.equal(undefined);
  });

  it('holds what Node takes for part of it, in every spelling', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(address, fc.nat(128), address, (network, length, other) => {
        const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
        const bits = family === 'ipv4' ? length % 33 : length;
        const range = parseRange(`${network}/${bits}`);
        fc.pre(range !== undefined); // a mapped network that reaches out of IPv4
        expect(parseRange(range.text)).to.deep.equal(range);
        expect(isWithin(range, network)).to.equal(true);
        fc.pre(family === 'ipv4' || !range.text.includes('.'));
        const list = new BlockList();
        list.addSubnet(network, bits, family);
        if (isIP(other) === (family === 'ipv4' ? 4 : 6)) {
          expect(isWithin(range, other)).to.equal(list.check(other, family));
        }
        if (isIPv4(other)) expect(isWithin(range, `::ffff:${other}`)).to.equal(isWithin(range, other));
      }),
      { numRuns: 2000 },
    );
  });

  it('is undefined for text that is no address, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdef:./') }), (text) => {
        const known = isIP(text.replace(/\/\d{1,3}$/, '')) !== 0;
        if (!known) expect(parseRange(text)).to.equal(undefined);
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
