import { expect } from 'chai';
import { defined } from '../../src/domain/defined.ts';

describe('defined', () => {
  it('omits undefined values, and nothing else', () => {
    const result = defined({ a: undefined, b: null, c: 0, d: '', e: false });
    expect(Object.keys(result)).to.deep.equal(['b', 'c', 'd', 'e']);
    expect(result).to.deep.equal({ b: null, c: 0, d: '', e: false });
  });
});
