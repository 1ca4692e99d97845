import { expect } from 'chai';
import fc from 'fast-check';
import { GRAMS_PER_UNIT, type Unit } from '../../src/domain/unit.ts';
import { findScaleMistakeNear, findUnitMistakeNear, findUnitMistakeWithin } from '../../src/domain/unit-mistake.ts';

describe('unit mistakes', () => {
  it('are named as the unit or scale to use', () => {
    for (const [ratio, unit, factor, hint] of [
      [0.1, 'tael', 0.1, 'per chỉ? --unit chi'],
      [0.107, 'tael', 0.1, 'per chỉ? --unit chi'],
      [10, 'tael', 10, 'per tael, not per chỉ? --unit tael'],
      [10, 'chi', 10, 'per tael? --unit tael'],
      [1 / 37.5, 'tael', 1 / 37.5, 'per gram? --unit g'],
      [26.5, 'tael', 1000 / 37.5, 'per kilogram? --unit kg'],
      [31.1034768 / 37.5, 'tael', 31.1034768 / 37.5, 'per troy ounce? --unit ozt'],
      [1 / 31.1, 'ozt', 1 / 31.1034768, 'per gram? --unit g'],
      [1.2057, 'ozt', 37.5 / 31.1034768, 'per tael? --unit tael'],
      [31.1, 'g', 31.1034768, 'per troy ounce? --unit ozt'],
      [1000, 'g', 1000, 'per kilogram? --unit kg'],
      [3.75, 'g', 3.75, 'per chỉ? --unit chi'],
      [3.75, 'tael', 3.75, 'per chỉ, not per gram? --unit chi'],
      [1 / 3.75, 'tael', 1 / 3.75, 'per gram, not per chỉ? --unit g'],
      [31.1, 'tael', 31.1034768, 'per troy ounce, not per gram? --unit ozt'],
      [0.001, 'tael', 0.001, 'in thousands? --scale 1000'],
      [1e-6, 'tael', 1e-6, 'in millions? --scale 1000000'],
      [0.001, 'each', 0.001, 'in thousands? --scale 1000'],
      [0.01, 'each', 0.01, 'in hundreds? --scale 100'],
      [0.1, 'each', 0.1, '10 times too low? --scale 10'],
      [10, 'each', 10, '10 times too high? --scale 0.1'],
      [100, 'each', 100, 'per 100? --scale 0.01'],
      [1000, 'each', 1000, '1,000 times too high? --scale 0.001'],
      [1e6, 'coin', 1e6, '1,000,000 times too high? --scale 0.000001'],
      [8.5e11, 'coin', 1e12, '10^12 times too high? --scale 1e-12'],
    ] as const) {
      const found = findUnitMistakeNear(ratio, unit);
      expect(found?.hint, `${ratio} ${unit}`).to.equal(hint);
      expect(found?.factor).to.be.closeTo(factor, factor * 1e-9);
    }
  });

  it('are none if the price may have moved', () => {
    for (const ratio of [1, 1.1, 1.25, 0.75, 0.8, 1.3, 1.5, 0.6, 2, 0.5, 5, 50]) {
      expect(findUnitMistakeNear(ratio, 'each'), String(ratio)).to.equal(undefined);
    }
    for (const ratio of [1, 1.1, 1.18, 1.25, 1.3, 0.75, 0.8, 0.85, 1.5, 2, 0.5]) {
      expect(findUnitMistakeNear(ratio, 'tael'), String(ratio)).to.equal(undefined);
      expect(findUnitMistakeNear(ratio, 'ozt'), String(ratio)).to.equal(undefined);
    }
  });

  it('are found within the given tolerance around a power of ten', () => {
    expect(findUnitMistakeNear(14, 'coin')).to.equal(undefined);
    expect(findUnitMistakeNear(14, 'coin', 0.5)?.factor).to.equal(10);
    expect(findUnitMistakeNear(14, 'coin', 0.3)).to.equal(undefined);
    expect(findScaleMistakeNear(14, 'coin', 0.5)?.factor).to.equal(10);
    expect(findScaleMistakeNear(26.5, 'tael', 0.2)).to.equal(undefined);
  });

  it('are chosen as the one that brings a price nearest to its usual level, and into the range', () => {
    expect(findUnitMistakeWithin(0.1, 'tael', 0.5, 2)?.factor).to.equal(0.1);
    expect(findUnitMistakeWithin(0.027, 'tael', 0.5, 2)?.hint).to.equal('per gram? --unit g');
    expect(findUnitMistakeWithin(0.03, 'tael', 0.18, 1.75)?.hint).to.equal('per gram? --unit g');
    expect(findUnitMistakeWithin(2.1, 'tael', 0.55, 2)).to.equal(undefined); // 1.2 would explain it, but so does a rise
    expect(findUnitMistakeWithin(100, 'coin', 1e-4, 50)?.factor).to.equal(100);
    expect(findUnitMistakeWithin(0, 'coin', 1e-4, 50)).to.equal(undefined);
  });

  it('explain their ratio, and every confusion of units is found', () => {
    const weights = (Object.keys(GRAMS_PER_UNIT) as Unit[]).filter((unit) => GRAMS_PER_UNIT[unit] !== undefined);
    const weight = fc.constantFrom(...weights);
    fc.assert(
      fc.property(weight, weight, fc.double({ min: 0.99, max: 1.01, noNaN: true }), (unit, meant, noise) => {
        if (unit === meant) return;
        const ratio = GRAMS_PER_UNIT[meant]! / GRAMS_PER_UNIT[unit]!;
        expect(findUnitMistakeNear(ratio * noise, unit)?.factor).to.be.closeTo(ratio, ratio * 1e-9);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 0 }), fc.constantFrom(...(Object.keys(GRAMS_PER_UNIT) as Unit[])), (ratio, unit) => {
        const found = findUnitMistakeNear(ratio, unit);
        if (found) expect(ratio / found.factor).to.be.within(0.8, 1.25);
      }),
    );
  });
});
