import { expect } from 'chai';
import fc from 'fast-check';
import { JsonArraySplitter } from '../../src/cli/json-array-splitter.ts';
import { AppError } from '../../src/domain/app-error.ts';

function items(text: string, cut = 1000): string[] {
  const bytes = Buffer.from(text);
  const cutter = new JsonArraySplitter();
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += cut) found.push(...cutter.push(bytes.subarray(at, at + cut)).lines);
  found.push(...cutter.finish().lines);
  return found;
}

describe('items of a JSON array', () => {
  it('are cut where the array has them, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 12 }),
        fc.constantFrom(undefined, 1, '\t'),
        fc.integer({ min: 1, max: 50 }),
        (values, indent, cut) => {
          const read = items(`\ufeff ${JSON.stringify(values, undefined, indent)}\n`, cut);
          expect(read.map((item) => JSON.parse(item))).to.deep.equal(JSON.parse(JSON.stringify(values)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are kept up to 64 KiB each', () => {
    const cutter = new JsonArraySplitter();
    const cut = cutter.push(Buffer.from(`[1,"${'x'.repeat(70_000)}",3]`));
    expect(cut.lines).to.deep.equal(['1', '', '3']);
    expect([...cut.tooLong]).to.deep.equal([2]);
  });

  it('are refused where the array does not end, or more comes behind it', () => {
    for (const text of ['', '[', '[1,2', '["]', '[{]']) expect(() => items(text), text).to.throw(AppError, 'truncated');
    for (const text of ['[1] [2]', '[]x', '{}']) expect(() => items(text), text).to.throw(AppError, 'one JSON array');
  });
});
