import type { NetworkInterfaceInfo } from 'node:os';
import { expect } from 'chai';
import { isLoopback, normalizeIp } from '../../src/domain/address.ts';
import { endpointKey, localAddresses } from '../../src/peer/local-addresses.ts';

const at = (...addresses: string[]) =>
  addresses.map((address) => ({ address, internal: isLoopback(address) }) as NetworkInterfaceInfo);

describe('local addresses', () => {
  it('are equal in any spelling', () => {
    expect(normalizeIp('::ffff:10.0.0.1')).to.equal('10.0.0.1');
    expect(normalizeIp('fe80::1%eth0')).to.equal('fe80::1');
    expect(endpointKey({ address: '::FFFF:10.0.0.1', port: 7 })).to.equal(
      endpointKey({ address: '10.0.0.1', port: 7 }),
    );
    expect(endpointKey({ address: '2001:DB8::1', port: 7 })).to.equal(endpointKey({ address: '2001:db8::1', port: 7 }));
    expect(endpointKey({ address: '2001:db8:0:0::01', port: 7 })).to.equal(
      endpointKey({ address: '2001:db8::1', port: 7 }),
    );
    expect(endpointKey({ address: '10.0.0.1', port: 7 })).to.not.equal(endpointKey({ address: '10.0.0.1', port: 8 }));
    expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].every(isLoopback)).to.equal(true);
    expect(isLoopback('10.0.0.1')).to.equal(false);
  });

  it('of this machine are the four best: its own networks first, virtual machines last', () => {
    const interfaces = {
      lo: at('127.0.0.1', '::1'),
      docker0: at('172.17.0.1'),
      ppp0: at('203.0.113.9'),
      eth0: at('192.168.1.5', 'fe80::5', '2001:db8::5', '169.254.3.3'),
      wlan0: at('10.3.0.4'),
    };
    expect(localAddresses([4, 6], interfaces)).to.deep.equal(['192.168.1.5', '10.3.0.4', '203.0.113.9', '2001:db8::5']);
    expect(localAddresses([4], interfaces)).to.deep.equal(['192.168.1.5', '10.3.0.4', '203.0.113.9', '172.17.0.1']);
    expect(localAddresses([4, 6], {})).to.deep.equal([]);
  });
});
