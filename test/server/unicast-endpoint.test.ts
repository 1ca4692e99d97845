import { expect } from 'chai';
import fc from 'fast-check';
import { normalizeIp } from '../../src/domain/address.ts';
import { parseUnicastEndpoint } from '../../src/server/unicast-endpoint.ts';

describe('parseUnicastEndpoint', () => {
  const kept = (address: string) => parseUnicastEndpoint({ address, port: 9 })?.address;

  it('is one host with a normalised address', () => {
    expect(kept('192.0.2.7')).to.equal('192.0.2.7');
    expect(kept('::ffff:192.0.2.7')).to.equal('192.0.2.7');
    expect(kept('2001:db8::1')).to.equal('2001:db8::1');
    expect(kept('fe80::1%eth0')).to.equal('fe80::1');
    expect(kept('::1')).to.equal('::1');
  });

  it('is nothing else', () => {
    const bad = [
      '',
      'localhost',
      '0.0.0.0',
      '0.1.2.3',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      'ff02::1',
      '1.2.3',
      '1.2.3.4:5',
      '%',
    ];
    for (const address of [...bad, '::ffff:224.0.0.1', '::ffff:e000:1'])
      expect(kept(address), address).to.equal(undefined);
  });

  it('accepts any text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.ipV4(), fc.ipV6()), (address) => {
        const place = parseUnicastEndpoint({ address, port: 1 });
        if (place) expect(parseUnicastEndpoint(place)).to.deep.equal(place);
        normalizeIp(address);
      }),
    );
  });
});
