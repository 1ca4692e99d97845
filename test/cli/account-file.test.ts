import { expect } from 'chai';
import fc from 'fast-check';
import { readAccounts } from '../../src/cli/account-file.ts';

describe('readAccounts', () => {
  it('reads the files of both seeds', () => {
    expect(readAccounts('Hans Jedi*knight\r\n\r\nYoda wise@!man x\n')).to.deep.equal([
      { line: 1, name: 'Hans', password: 'Jedi*knight' },
      { line: 3, name: 'Yoda', password: 'wise@!man x' },
    ]);
    expect(readAccounts('\uFEFFkhtn,daihoc tphcm\na,b,c\n')).to.deep.equal([
      { line: 1, name: 'khtn', password: 'daihoc tphcm' },
      { line: 2, name: 'a', password: 'b,c' },
    ]);
  });

  it('takes any run of white space behind the name, and tells what was taken for the password before', () => {
    const gap = (text: string) => readAccounts(`ann${text}of all, trades\r\n`, 'space')[0];
    const ann = { line: 1, name: 'ann', password: 'of all, trades' };
    for (const text of [' ', '\t', '\t\t', '\t ', '\u00a0', '\u3000']) expect(gap(text)).to.deep.equal(ann);
    expect(gap('  ')).to.deep.equal({ ...ann, misread: ' of all, trades' });
    expect(gap('     ')).to.deep.equal({ ...ann, misread: '    of all, trades' });
    expect(gap(' \t')).to.deep.equal({ ...ann, misread: '\tof all, trades' });
    expect(gap('\t  ')).to.deep.equal({ ...ann, misread: ' of all, trades' });
    expect(readAccounts('ann, of all\n', 'comma')).to.deep.equal([{ line: 1, name: 'ann', password: ' of all' }]);
  });

  it('sees by itself that tabs separate', () => {
    expect(readAccounts('a\tb,c\nd\te\nf,g\n').map((each) => 'name' in each && each.name)).to.deep.equal([
      'a',
      'd',
      false,
    ]);
  });

  it('gives back name and password of every line that is written by the rules', () => {
    const wordOf = (unit: string, maxLength: number) =>
      fc.string({ unit: fc.constantFrom(...unit), minLength: 1, maxLength });
    const ends = wordOf('aZ9,"ế-', 8);
    const row = fc.record({
      name: wordOf('aZ9ế-_.', 32),
      gap: wordOf(' \t\v\f\u00a0\u2003\u3000', 5),
      password: fc.oneof(
        ends,
        fc
          .tuple(ends, fc.string({ unit: fc.constantFrom(...'a ,\t\r"'), maxLength: 8 }), ends)
          .map((parts) => parts.join('')),
      ),
      around: fc.tuple(fc.constantFrom('', ' ', '\t'), fc.constantFrom('', '\r', ' \r', '\t')),
    });
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom('space', 'comma'), (rows, format) => {
        const lines = rows.map(({ name, gap, password, around: [before, after] }) => {
          const separator = format === 'comma' ? ',' : gap;
          return `${before}${name}${separator}${password}${after}`;
        });
        const read = readAccounts(lines.join('\n'), format as 'space');
        expect(read.map((each) => ('name' in each ? [each.name, each.password] : each))).to.deep.equal(
          rows.map(({ name, password }) => [name, password]),
        );
        for (const [i, each] of read.entries()) {
          if (!('misread' in each)) continue;
          expect(each.misread)
            .to.match(/^\s/)
            .and.to.satisfy((text: string) => text.endsWith(rows[i]!.password));
        }
      }),
    );
  });

  it('takes the format that most lines have, or the one it is told', () => {
    const text = 'a,1\nb,2\nc d,3\n';
    expect(readAccounts(text)[2]).to.include({ line: 3 }).and.to.have.property('reason');
    expect(readAccounts('c d,3', 'space')).to.deep.equal([{ line: 1, name: 'c', password: 'd,3' }]);
    expect(() => readAccounts('a,1\nb 2\n')).to.throw('--format');
  });

  it('refuses lines by number, without saying what is in them', () => {
    const lines = readAccounts(`alone\nna/me secret1\nok ${'x'.repeat(300)}\nfine secret2\n`, 'space');
    expect(lines.map((each) => ('reason' in each ? each.line : each.name))).to.deep.equal([1, 2, 3, 'fine']);
    expect(JSON.stringify(lines.slice(0, 3)))
      .to.not.include('secret1')
      .and.to.not.include('xxx');
  });

  it('reads any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('space', 'comma'), (text, format) => {
        for (const each of readAccounts(text, format as 'space')) {
          expect('reason' in each || (each.name.length > 0 && each.password.length > 0)).to.equal(true);
        }
      }),
    );
  });
});
