import { expect } from 'chai';
import { ResponseFormatError } from '../../src/rates/provider.ts';
import { BodyField, type NumberNotation, parseNumber } from '../../src/rates/response-body.ts';

describe('parseNumber', () => {
  const NUMBERS: readonly (readonly [NumberNotation, string, number | undefined])[] = [
    ['plain', '102200000.0', 102_200_000],
    ['plain', '7.35E-6', 0.00000735],
    ['plain', '7.35e-06', 0.00000735],
    ['plain', '1.5e+5', 150_000],
    ['plain', '1e5', 100_000],
    ['plain', '1,5', undefined],
    ['plain', '1e', undefined],
    ['plain', 'e5', undefined],
    ['plain', '0x10', undefined],
    ['comma', '60,650.50', 60_650.5],
    ['comma', '7.35E-6', 0.00000735],
    ['comma', '0,867', undefined], // decimals: no group begins with 0
    ['comma', '012,345', undefined],
    ['comma', '60.650,00', undefined],
    ['dot', '52.900', 52_900],
    ['dot', '1.234,5', 1234.5],
    ['dot', '7,35e-6', 0.00000735],
    ['dot', '0.867', undefined],
    ['groups', '40.720', 40_720],
    ['groups', '40,720', 40_720],
    ['groups', '0,720', undefined],
    ['groups', '40.720,5', undefined],
    ['groups', '1e5', undefined],
  ];
  for (const [form, text, expected] of NUMBERS) {
    it(`reads ${text} as ${expected ?? 'no number'} in the form ${form}`, () => {
      expect(parseNumber(text, form)).to.equal(expected);
    });
  }
});

describe('BodyField', () => {
  const price = (value: unknown, form: NumberNotation = 'plain') => new BodyField(value, 'price').price(form);

  it('treats nothing, a dash and zero in any format as no price', () => {
    expect(price(0)).to.equal(null);
    for (const value of [null, '', ' ', '-', '–', '0', '0.00', '0,00', '0.000', '0,000.00']) {
      for (const form of ['plain', 'comma', 'dot', 'groups'] as const) expect(price(value, form)).to.equal(null);
    }
  });

  it('refuses numbers that cannot be prices', () => {
    for (const value of [-1, '-1', '1e999', '1e99', Number.NaN, 'NaN', true, []]) {
      expect(() => price(value), String(value)).to.throw(ResponseFormatError, /^price: expected /);
    }
  });
});
