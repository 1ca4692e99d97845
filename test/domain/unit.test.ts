import { expect } from 'chai';
import fc from 'fast-check';
import { isUnit, UNITS, type Unit, unitFactor } from '../../src/domain/unit.ts';

const units = fc.constantFrom(...(Object.keys(UNITS) as Unit[]));
const WEIGHTS: Unit[] = ['tael', 'chi', 'ozt', 'kg', 'g'];

describe('units', () => {
  it('know the weights of the trade', () => {
    expect(unitFactor('tael', 'chi')).to.equal(0.1);
    expect(unitFactor('chi', 'tael')).to.equal(10);
    expect(unitFactor('tael', 'ozt')).to.be.closeTo(0.829426048, 1e-12);
    expect(unitFactor('kg', 'g')).to.equal(0.001);
  });

  it('compare weights with weights, and nothing else with another', () => {
    fc.assert(
      fc.property(units, units, (from, to) => {
        const factor = unitFactor(from, to);
        if (from === to) expect(factor).to.equal(1);
        else expect(factor !== undefined).to.equal(WEIGHTS.includes(from) && WEIGHTS.includes(to));
        if (factor !== undefined) expect(factor * unitFactor(to, from)!).to.be.closeTo(1, 1e-12);
      }),
    );
  });

  it('are told from other words', () => {
    for (const unit of Object.keys(UNITS)) expect(isUnit(unit)).to.equal(true);
    for (const text of ['', 'Tael', 'toString', '__proto__', 'hasOwnProperty', 'lb'])
      expect(isUnit(text)).to.equal(false);
  });
});
