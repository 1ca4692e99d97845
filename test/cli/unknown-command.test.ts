import { expect } from 'chai';
import { suggestCommand, unknownCommandError } from '../../src/cli/unknown-command.ts';
import { ROOT } from '../root.ts';

describe('a command that is not there', () => {
  it('is likened to one that is, whatever stands behind it', () => {
    const known = [
      'account',
      'account signup',
      'account signin',
      'daemon start',
      'daemon stop',
      'files send',
      'rates',
      'sh',
    ];
    for (const [typed, meant] of [
      ['account sign-up', 'account signup'],
      ['acount signin yoda', 'account signin'],
      ['daemon strat --port 1', 'daemon start'],
      ['files snd bob x.txt', 'files send'],
      ['rate', 'rates'],
      ['account xyzzyxyzzy', 'account'],
      ['daemon foo', undefined],
      ['daemon sto', 'daemon stop'],
      ['foo', undefined],
      ['ls', undefined],
      ['', undefined],
    ] as const) {
      expect(suggestCommand(typed, known), typed).to.equal(meant);
    }
  });

  it('is told apart from arguments that are too many, and likened only to what its topic has', async () => {
    for (const [typed, message] of [
      ['users now', /^"now" is too much: goldctl users takes no arguments\./],
      ['rates imprt x.csv', /^There is no command "rates imprt x\.csv"\. Did you mean `goldctl rates import`\?/],
      ['rates held accpt 3', /Did you mean `goldctl rates held accept`\?/],
      ['rates xyzzy', /^There is no command "rates xyzzy"\. `goldctl help` lists them all\.$/],
      ['bogus', /^There is no command "bogus"\. `goldctl help` lists them all\.$/],
    ] as const) {
      expect((await unknownCommandError(typed, ROOT)).message, typed).to.match(message);
    }
  });
});
