import { expect } from 'chai';
import { ConditionalCache } from '../../src/rates/conditional-cache.ts';

const body = (text: string) => ({ url: 'http://a/', etag: '"1"', lastModified: null, body: text });

describe('ConditionalCache', () => {
  it('evicts the least recently used bodies beyond its maximum number', () => {
    const bodies = new ConditionalCache({ maxEntries: 2, maxLength: 100 });
    bodies.set('a', body('1'));
    bodies.set('b', body('2'));
    bodies.get('a');
    bodies.set('c', body('3'));
    expect(['a', 'b', 'c'].map((name) => bodies.get(name)?.body)).to.deep.equal(['1', undefined, '3']);
  });

  it('evicts them beyond its maximum size, and stores none that exceeds it alone', () => {
    const bodies = new ConditionalCache({ maxEntries: 10, maxLength: 10 });
    bodies.set('a', body('12345'));
    bodies.set('b', body('12345'));
    bodies.set('a', body('123'));
    bodies.set('c', body('12'));
    expect(['a', 'b', 'c'].map((name) => bodies.get(name)?.body.length)).to.deep.equal([3, 5, 2]);
    bodies.set('d', body('1'));
    expect(bodies.get('a')).to.equal(undefined);
    bodies.set('e', body('x'.repeat(11)));
    expect(bodies.get('e')).to.equal(undefined);
    expect(bodies.get('b')?.body).to.equal('12345');
  });
});
