import { expect } from 'chai';
import fc from 'fast-check';
import { GRAMS_PER_UNIT, parseUnit, UNIT_NAMES, type Unit, unitConversionFactor } from '../../src/domain/unit.ts';

const UNIT_IDS = Object.keys(GRAMS_PER_UNIT) as Unit[];
const units = fc.constantFrom(...UNIT_IDS);
const WEIGHTS: Unit[] = ['tael', 'chi', 'phan', 'ozt', 'kg', 'g'];

const NAMES: readonly (readonly [name: string, unit: Unit])[] = [
  ...UNIT_IDS.map((unit) => [unit, unit] as const),
  ['lượng', 'tael'],
  ['lạng', 'tael'],
  ['cây', 'tael'],
  ['taels', 'tael'],
  ['chỉ', 'chi'],
  ['phân', 'phan'],
  ['oz', 'ozt'],
  ['ounce', 'ozt'],
  ['troy ounce', 'ozt'],
  ['Troy  Ounces', 'ozt'],
  ['kilogram', 'kg'],
  ['gram', 'g'],
  ['gam', 'g'],
  ['gr', 'g'],
];

describe('units', () => {
  it('have the weights of the trade', () => {
    expect(unitConversionFactor('tael', 'chi')).to.equal(0.1);
    expect(unitConversionFactor('chi', 'tael')).to.equal(10);
    expect(unitConversionFactor('phan', 'tael')).to.equal(100);
    expect(unitConversionFactor('phan', 'chi')).to.equal(10);
    expect(unitConversionFactor('tael', 'ozt')).to.be.closeTo(0.829426048, 1e-12);
    expect(unitConversionFactor('kg', 'g')).to.equal(0.001);
  });

  it('convert weights to weights, and nothing else to another unit', () => {
    fc.assert(
      fc.property(units, units, (from, to) => {
        const factor = unitConversionFactor(from, to);
        if (from === to) expect(factor).to.equal(1);
        else expect(factor !== undefined).to.equal(WEIGHTS.includes(from) && WEIGHTS.includes(to));
        if (factor !== undefined) expect(factor * unitConversionFactor(to, from)!).to.be.closeTo(1, 1e-12);
      }),
    );
  });

  it('are found by name and alias', () => {
    for (const [name, unit] of NAMES) expect(parseUnit(name), name).to.equal(unit);
  });

  it('are found regardless of case, accents, Unicode form and surrounding space', () => {
    const spelling = fc.record({
      of: fc.constantFrom(...NAMES),
      form: fc.constantFrom('NFC', 'NFD'),
      isUpper: fc.boolean(),
      isBare: fc.boolean(),
      space: fc.stringMatching(/^[ \t\u00a0]{0,3}$/),
    });
    fc.assert(
      fc.property(spelling, ({ of: [name, unit], form, isUpper, isBare, space }) => {
        const bare = isBare ? name.normalize('NFD').replace(/\p{M}/gu, '') : name;
        const cased = isUpper ? bare.toUpperCase() : bare;
        expect(parseUnit(`${space}${cased.normalize(form)}${space}`)).to.equal(unit);
      }),
    );
  });

  it('are distinguished from other words', () => {
    for (const text of ['', ' ', 'pound', 'lb', 'toString', '__proto__', 'hasOwnProperty', 'VND', 'mg', 'oz/t']) {
      expect(parseUnit(text), text).to.equal(undefined);
    }
    expect(parseUnit(`${' '.repeat(100_000)}tael`)).to.equal(undefined);
  });

  it('are all listed in the message, with names that are accepted', () => {
    const listed = UNIT_NAMES.split(/[,()\s]+/).filter((name) => name !== '');
    for (const name of listed) expect(parseUnit(name), name).to.not.equal(undefined);
    for (const unit of UNIT_IDS) expect(listed).to.include(unit);
  });
});
