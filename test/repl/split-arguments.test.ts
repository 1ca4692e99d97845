import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { completePath } from '../../src/repl/complete-path.ts';
import { splitArguments, unquoteName } from '../../src/repl/split-arguments.ts';

describe('words of a line', () => {
  it('may stand in quotes', () => {
    expect(splitArguments(' a  b ')).to.deep.equal(['a', 'b']);
    expect(splitArguments('"a b" \'c "d\' C:\\x')).to.deep.equal(['a b', 'c "d', 'C:\\x']);
    expect(splitArguments("it's o'clock")).to.deep.equal(["it's", "o'clock"]);
    expect(splitArguments('')).to.deep.equal([]);
    expect(splitArguments('"a b')).to.equal(undefined);
    expect(splitArguments('"a"b')).to.equal(undefined);
    expect(unquoteName(' "a b" ')).to.equal('a b');
    expect(unquoteName('a "b"')).to.equal('a "b"');
  });

  it('are what quoting made of them', () => {
    const word = fc.string().filter((text) => !text.includes('"'));
    fc.assert(
      fc.property(fc.array(word), (all) => {
        expect(splitArguments(all.map((each) => `"${each}"`).join(' '))).to.deep.equal(all);
      }),
    );
  });
});

describe('paths to complete', () => {
  it('are those that begin so, folders with a slash', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
    try {
      await mkdir(join(folder, 'lectures'));
      for (const name of ['lecture 1.mp4', '.hidden', 'notes.pdf']) await writeFile(join(folder, name), '');
      expect(completePath(`${folder}/lec`)).to.deep.equal([`${folder}/lecture 1.mp4`, `${folder}/lectures/`]);
      expect(completePath(`${folder}/`)).to.have.length(3);
      expect(completePath(`${folder}/.h`)).to.deep.equal([`${folder}/.hidden`]);
      expect(completePath(`${folder}/none/x`)).to.deep.equal([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
