import { expect } from 'chai';
import { addressSeenBy, isLoopback } from '../../src/domain/address.ts';

describe('addressSeenBy', () => {
  const near = { address: '127.0.0.1', localAddress: '127.0.0.1' };
  const far = { address: '192.0.2.7', localAddress: '192.0.2.1' };
  const far6 = { address: '2001:db8::7', localAddress: '2001:db8::1' };

  it('is the address that the daemon sees, for other machines', () => {
    for (const address of ['192.0.2.7', '198.51.100.1', '2001:db8::9', 'fe80::1%eth0']) {
      for (const requester of [near, far, far6]) expect(addressSeenBy(requester, address)).to.equal(address);
    }
  });

  it("is the daemon's address as the client reaches it, for clients on the daemon's machine", () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', 'local']) {
      expect(addressSeenBy(far, address), address).to.equal('192.0.2.1');
      expect(addressSeenBy(far6, address), address).to.equal('2001:db8::1');
    }
  });

  it('is loopback for clients on that machine, of the same address family', () => {
    expect(addressSeenBy(near, '127.0.0.1')).to.equal('127.0.0.1');
    expect(addressSeenBy(near, '127.0.0.2')).to.equal('127.0.0.2');
    expect(addressSeenBy(near, '::1'), 'an IPv4 socket cannot send there').to.equal('127.0.0.1');
    expect(addressSeenBy({ address: '::1', localAddress: '::1' }, '::1')).to.equal('::1');
    expect(addressSeenBy(near, 'local')).to.equal('127.0.0.1');
  });
});

describe('isLoopback', () => {
  it('accepts this machine in every spelling', () => {
    for (const host of ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1', 'localhost', 'LOCALHOST'])
      expect(isLoopback(host), host).to.equal(true);
  });

  it('refuses names and addresses that only look like loopback', () => {
    for (const host of ['127.0.0.1.example.com', '127.example.com', '128.0.0.1', '::2', 'localhost.example.com', ''])
      expect(isLoopback(host), host).to.equal(false);
  });
});
