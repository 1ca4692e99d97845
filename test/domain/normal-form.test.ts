import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { Failure } from '../../src/domain/failure.ts';
import { fold, plain } from '../../src/domain/fold.ts';
import { instrumentIdOf, isSilver, knownInstrument } from '../../src/domain/instrument.ts';
import { parseDescription, parseFileName } from '../../src/domain/listing.ts';
import { nameKey, parseName, parsePassword } from '../../src/domain/name.ts';
import { MAX_COMBINING_MARKS, normalForm } from '../../src/domain/normal-form.ts';
import { parseText, parseTopic } from '../../src/domain/post.ts';
import { parseUnit } from '../../src/domain/unit.ts';
import { parseQuery, wordsOf } from '../../src/domain/words.ts';
import { safeName } from '../../src/peer/safe-path.ts';
import { ROOT } from '../root.ts';

/** Two marks in the wrong order, again and again: each has to be moved past all others. */
const marks = (count: number) => '\u0301\u0323'.repeat(Math.ceil(count / 2)).slice(0, count);

/** Everything that takes text of others, and how long that text may be. */
const PARSERS: readonly (readonly [name: string, maxLength: number, parse: (text: string) => unknown])[] = [
  ['a post', 4 * 4096, (text) => parseText(text, 4096)],
  ['a name', 128, parseName],
  ['a password', 1024, parsePassword],
  ['a topic', 129, parseTopic],
  ["a file's name", 1020, parseFileName],
  ['a description', 2000, parseDescription],
];

/** What is looked up or shown, and so never fails. */
const FOLDS: readonly (readonly [name: string, fold: (text: string) => unknown])[] = [
  ['fold', fold],
  ['plain', plain],
  ['nameKey', nameKey],
  ['normalForm', (text) => normalForm(text)],
  ['wordsOf', wordsOf],
  ['parseQuery', parseQuery],
  ['knownInstrument', knownInstrument],
  ['instrumentIdOf', instrumentIdOf],
  ['isSilver', isSilver],
  ['parseUnit', parseUnit],
  ['safeName', safeName],
];

/** The texts that were normalised while `work` ran. */
function normalised(work: () => unknown): string[] {
  const { normalize } = String.prototype;
  const texts: string[] = [];
  String.prototype.normalize = function (this: string, form?: string) {
    texts.push(String(this));
    return normalize.call(this, form);
  };
  try {
    work();
  } finally {
    String.prototype.normalize = normalize;
  }
  return texts;
}

function failureOf(work: () => unknown): Failure | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(Failure);
    return thrown as Failure;
  }
}

describe('The length of a text is checked first:', () => {
  for (const [name, maxLength, parse] of PARSERS) {
    it(`${name} that is too long is not normalised`, () => {
      const texts = normalised(() =>
        expect(failureOf(() => parse('e\u0301'.repeat(maxLength)))).to.not.equal(undefined),
      );
      expect(texts).to.deep.equal([]);
    });

    it(`${name} with more combining marks in a row than any script needs is not normalised`, () => {
      for (const count of [31, 8190]) {
        for (const text of [`e${marks(count)}`, marks(count)]) {
          const texts = normalised(() => {
            expect(failureOf(() => parse(text))?.code).to.be.oneOf(['INVALID_REQUEST', 'TOO_LARGE']);
          });
          expect(texts).to.deep.equal([]);
        }
        // Where characters between marks are taken out, the marks come together.
        const texts = normalised(() => failureOf(() => parse(`a ${[...marks(count)].join('\u200b')}`)));
        for (const one of texts) expect(one).to.not.match(/\p{M}{31}/u);
      }
    });
  }

  it('the failure says what is wrong and where', () => {
    const failure = failureOf(() => parseText(`e${marks(31)}`, 4096))!;
    expect(failure.message).to.equal('A post has at most 30 combining marks in a row. Take some of them out.');
    expect(failure.data).to.deep.equal({ field: 'text' });
  });

  it('up to 30 marks in a row are taken', () => {
    const text = `e${'\u0323'.repeat(MAX_COMBINING_MARKS)}`;
    expect(parseText(text, 4096)).to.equal(text.normalize('NFC'));
  });

  it('Vietnamese of decomposed letters is taken up to the limit in characters', () => {
    const text = 'ệ'.repeat(4096);
    expect(parseText(text.normalize('NFD'), 4096)).to.equal(text);
    expect(parseName('ệ'.repeat(32).normalize('NFD'))).to.equal('ệ'.repeat(32));
    expect(failureOf(() => parseText(`${text}ệ`.normalize('NFD'), 4096))?.code).to.equal('TOO_LARGE');
  });
});

describe('Text that is looked up or shown', () => {
  for (const [name, work] of FOLDS) {
    it(`is never normalised with a longer run of marks, by ${name}`, () => {
      for (const text of [`e${marks(8190)}`, [...marks(8190)].join('\u200b')]) {
        for (const one of normalised(() => work(text))) expect(one).to.not.match(/\p{M}{31}/u);
      }
    });
  }

  it('has its ordinary normal form where it has no such run', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/\p{M}{31}/u.test(text));
        expect(normalForm(text)).to.equal(text.normalize('NFC'));
        expect(normalForm(text, 'NFD')).to.equal(text.normalize('NFD'));
      }),
    );
  });
});

describe('Normalising', () => {
  it('is done in one place alone', async () => {
    const found: string[] = [];
    for (const folder of ['src', 'commands']) {
      for (const entry of await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
        if (!entry.name.endsWith('.ts')) continue;
        const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
        if (text.includes('.normalize(')) found.push(entry.name);
      }
    }
    expect(found).to.deep.equal(['normal-form.ts']);
  });
});
