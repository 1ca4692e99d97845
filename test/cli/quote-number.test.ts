import { expect } from 'chai';
import fc from 'fast-check';
import { createNumberReader } from '../../src/cli/quote-number.ts';

describe('number in a quote file', () => {
  it('scales decimals exactly', () => {
    const million = createNumberReader('1234.5', '1000000')!;
    expect(million('21.06')).to.equal(21_060_000);
    expect(million('8.325')).to.equal(8_325_000);
    expect(million('1.1e2')).to.equal(110_000_000);
    expect(million('0')).to.equal(0);
    expect(createNumberReader('1234.5', '1e3')!('4.35')).to.equal(4350);
    expect(createNumberReader('1234.5', '0.001')!('4350')).to.equal(4.35);
    expect(createNumberReader('1234.5', '1.2')!('1.1')).to.equal(1.32);
    expect(createNumberReader('1234.5', '1.20565')!('3')).to.equal(3.61695);
  });

  it('scales every decimal as the two written out would be', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.nat(6), (digits, places) => {
        const text = (digits / 10 ** places).toFixed(places);
        expect(createNumberReader('1234.5', '1000000')!(text)).to.equal(digits * 10 ** (6 - places));
      }),
    );
  });

  it('reads every number back from its shortest form', () => {
    const read = createNumberReader('1234.5', '1')!;
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(read(String(value))).to.equal(value === 0 ? 0 : value);
      }),
      { examples: [[5e-324], [1.7976931348623157e308]] },
    );
  });

  it('reads marks of thousands only where they belong', () => {
    const english = createNumberReader('1,234.5', '1')!;
    expect(english('1,234,567.25')).to.equal(1_234_567.25);
    expect(english('1234.5')).to.equal(1234.5);
    for (const text of ['21,06', '1,23,456', ',1', '1,2345']) expect(english(text), text).to.equal(undefined);
    const vietnamese = createNumberReader('1.234,5', '1')!;
    expect(vietnamese('1.234.567,25')).to.equal(1_234_567.25);
    expect(vietnamese('1234,5')).to.equal(1234.5);
    for (const text of ['21.06', '1,234.5', '1.23']) expect(vietnamese(text), text).to.equal(undefined);
    expect(createNumberReader('1234.5', '1')!('1,234')).to.equal(undefined);
  });

  it('refuses what is more than a number can hold, whatever the scale', () => {
    for (const scale of ['1', '1000', '3']) {
      const read = createNumberReader('1234.5', scale)!;
      for (const text of ['1e999', '9'.repeat(400), '-1e309'])
        expect(read(text), `${text} by ${scale}`).to.equal(undefined);
    }
    expect(createNumberReader('1234.5', '3')!('1'.repeat(50))).to.equal(undefined);
    expect(createNumberReader('1234.5', '1000')!('1e307')).to.equal(undefined);
  });

  it('refuses what is no number', () => {
    const read = createNumberReader('1234.5', '10')!;
    for (const text of ['', ' ', '0x10', 'Infinity', 'NaN', '10 00', '1_000', '--1', '1e', '.']) {
      expect(read(text), text).to.equal(undefined);
    }
    for (const scale of ['0', '-1', 'x', '', '1,5'])
      expect(createNumberReader('1234.5', scale), scale).to.equal(undefined);
  });
});
