import { expect } from 'chai';
import fc from 'fast-check';
import { CommandSyntaxError, parseCommandLine, SHELL_COMMANDS } from '../../src/repl/grammar.ts';
import { parseTypedLine } from '../../src/repl/typed-line.ts';

describe('a line typed where people chat', () => {
  it('keeps the grammar of every command', () => {
    const rest = fc.oneof(
      fc.constant(''),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('SJC 1y', '#1 text', 'hans hi'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...SHELL_COMMANDS), fc.boolean(), rest, ({ name }, isLower, text) => {
        const line = `${isLower ? name.toLowerCase() : name} ${text}`;
        const parsed = parseCommandLine(line.trim());
        const typed = parseTypedLine(line);
        if (parsed instanceof CommandSyntaxError) expect(typed.kind).to.equal('error');
        else expect(typed).to.deep.equal({ kind: 'command', command: parsed });
      }),
    );
  });

  it('is never posted if it begins as a sign-in does', () => {
    const verb = fc.constantFrom(
      '-signin',
      '-signup',
      '-SignIn',
      '/signin',
      '/login',
      '/register',
      '-sigin',
      '-singin',
    );
    fc.assert(
      fc.property(verb, fc.string({ unit: 'grapheme', minLength: 1 }), (word, secret) => {
        expect(parseTypedLine(`${word} luke ${secret}`).kind).to.equal('error');
      }),
    );
  });

  it('is text, a command or an error, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (line) => {
        const typed = parseTypedLine(line);
        if (typed.kind === 'text') expect(typed.text).to.equal(line.trim());
      }),
    );
  });

  it('suggests nothing for instruments at the start of a sentence, and for words of traders', () => {
    for (const line of ['USD is up', 'SJC falls', 'SELL now', 'BUY now', 'OK', 'I see', 'GOLD!', 'BUT no']) {
      expect(parseTypedLine(line), line).to.deep.equal({ kind: 'text', text: line });
    }
  });
});
