import { expect } from 'chai';
import fc from 'fast-check';
import { parseTime } from '../../src/cli/quote-time.ts';
import { parseDay } from '../../src/domain/instant.ts';

const VIETNAM = 7 * 3_600_000;

describe('time in a quote file', () => {
  const cases: Record<string, number> = {
    '2021-12-27': Date.UTC(2021, 11, 27) - VIETNAM,
    '2021/12/27': Date.UTC(2021, 11, 27) - VIETNAM,
    '1833-01': Date.UTC(1833, 0, 1) - VIETNAM,
    '2021-12-27 15:04': Date.UTC(2021, 11, 27, 15, 4) - VIETNAM,
    '2021-12-27T15:04:05': Date.UTC(2021, 11, 27, 15, 4, 5) - VIETNAM,
    '2021-12-27T15:04:05.6789Z': Date.UTC(2021, 11, 27, 15, 4, 5, 678),
    '2021-12-27T15:04:05+05:30': Date.UTC(2021, 11, 27, 9, 34, 5),
    '2021-12-27 15:04:05 -0800': Date.UTC(2021, 11, 27, 23, 4, 5),
    '2021-12-27 15:04 UTC': Date.UTC(2021, 11, 27, 15, 4),
    '27/12/2021': Date.UTC(2021, 11, 27) - VIETNAM,
    '27/12/2021 08:30': Date.UTC(2021, 11, 27, 8, 30) - VIETNAM,
    '1640563200': 1_640_563_200_000,
    '1640563200.5': 1_640_563_200_500,
    '1640563200123': 1_640_563_200_123,
    '-4323283200000': -4_323_283_200_000,
    '2024-02-29': Date.UTC(2024, 1, 29) - VIETNAM,
  };
  for (const [text, at] of Object.entries(cases)) it(`reads ${text}`, () => expect(parseTime(text)).to.equal(at));

  for (const text of [
    '',
    '2021',
    '2021-13',
    '2021-02-29',
    '2021-12-32',
    '2021-1-01',
    '2021-12/27',
    '2021-12-27 24:00',
    '2021-12-27 10:60',
    '2021-12-27 10:00:60',
    '2021-12-27 10:00:00.',
    '2021-12-27 10:00+24:00',
    '2021-12-27x',
    '2021-12-27 10',
    '32/12/2021',
    '12/27/2021',
    '27/12/21',
    '20211227',
    '17',
    '99999999999999999',
    'yesterday',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseTime(text)).to.equal(undefined));
  }

  it('agrees with the calendar of the house on every day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), fc.nat(14), fc.nat(40), (year, month, day) => {
        const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
        expect(parseTime(text)).to.equal(parseDay(text)?.start);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads every instant back from its ISO form', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(parseTime(date.toISOString())).to.equal(date.getTime());
      }),
      { numRuns: 2000 },
    );
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const at = parseTime(text);
        expect(at === undefined || Number.isSafeInteger(at)).to.equal(true);
      }),
    );
  });
});
