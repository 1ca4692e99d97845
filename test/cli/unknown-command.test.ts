import { expect } from 'chai';
import { suggestCommand } from '../../src/cli/unknown-command.ts';

describe('a command that is not there', () => {
  it('is likened to one that is, whatever stands behind it', () => {
    const known = ['account', 'account signup', 'account signin', 'daemon start', 'files send', 'rates', 'sh'];
    for (const [typed, meant] of [
      ['account sign-up', 'account signup'],
      ['acount signin yoda', 'account signin'],
      ['daemon strat --port 1', 'daemon start'],
      ['files snd bob x.txt', 'files send'],
      ['rate', 'rates'],
      ['account xyzzyxyzzy', 'account'],
      ['foo', undefined],
      ['ls', undefined],
      ['', undefined],
    ] as const) {
      expect(suggestCommand(typed, known), typed).to.equal(meant);
    }
  });
});
