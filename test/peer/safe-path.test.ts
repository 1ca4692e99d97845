import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { AppError } from '../../src/domain/app-error.ts';
import { assertSafePath, assertSafePaths, pathProblem, safeName, withNumberSuffix } from '../../src/peer/safe-path.ts';

describe('safe paths', () => {
  for (const [named, saved] of [
    ['lecture1.mp4', 'lecture1.mp4'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\system32\\evil.dll', 'evil.dll'],
    ['.bashrc', 'bashrc'],
    ['...', 'file'],
    ['', 'file'],
    ['/', 'file'],
    ['a\u0000b\nc.txt', 'abc.txt'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['com1 .log', '_com1 .log'],
    ['console.log', 'console.log'],
    ['evil\u202efdp.exe', 'evilfdp.exe'],
    ['what?*.txt', 'what__.txt'],
    ['trailing. . ', 'trailing'],
    ['a\u0301.txt', '\u00e1.txt'],
    ['giá vàng 🪙.csv', 'giá vàng 🪙.csv'],
    ['文件名.txt', '文件名.txt'],
    ['می\u200cخواهم.txt', 'می\u200cخواهم.txt'],
    ['\u200c.git', 'git'],
    ['thesis.part', 'thesis.part_'],
    ['thesis.part.state', 'thesis.part.state_'],
    ['THESIS.Part.STATE . .', 'THESIS.Part.STATE_'],
    ['thesis.p\u200dart', 'thesis.p\u200dart_'],
    ['thesis.pa\ufe0frt', 'thesis.pa\ufe0frt_'],
    ['thesis.ｐａｒｔ', 'thesis.ｐａｒｔ_'],
    ['thesis.part.\u017ftate', 'thesis.part.\u017ftate_'],
    ['.part', 'part'],
    ['thesis.partial', 'thesis.partial'],
    ['thesis.part.txt', 'thesis.part.txt'],
  ] as const) {
    it(`saves ${JSON.stringify(named)} as ${JSON.stringify(saved)}`, () => expect(safeName(named)).to.equal(saved));
  }

  it('makes a safe name of any text, and is idempotent', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 300 })),
        (named) => {
          const name = safeName(named);
          expect(pathProblem(name)).to.equal(undefined);
          expect(safeName(name)).to.equal(name);
          expect(Buffer.byteLength(name)).to.be.at.most(235);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never makes the name of a partial file, in any spelling and numbering', () => {
    const ignored = fc.constantFrom('', '\u200d', '\ufe0f', '\u034f', '\u200b');
    const letter = (plain: string, ...others: string[]) => fc.constantFrom(plain, plain.toUpperCase(), ...others);
    const spelled = fc
      .tuple(letter('.', '．'), letter('p', 'ｐ'), letter('a'), letter('r'), letter('t', 'Ｔ'))
      .chain((letters) => fc.tuple(...letters.map((each) => ignored.map((more) => each + more))));
    const tail = fc.constantFrom('', '.', ' ', '. .', '\u200d', '.\u200d', '.state', '.\u017fTATE. ');
    fc.assert(
      fc.property(fc.string({ maxLength: 250 }), spelled, tail, fc.nat(9999), (stem, part, end, number) => {
        const name = withNumberSuffix(safeName(`${stem}x${part.join('')}${end}`), number);
        const compared = name
          .normalize('NFKC')
          .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
          .toUpperCase();
        expect(compared).to.not.match(/\.PART(\.STATE)?[\s.]*$/);
        expect(pathProblem(name)).to.equal(undefined);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps the extension of a long name, and splits no character', () => {
    const name = safeName(`${'đ'.repeat(300)}.tar.gz`);
    expect(name).to.match(/^đ+\.tar\.gz$/);
    expect(Buffer.byteLength(name)).to.be.within(230, 235);
  });

  it('puts the number of an existing name before its extension', () => {
    expect(withNumberSuffix('a.txt', 0)).to.equal('a.txt');
    expect(withNumberSuffix('a.txt', 1)).to.equal('a (1).txt');
    expect(withNumberSuffix('a.tar.gz', 2)).to.equal('a (2).tar.gz');
    expect(withNumberSuffix('a', 3)).to.equal('a (3)');
  });

  for (const path of [
    '',
    'a//b',
    '/a',
    'a/',
    '../a',
    'a/../b',
    './a',
    'a/.git/config',
    'a\\b',
    'C:a',
    'a/con/b',
    'aux.c',
    'a/b ',
    'a./b',
    ' a',
    'a\u0007',
    'a\u202eb',
    'a\ud800',
    'a\u0301',
    'x'.repeat(256),
    'x.part',
    'a/x.PART.State',
    'a.part/b',
    'a/x.par\u034ft',
    Array(33).fill('a').join('/'),
    Array(9).fill('a'.repeat(200)).join('/'),
  ]) {
    it(`refuses ${JSON.stringify(path.length > 40 ? `${path.slice(0, 40)}…` : path)}`, () => {
      expect(() => assertSafePath(path)).to.throw(AppError);
    });
  }

  it('refuses names that are equal when case is folded, and a file that is also a folder', () => {
    for (const paths of [
      ['a', 'A'],
      ['a', 'a'],
      ['ß', 'SS'],
      ['x/a', 'X/b'],
      ['a', 'a/b'],
      ['a/b', 'A'],
      ['ﬁle', 'file'],
    ]) {
      expect(() => assertSafePaths(paths.map((path) => ({ path }))), paths.join()).to.throw(AppError);
    }
    expect(() => assertSafePaths(['a', 'b/a', 'b/c/a', 'b/d'].map((path) => ({ path })))).to.not.throw();
  });

  it('never leaves the folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-names-'));
    try {
      const names = ['../up', '..\\up', '/etc/x', 'a:b', 'nul', '.x', '~', '%2e%2e%2fx', 'x\u0000.txt'].map(safeName);
      for (const name of names) await writeFile(join(folder, name), '');
      expect((await readdir(folder)).sort()).to.deep.equal([...new Set(names)].sort());
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
