import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalName, parseMemberName, parsePassword } from '../../src/domain/account.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { parseDescription, parseFileName } from '../../src/domain/file-listing.ts';
import { findCatalogueInstrument, isSilverName, makeInstrumentId } from '../../src/domain/instrument.ts';
import { parsePostText, parseTopic } from '../../src/domain/post.ts';
import { parseSearchQuery, tokenize } from '../../src/domain/search-terms.ts';
import { foldForSearch, sanitizeText } from '../../src/domain/text.ts';
import { MAX_COMBINING_MARKS, normalizeUnicode } from '../../src/domain/unicode-normalization.ts';
import { parseUnit } from '../../src/domain/unit.ts';
import { safeName } from '../../src/peer/safe-path.ts';
import { ROOT } from '../root.ts';

/** Two marks in the wrong order, repeated: normalising has to move each past all others. */
const marks = (count: number) => '\u0301\u0323'.repeat(Math.ceil(count / 2)).slice(0, count);

/** Every function that accepts external text, with the maximum length of that text. */
const PARSERS: readonly (readonly [name: string, maxLength: number, parse: (text: string) => unknown])[] = [
  ['a post', 4 * 4096, (text) => parsePostText(text, 4096)],
  ['a name', 128, parseMemberName],
  ['a password', 1024, parsePassword],
  ['a topic', 129, parseTopic],
  ["a file's name", 1020, parseFileName],
  ['a description', 2000, parseDescription],
];

/** Functions that look up or show text, and so never fail. */
const FOLDS: readonly (readonly [name: string, fold: (text: string) => unknown])[] = [
  ['fold', foldForSearch],
  ['plain', sanitizeText],
  ['nameKey', canonicalName],
  ['normalForm', (text) => normalizeUnicode(text)],
  ['wordsOf', tokenize],
  ['parseQuery', parseSearchQuery],
  ['knownInstrument', findCatalogueInstrument],
  ['instrumentIdOf', makeInstrumentId],
  ['isSilver', isSilverName],
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

function failureOf(work: () => unknown): AppError | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  }
}

describe('text limits:', () => {
  for (const [name, maxLength, parse] of PARSERS) {
    it(`${name} that is too long is not normalised`, () => {
      const texts = normalised(() =>
        expect(failureOf(() => parse('e\u0301'.repeat(maxLength)))).to.not.equal(undefined),
      );
      expect(texts).to.deep.equal([]);
    });

    it(`${name} with too many consecutive combining marks is not normalised`, () => {
      for (const count of [31, 8190]) {
        for (const text of [`e${marks(count)}`, marks(count)]) {
          const texts = normalised(() => {
            expect(failureOf(() => parse(text))?.code).to.be.oneOf(['INVALID_REQUEST', 'TOO_LARGE']);
          });
          expect(texts).to.deep.equal([]);
        }
        // If characters between marks are removed, the marks become adjacent.
        const texts = normalised(() => failureOf(() => parse(`a ${[...marks(count)].join('\u200b')}`)));
        for (const one of texts) expect(one).to.not.match(/\p{M}{31}/u);
      }
    });
  }

  it('the error states what is wrong and where', () => {
    const failure = failureOf(() => parsePostText(`e${marks(31)}`, 4096))!;
    expect(failure.message).to.equal('A post can have at most 30 combining marks in a row. Remove some of them.');
    expect(failure.data).to.deep.equal({ field: 'text' });
  });

  it('accepts up to 30 consecutive marks', () => {
    const text = `e${'\u0323'.repeat(MAX_COMBINING_MARKS)}`;
    expect(parsePostText(text, 4096)).to.equal(text.normalize('NFC'));
  });

  it('accepts decomposed Vietnamese up to the limit in characters', () => {
    const text = 'ệ'.repeat(4096);
    expect(parsePostText(text.normalize('NFD'), 4096)).to.equal(text);
    expect(parseMemberName('ệ'.repeat(32).normalize('NFD'))).to.equal('ệ'.repeat(32));
    expect(failureOf(() => parsePostText(`${text}ệ`.normalize('NFD'), 4096))?.code).to.equal('TOO_LARGE');
  });
});

describe('text that is looked up or shown', () => {
  for (const [name, work] of FOLDS) {
    it(`is never normalised with a longer run of marks, by ${name}`, () => {
      for (const text of [`e${marks(8190)}`, [...marks(8190)].join('\u200b')]) {
        for (const one of normalised(() => work(text))) expect(one).to.not.match(/\p{M}{31}/u);
      }
    });
  }

  it('has its usual normal form without such a run', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/\p{M}{31}/u.test(text));
        expect(normalizeUnicode(text)).to.equal(text.normalize('NFC'));
        expect(normalizeUnicode(text, 'NFD')).to.equal(text.normalize('NFD'));
      }),
    );
  });
});

describe('normalisation', () => {
  it('is called in one module only', async () => {
    const found: string[] = [];
    for (const folder of ['src', 'commands']) {
      for (const entry of await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
        if (!entry.name.endsWith('.ts')) continue;
        const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
        if (text.includes('.normalize(')) found.push(entry.name);
      }
    }
    expect(found).to.deep.equal(['unicode-normalization.ts']);
  });
});
