import { expect } from 'chai';
import fc from 'fast-check';
import { formatCompactPrice } from '../../src/domain/number-format.ts';

describe('a price in a narrow column', () => {
  it('is shortened to millions, whole units, or fewer digits', () => {
    const all: [number | null, string, string][] = [
      [144_600_000, 'VND', '144.60M'],
      [1_513_000, 'VND', '1.51M'],
      [26_732.2, 'VND', '26,732'],
      [12_345_000_000, 'VND', '12.35B'],
      [117_123.4, 'USD', '117,123'],
      [67_123.4, 'USD', '67,123.40'],
      [0.0712345, 'USD', '0.0712345'],
      [0.00001234567, 'USD', '0.0000123'],
      [1.2e-12, 'USD', '1.2e-12'],
      [null, 'VND', '-'],
    ];
    for (const [value, currency, text] of all) expect(formatCompactPrice(value, currency)).to.equal(text);
  });

  it('is never wider than nine characters', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-30, max: 1e30, noNaN: true }),
        fc.constantFrom('VND', 'USD'),
        (value, currency) => {
          expect(formatCompactPrice(value, currency).length, `${value}`).to.be.at.most(9);
        },
      ),
    );
  });
});
