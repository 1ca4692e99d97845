import { expect } from 'chai';
import fc from 'fast-check';
import {
  type EditCommand,
  type EditedText,
  editText,
  graphemeClusters,
  insertAtCursor,
  moveByLine,
  takeClusters,
} from '../../src/repl/line-edit.ts';

const FAMILY = '👨‍👩‍👧';
const FLAG = '🇻🇳';
const THUMB = '👍🏽';
const NFD = 'ế'.normalize('NFD');
const COMMANDS: readonly EditCommand[] = [
  'cursorLeft',
  'cursorRight',
  'wordLeft',
  'wordRight',
  'cursorStart',
  'cursorEnd',
  'deleteBack',
  'deleteForward',
  'deleteWord',
  'deleteWordForward',
  'deleteToStart',
  'deleteToEnd',
];
const atEnd = (text: string): EditedText => ({ text, cursor: text.length });
const done = (edited: EditedText, ...commands: EditCommand[]): EditedText =>
  commands.reduce((before, command) => editText(before, command), edited);

/** Whether a text consists of clusters of the other one, in their order. */
function isMadeOf(text: string, original: readonly string[]): boolean {
  let rest = text;
  for (const cluster of original) if (rest.startsWith(cluster)) rest = rest.slice(cluster.length);
  return rest === '';
}

describe('editing by grapheme clusters', () => {
  it('deletes and passes what people see as one character', () => {
    for (const cluster of [FAMILY, FLAG, THUMB, NFD, '각'.normalize('NFD'), '❤️', '1️⃣', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'क्']) {
      const text = `a${cluster}b`;
      expect(graphemeClusters(text), cluster).to.deep.equal(['a', cluster, 'b']);
      expect(done(atEnd(text), 'cursorLeft', 'deleteBack'), cluster).to.deep.equal({ text: 'ab', cursor: 1 });
      expect(done({ text, cursor: 1 }, 'deleteForward'), cluster).to.deep.equal({ text: 'ab', cursor: 1 });
      expect(done(atEnd(text), 'cursorLeft', 'cursorLeft').cursor, cluster).to.equal(1);
      expect(done({ text, cursor: 1 }, 'cursorRight').cursor, cluster).to.equal(1 + cluster.length);
    }
  });

  it('keeps a letter with its marks in its word', () => {
    const text = `giá vàng ${FAMILY} lên`.normalize('NFD');
    expect(done(atEnd(text), 'wordLeft').cursor).to.equal(text.length - 'lên'.normalize('NFD').length);
    expect(done(atEnd('vàng'.normalize('NFD')), 'deleteWord').text).to.equal('');
    expect(done({ text, cursor: 0 }, 'wordRight').cursor).to.equal('giá'.normalize('NFD').length);
    expect(done({ text: 'one two', cursor: 3 }, 'deleteWordForward').text).to.equal('one');
  });

  it('puts the cursor behind a cluster that typing completes', () => {
    let edited: EditedText = { text: '', cursor: 0 };
    for (const codePoint of FAMILY) {
      edited = insertAtCursor(edited, codePoint);
      expect(edited.cursor).to.equal(edited.text.length);
    }
    expect(editText(edited, 'deleteBack').text).to.equal('');
    // A mark before the next letter joins the one before it.
    expect(insertAtCursor({ text: 'ab', cursor: 1 }, '\u0301')).to.deep.equal({ text: 'a\u0301b', cursor: 2 });
    // Two halves of a flag meet.
    const halves = insertAtCursor({ text: '🇻x🇳', cursor: 3 }, '');
    expect(editText(halves, 'deleteBack')).to.deep.equal({ text: FLAG, cursor: FLAG.length });
  });

  it('truncates between clusters', () => {
    expect(takeClusters(`ab${FAMILY}`, 5)).to.equal('ab');
    expect(takeClusters(`ab${FAMILY}`, 7)).to.equal(`ab${FAMILY}`);
    expect(takeClusters('x'.repeat(10), 3)).to.equal('xxx');
    expect(takeClusters('abc', -1)).to.equal('');
  });

  it('has start and end of each line, and moves between lines by clusters', () => {
    const text = `${FAMILY}bc\nde\n${FLAG}gh`;
    expect(done(atEnd(text), 'cursorStart').cursor).to.equal(text.indexOf(FLAG));
    expect(done(atEnd(text), 'deleteToStart').text).to.equal(`${FAMILY}bc\nde\n`);
    expect(done(atEnd('a\n'), 'deleteToStart').text).to.equal('a');
    expect(done({ text: 'a\nb', cursor: 1 }, 'deleteToEnd').text).to.equal('ab');
    const up = moveByLine(atEnd(text), -1)!;
    expect(up.cursor).to.equal(text.indexOf('\n', text.indexOf('d')));
    expect(moveByLine(up, -1)!.cursor).to.equal(FAMILY.length + 1);
    expect(moveByLine({ text, cursor: 0 }, -1)).to.equal(undefined);
    expect(moveByLine(atEnd(text), 1)).to.equal(undefined);
  });

  it('leaves whole clusters of the text, and the cursor between two, after any commands', () => {
    const cluster = fc.constantFrom(
      'a',
      ' ',
      'ế',
      NFD,
      FAMILY,
      FLAG,
      THUMB,
      '中',
      '❤️',
      '-',
      '\n',
      '각'.normalize('NFD'),
    );
    fc.assert(
      fc.property(
        fc.array(cluster, { maxLength: 12 }).map((parts) => parts.join('')),
        fc.nat(),
        fc.array(fc.constantFrom(...COMMANDS), { maxLength: 30 }),
        (text, at, commands) => {
          const original = graphemeClusters(text);
          const cursor = original.slice(0, at % (original.length + 1)).join('').length;
          const edited = done({ text, cursor }, ...commands);
          expect(isMadeOf(edited.text, original)).to.equal(true);
          const before = edited.text.slice(0, edited.cursor);
          const after = edited.text.slice(edited.cursor);
          expect([...graphemeClusters(before), ...graphemeClusters(after)]).to.deep.equal(
            graphemeClusters(edited.text),
          );
        },
      ),
    );
  });

  it('holds any text, and is fast on the longest', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), fc.constantFrom(...COMMANDS), (text, at, command) => {
        const edited = editText({ text, cursor: at % (text.length + 1) }, command);
        expect(edited.cursor).to.be.within(0, edited.text.length);
      }),
    );
    const long = 'ế'.normalize('NFD').repeat(2000);
    const started = performance.now();
    for (const command of COMMANDS) editText({ text: long, cursor: long.length / 2 }, command);
    expect(performance.now() - started).to.be.below(2000);
  });
});
