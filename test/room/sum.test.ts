import { expect } from 'chai';
import { sumWithRandom } from '../../src/room/sum.ts';
import { refusal } from './room.ts';

describe('sum', () => {
  it('adds a number from 1 to 100 to that of the caller', () => {
    const own = new Set<number>();
    for (const number of [1, 25, 100]) {
      for (let i = 0; i < 500; i++) {
        const answer = sumWithRandom(number);
        expect(answer.number).to.be.within(1, 100).and.satisfy(Number.isInteger);
        expect(answer.sum).to.equal(number + answer.number);
        own.add(answer.number);
      }
    }
    expect(own.size).to.be.above(80);
  });

  for (const number of [0, 101, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) {
    it(`refuses ${number}`, async () => {
      const failure = await refusal(() => sumWithRandom(number), 'INVALID_REQUEST');
      expect(failure.message).to.equal(`The number must be 1-100, got ${number}.`);
      expect(failure.data).to.deep.equal({ field: 'number' });
    });
  }
});
