import { expect } from 'chai';
import { listenError } from '../../src/domain/listen-error.ts';

describe('listenError', () => {
  const attempt = { protocol: 'UDP', host: '192.0.2.1', port: 53, fix: 'Choose another one with --port.' } as const;
  const errorOf = (code: string) => listenError(Object.assign(new Error(`bind ${code}`), { code }), attempt);

  it('states what is wrong with the port or the address, and what to do', () => {
    for (const [code, reason, message] of [
      ['EADDRINUSE', 'PORT_TAKEN', 'UDP port 53 on 192.0.2.1 is already in use by another program. Choose another one'],
      ['EACCES', 'NOT_AVAILABLE', 'UDP port 53 on 192.0.2.1 needs rights that this user does not have. Choose another'],
      ['EADDRNOTAVAIL', 'NOT_AVAILABLE', '192.0.2.1 is not an address of this machine.'],
      ['EMFILE', 'NOT_AVAILABLE', 'UDP port 53 on 192.0.2.1 cannot be opened (bind EMFILE). Choose another one'],
    ] as const) {
      const failure = errorOf(code);
      expect(failure.code, code).to.equal(reason);
      expect(failure.message, code).to.match(new RegExp(`^${message.replaceAll(/[.()]/g, '\\$&')}`));
      expect(failure.data, code).to.deep.equal({ port: 53 });
    }
  });
});
