import { expect } from 'chai';
import fc from 'fast-check';
import { applyEdit, commitLine, insertText, setText } from '../../src/dashboard/editor.ts';
import type { KeyCommand } from '../../src/dashboard/key-bindings.ts';
import { type InputState, initialState } from '../../src/dashboard/state.ts';

const EMPTY = initialState({ columns: 80, rows: 24, now: 0, address: '', theme: 'dark', unicode: true }).input;
const typed = (text: string): InputState => insertText(EMPTY, text);
const done = (input: InputState, ...commands: KeyCommand[]): InputState =>
  commands.reduce((before, command) => applyEdit(before, command) ?? before, input);

describe('the line editor', () => {
  it('types at the cursor', () => {
    const vang = typed('vàng 🥇');
    expect(vang).to.include({ text: 'vàng 🥇', cursor: 7 });
    expect(insertText(done(vang, 'cursorLeft'), 'x')).to.include({ text: 'vàng x🥇', cursor: 6 });
  });

  it('keeps the lines of a paste, and no other control character', () => {
    expect(typed('MSG one\r\ntwo\tthree\x1b[31m\x07').text).to.equal('MSG one\ntwo three[31m');
  });

  it('takes no more than a post and its verb', () => {
    const long = typed('x'.repeat(9000));
    expect(long.text).to.have.length(4200);
    expect(insertText(long, 'y')).to.include({ cursor: 4200 });
  });

  it('moves and deletes by characters, words and to the ends', () => {
    const line = typed('CHART  SJC 1y');
    expect(done(line, 'wordLeft').cursor).to.equal(11);
    expect(done(line, 'wordLeft', 'wordLeft', 'wordLeft').cursor).to.equal(0);
    expect(done(line, 'cursorStart', 'wordRight', 'wordRight').cursor).to.equal(10);
    expect(done(line, 'deleteWord').text).to.equal('CHART  SJC ');
    expect(done(line, 'deleteWord', 'deleteWord').text).to.equal('CHART  ');
    expect(done(line, 'deleteBack').text).to.equal('CHART  SJC 1');
    expect(done(line, 'cursorStart', 'deleteForward').text).to.equal('HART  SJC 1y');
    expect(done(line, 'wordLeft', 'deleteToEnd').text).to.equal('CHART  SJC ');
    expect(done(line, 'wordLeft', 'deleteToStart')).to.include({ text: '1y', cursor: 0 });
    expect(done(line, 'cursorRight').cursor).to.equal(13);
  });

  it('walks the history, and back to what was being typed', () => {
    const two = commitLine(insertText(commitLine(typed('one')), 'two'));
    expect(two).to.include({ text: '', cursor: 0 });
    const draft = insertText(two, 'draft');
    const texts = (commands: KeyCommand[]): string => done(draft, ...commands).text;
    expect(texts(['older'])).to.equal('two');
    expect(texts(['older', 'older'])).to.equal('one');
    expect(texts(['older', 'older', 'older'])).to.equal('one');
    expect(texts(['older', 'older', 'newer'])).to.equal('two');
    expect(texts(['older', 'newer'])).to.equal('draft');
    expect(texts(['newer'])).to.equal('draft');
  });

  it('keeps a line once, and no empty one', () => {
    const line = commitLine(setText(commitLine(commitLine(typed('  ATU  '))), 'ATU'));
    expect(line.history).to.deep.equal(['ATU']);
    let many = EMPTY;
    for (let i = 0; i < 600; i++) many = commitLine(insertText(many, `line ${i}`));
    expect(many.history).to.have.length(500);
    expect(many.history.at(-1)).to.equal('line 599');
  });

  it('keeps the cursor in the text, whatever is done', () => {
    const commands = [
      'cursorLeft', 'cursorRight', 'wordLeft', 'wordRight', 'cursorStart', 'cursorEnd', 'deleteBack', 'deleteForward',
      'deleteWord', 'deleteToStart', 'deleteToEnd', 'older', 'newer',
    ] as const; // biome-ignore format: a list of words
    const step = fc.oneof(
      fc.constantFrom(...commands).map((command) => (input: InputState) => applyEdit(input, command) ?? input),
      fc.string({ unit: 'binary' }).map((text) => (input: InputState) => insertText(input, text)),
      fc.constant((input: InputState) => commitLine(input)),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const input = steps.reduce((before, each) => each(before), EMPTY);
        expect(input.cursor).to.be.within(0, input.text.length);
        expect(input.text).to.not.match(/(?!\n)\p{Cc}/u);
      }),
    );
  });
});
