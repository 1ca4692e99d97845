import type { NetworkInterfaceInfo } from 'node:os';
import { expect } from 'chai';
import { SharedNetworks } from '../../src/peer/shared-networks.ts';

const INTERFACES = {
  lo: at('127.0.0.1/8', '::1/128'),
  eth0: at('192.168.1.5/24', '2001:db8:1:2::5/64'),
  eth1: at('10.1.2.3/16'),
  vpn: at('100.64.7.7/32'),
  ppp0: at('203.0.113.9/32'),
};

function at(...cidrs: string[]): NetworkInterfaceInfo[] {
  return cidrs.map((cidr) => ({ cidr, address: cidr.split('/')[0] }) as NetworkInterfaceInfo);
}

function sharedBy(...own: string[]): SharedNetworks {
  const places = own.map((address) => ({ address, port: 7 }));
  return new SharedNetworks(places, INTERFACES);
}

describe('SharedNetworks', () => {
  it('contain the subnets of the registered addresses of this machine', () => {
    const networks = sharedBy('192.168.1.5', '2001:db8:1:2::5', '10.1.2.3', '203.0.113.9');
    const near = ['192.168.1.77', '::ffff:192.168.1.77', '2001:db8:1:2:ffff::1', '10.1.200.1', '203.0.113.9'];
    const far = [
      '192.168.2.1',
      '10.2.0.1',
      '2001:db8:1:3::1',
      '203.0.113.10',
      '8.8.8.8',
      '172.16.0.1',
      'fe80::1',
      '169.254.1.1',
      '127.0.0.1',
      '::1',
      'nowhere',
    ];
    expect(near.filter((address) => !networks.includes(address))).to.deep.equal([]);
    expect(far.filter((address) => networks.includes(address))).to.deep.equal([]);
  });

  it('contain only loopback if the machine is registered with it, and never otherwise', () => {
    const networks = sharedBy('127.0.0.1');
    expect(['127.0.0.1', '127.9.9.9', '::1'].every((address) => networks.includes(address))).to.equal(true);
    expect(['192.168.1.5', '10.1.2.3'].some((address) => networks.includes(address, true))).to.equal(false);
  });

  it('contain the private block of a site with several networks, and no public address', () => {
    const networks = sharedBy('10.1.2.3', '203.0.113.9');
    expect(networks.includes('10.2.0.1', true)).to.equal(true);
    expect(['192.168.2.1', '203.0.113.10', '8.8.8.8'].some((address) => networks.includes(address, true))).to.equal(
      false,
    );
  });

  it('contain the block of a VPN that gives each machine a network of one address', () => {
    const networks = sharedBy('100.64.7.7');
    expect([networks.includes('100.100.1.1'), networks.includes('10.1.2.3')]).to.deep.equal([true, false]);
  });

  it('are empty without an address', () => {
    expect(sharedBy().includes('192.168.1.5')).to.equal(false);
    expect(sharedBy('198.51.100.1').includes('198.51.100.1')).to.equal(false);
  });
});
