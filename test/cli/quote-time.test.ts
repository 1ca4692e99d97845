import { expect } from 'chai';
import fc from 'fast-check';
import { isClock, needsDateOrder, parseDateOrder, parseImportTime } from '../../src/cli/quote-time.ts';
import { parseDate } from '../../src/domain/time.ts';

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
  for (const [text, at] of Object.entries(cases)) {
    it(`reads ${text}`, () => expect(parseImportTime(text, 'd/m')).to.equal(at));
  }

  const may8 = Date.UTC(2021, 4, 8) - VIETNAM;
  for (const text of [
    ...['2021-5-8', '2021.05.08', '2021/5/8', '20210508', '44324', '44324.0', '8 May 2021', '08-May-2021', '8-may-21'],
    ...['May 8, 2021', 'May 8 2021', 'Sat, 08 May 2021', 'Saturday, May 8, 2021', '8th May 2021', '2021-May-08'],
    ...['8 tháng 5 2021', '8 tháng 5, 2021', 'ngày 8 tháng 5 năm 2021', '8 Thg 5 2021', '08/Th5/2021'],
    ...['Thứ Bảy, 8 tháng 5 2021', '8/5/2021', '08-05-2021', '8.5.2021', '08 05 2021', '08-05-21', '8/5/21'],
    ...['08/05/2021 00:00', '8/5/2021 12:00:00 AM', '00:00 08/05/2021', '0h00 08/05/2021', '8/5/2021, 0:00:00'],
    ...['20210508 000000', '20210508000000', '202105080000', '2021-05-07T17:00:00Z', '1620406800', '1620406800000000'],
    ...['Sat May 08 2021 00:00:00 GMT+0700 (Indochina Time)', '2021-05-08 12:00 SA', '8/5/2021 00:00 ICT'],
  ]) {
    it(`reads ${text}`, () => expect(parseImportTime(text, 'd/m')).to.equal(may8));
  }

  it('reads months, and the first day of them', () => {
    const november = Date.UTC(2018, 10, 1) - VIETNAM;
    for (const text of [
      '2018-11',
      '11/2018',
      'Nov 2018',
      'November, 2018',
      'tháng 11 2018',
      'Tháng 11/2018',
      '2018 Nov',
      '2018M11',
    ])
      expect(parseImportTime(text), text).to.equal(november);
  });

  it('reads times of both halves of the day', () => {
    const at = (hours: number, minutes: number) => may8 + (hours * 60 + minutes) * 60_000;
    for (const [text, instant] of [
      ['8/5/2021 3:04 PM', at(15, 4)],
      ['8/5/2021 3:04:00 CH', at(15, 4)],
      ['8/5/2021 03:04 chiều', undefined],
      ['8/5/2021 12:30 PM', at(12, 30)],
      ['8/5/2021 12:30 AM', at(0, 30)],
      ['8/5/2021 13:00 PM', undefined],
      ['3:04 p.m. 8/5/2021', at(15, 4)],
      ['8 May 2021 5 PM', at(17, 0)],
      ['2021-05-08 03:04 PM', at(15, 4)],
    ] as const) {
      expect(parseImportTime(text, 'd/m'), text).to.equal(instant);
    }
    expect(['8:30', '08:30:15', '3:04 PM', '8h30'].map(isClock)).to.deep.equal([true, true, true, true]);
    expect(['8', '25:00', '2021-05-08', '', '13:00 PM'].map(isClock)).to.deep.equal([
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('reads a date of three numbers by its order, and without one not at all', () => {
    for (const text of ['05/06/2021', '5-6-2021', '05.06.21', '5/6/2021 3:04 PM', '15:04 05/06/2021']) {
      expect(needsDateOrder(text), text).to.equal(true);
      expect(parseImportTime(text), text).to.equal(undefined);
      expect(new Date(parseImportTime(text, 'd/m')! + VIETNAM).toISOString().slice(0, 10)).to.equal('2021-06-05');
      expect(new Date(parseImportTime(text, 'm/d')! + VIETNAM).toISOString().slice(0, 10)).to.equal('2021-05-06');
    }
    expect(new Date(parseImportTime('21-05-06', 'y-m-d')! + VIETNAM).toISOString().slice(0, 10)).to.equal('2021-05-06');
    expect(parseImportTime('12/27/2021', 'm/d')).to.equal(Date.UTC(2021, 11, 27) - VIETNAM);
    for (const text of ['2021-05-06', '2021-05-06 10:30', '20210506', '44324', '8 May 2021', '1620406800', '11/2018']) {
      expect(needsDateOrder(text), text).to.equal(false);
    }
  });

  it('takes two digits for the latest such year that is not to come', () => {
    const year = new Date().getUTCFullYear();
    const next = String(year + 1).slice(2);
    expect(parseImportTime(`01-01-${next}`, 'd/m')).to.equal(Date.UTC(year - 99, 0, 1) - VIETNAM);
    expect(parseImportTime('31-12-99', 'd/m')).to.equal(Date.UTC(1999, 11, 31) - VIETNAM);
  });

  it('knows the orders by whatever people write', () => {
    for (const text of ['d/m', 'D/M/Y', 'dd/mm/yyyy', 'dmy']) expect(parseDateOrder(text), text).to.equal('d/m');
    for (const text of ['m/d', 'mm-dd-yy', 'MDY']) expect(parseDateOrder(text), text).to.equal('m/d');
    for (const text of ['y-m-d', 'yyyy.mm.dd', 'ymd']) expect(parseDateOrder(text), text).to.equal('y-m-d');
    for (const text of ['', 'us', 'ydm', 'iso']) expect(parseDateOrder(text), text).to.equal(undefined);
  });

  for (const text of [
    '',
    '2021',
    '2021-13',
    '2021-02-29',
    '2021-12-32',
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
    '20211327',
    '2021.12',
    'Nov-18',
    '31 Apr 2021',
    '16 Foo 2021',
    '09999',
    '17',
    '99999999999999999',
    'yesterday',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseImportTime(text, 'd/m')).to.equal(undefined));
  }

  it('agrees with the calendar of the house on every day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), fc.nat(14), fc.nat(40), (year, month, day) => {
        const text = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
        expect(parseImportTime(text)).to.equal(parseDate(text)?.start);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads every instant back from its ISO form', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(parseImportTime(date.toISOString())).to.equal(date.getTime());
      }),
      { numRuns: 2000 },
    );
  });

  it('reads every day back from each form in which it is written', () => {
    const day = fc.date({ min: new Date('1950-01-01'), max: new Date('2026-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(day, fc.constantFrom('/', '-', '.'), (date, mark) => {
        const [year, month, of] = date.toISOString().slice(0, 10).split('-') as [string, string, string];
        const start = Date.parse(`${year}-${month}-${of}T00:00:00+07:00`);
        const name = date.toLocaleString('en', { month: 'short', timeZone: 'UTC' });
        const forms = [
          ...[`${year}${mark}${month}${mark}${of}`, `${year}${month}${of}`, `${of} ${name} ${year}`],
          ...[`${name} ${Number(of)}, ${year}`, `${of} tháng ${Number(month)} ${year}`, `${of}-${name}-${year}`],
        ];
        for (const text of forms) expect(parseImportTime(text), text).to.equal(start);
        for (const text of [
          `${of}${mark}${month}${mark}${year}`,
          `${Number(of)}${mark}${Number(month)}${mark}${year}`,
        ]) {
          expect(parseImportTime(text, 'd/m'), text).to.equal(start);
        }
        expect(parseImportTime(`${month}${mark}${of}${mark}${year}`, 'm/d')).to.equal(start);
        const serial = (Date.UTC(Number(year), Number(month) - 1, Number(of)) - Date.UTC(1899, 11, 30)) / 86_400_000;
        expect(parseImportTime(String(serial))).to.equal(start);
        const clock = date.toLocaleString('en-US', { timeStyle: 'medium', timeZone: 'UTC' });
        const instant = start + (Math.floor(date.getTime() / 1000) * 1000 - Date.parse(`${year}-${month}-${of}`));
        expect(parseImportTime(`${month}/${of}/${year}, ${clock}`, 'm/d'), clock).to.equal(instant);
      }),
      { numRuns: 500 },
    );
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('d/m', 'm/d', 'y-m-d', undefined), (text, order) => {
        const at = parseImportTime(text, order);
        expect(at === undefined || Number.isSafeInteger(at)).to.equal(true);
      }),
    );
  });
});
