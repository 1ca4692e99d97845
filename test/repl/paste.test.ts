import { expect } from 'chai';
import { findCredentials, firstLine, readPaste } from '../../src/repl/paste.ts';

describe('a paste in the shell', () => {
  it('of one line is text of the line', () => {
    expect(readPaste('MARKET SJC', '', '')).to.deep.equal({ kind: 'text', text: 'MARKET SJC' });
    expect(readPaste('MARKET\tSJC\r\n\r\n', '', '')).to.deep.equal({ kind: 'text', text: 'MARKET SJC' });
    expect(readPaste('\r\n\r\nMARKET\x1b[31m \x9bSJC\x07\r', '', '')).to.deep.equal({
      kind: 'text',
      text: 'MARKET[31m SJC',
    });
    expect(readPaste('', 'M', '')).to.deep.equal({ kind: 'text', text: '' });
  });

  it('of several lines is lines to ask about, together with the line around it', () => {
    expect(readPaste('MSG Hello\rDLT #2\r\nOUT\n', '', '')).to.deep.equal({
      kind: 'lines',
      lines: ['MSG Hello', 'DLT #2', 'OUT'],
    });
    expect(readPaste('SJC\n\nMARKET ', 'MARKET ', 'BTC')).to.deep.equal({
      kind: 'lines',
      lines: ['MARKET SJC', 'MARKET BTC'],
    });
  });

  it('keeps its line breaks in a message', () => {
    for (const before of ['MSG ', ' msg #gold ', 'EDT #1 ', 'DM hans '])
      expect(readPaste('one\r\ntwo\r', before, '')).to.deep.equal({ kind: 'text', text: 'one\ntwo' });
    expect(readPaste('one\ntwo', 'MSG', '').kind).to.equal('lines');
  });

  it('has one line where only one is asked for', () => {
    expect(firstLine('hans secret\r\nMSG Hello\r\n')).to.equal('hans secret');
  });

  it('may have credentials, which are not shown', () => {
    expect(findCredentials(['-signin', 'hans secret', 'MSG hi'])).to.deep.equal([false, true, false]);
    expect(findCredentials(['-signup', '-signin', 'hans secret'])).to.deep.equal([false, false, true]);
    expect(findCredentials(['-quit', 'hans secret'])).to.deep.equal([false, false]);
  });
});
