import { expect } from 'chai';
import fc from 'fast-check';
import {
  CANDLE_INTERVALS,
  formatDate,
  formatDateTime,
  formatDuration,
  formatForumTime,
  parseDate,
  parseDuration,
  parseForumTime,
  parseLocalTime,
  startOfDay,
  startOfInterval,
} from '../../src/domain/time.ts';

const DAY = 24 * 3_600_000;
const utc = (text: string) => Date.parse(text);
// Vietnam days of the years 0000 to 9999, whose dates have four-digit years.
const instants = fc.integer({ min: utc('0000-01-01T00:00:00+07:00'), max: utc('9999-12-31T23:59:59.999+07:00') });
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'0123456789-: FebJanhmsd٣１') }),
);

describe('time', () => {
  describe('startOfInterval', () => {
    it('returns starts of days, weeks, months and hours in Vietnam', () => {
      const midnight = utc('2021-12-27T00:00:00+07:00'); // a Monday
      expect(startOfInterval('1d', midnight)).to.equal(midnight);
      expect(startOfInterval('1d', midnight - 1)).to.equal(midnight - DAY);
      expect(startOfInterval('1w', midnight)).to.equal(midnight);
      expect(startOfInterval('1w', midnight - 1)).to.equal(midnight - 7 * DAY);
      expect(startOfInterval('1w', midnight + 7 * DAY - 1)).to.equal(midnight);
      expect(startOfInterval('1M', utc('2022-01-01T00:00:00+07:00') - 1)).to.equal(utc('2021-12-01T00:00:00+07:00'));
      expect(startOfInterval('1M', utc('2020-02-29T23:59:59+07:00'))).to.equal(utc('2020-02-01T00:00:00+07:00'));
      expect(startOfInterval('1h', midnight + 3_599_999)).to.equal(midnight);
    });

    it('returns them before 1970, and in the first centuries', () => {
      expect(startOfInterval('1d', utc('1833-06-14T12:00:00+07:00'))).to.equal(utc('1833-06-14T00:00:00+07:00'));
      expect(startOfInterval('1w', utc('1969-12-31T12:00:00+07:00'))).to.equal(utc('1969-12-29T00:00:00+07:00'));
      expect(startOfInterval('1M', utc('1833-06-14T12:00:00+07:00'))).to.equal(utc('1833-06-01T00:00:00+07:00'));
      expect(startOfInterval('1M', utc('0033-06-14T12:00:00+07:00'))).to.equal(utc('0033-06-01T00:00:00+07:00'));
      expect(startOfInterval('1h', -1)).to.equal(-3_600_000);
    });

    it('is not after its time, monotone and idempotent, and whole days begin with whole days', () => {
      fc.assert(
        fc.property(instants, instants, fc.constantFrom(...CANDLE_INTERVALS), (a, b, interval) => {
          const start = startOfInterval(interval, a);
          const longest = { '1h': 3_600_000, '1d': DAY, '1w': 7 * DAY, '1M': 31 * DAY }[interval];
          expect(start).to.be.within(a - longest + 1, a);
          expect(startOfInterval(interval, start)).to.equal(start);
          if (a <= b) expect(start).to.be.at.most(startOfInterval(interval, b));
          if (interval !== '1h') expect(startOfDay(start)).to.equal(start);
        }),
        { numRuns: 1000 },
      );
    });

    it('starts weeks on Mondays and months on the first', () => {
      fc.assert(
        fc.property(instants, (at) => {
          expect(new Date(startOfInterval('1w', at) + 7 * 3_600_000).getUTCDay()).to.equal(1);
          expect(formatDate(startOfInterval('1M', at)).slice(8)).to.equal('01');
          expect(formatDate(startOfInterval('1M', at)).slice(0, 7)).to.equal(formatDate(at).slice(0, 7));
        }),
      );
    });
  });

  describe('parseDate', () => {
    it('returns the day from midnight to midnight in Vietnam', () => {
      expect(parseDate('2021-12-27')).to.deep.equal({
        start: utc('2021-12-26T17:00:00Z'),
        end: utc('2021-12-27T17:00:00Z'),
      });
      expect(parseDate('2020-02-29')).to.not.equal(undefined);
      expect(parseDate('0000-02-29')).to.not.equal(undefined);
      expect(parseDate('0001-01-01')!.start).to.equal(utc('0001-01-01T00:00:00+07:00'));
    });

    it('refuses days that do not exist, and other formats', () => {
      const none = ['2021-02-29', '2021-02-30', '2021-13-01', '2021-00-01', '2021-01-00', '2021-01-32', '1900-02-29'];
      const forms = [
        '',
        '2021-1-1',
        '21-01-01',
        '2021/01/01',
        ' 2021-01-01',
        '2021-01-01\n',
        '-2021-01-01',
        '２０２１-01-01',
      ];
      for (const text of [...none, ...forms]) expect(parseDate(text), text).to.equal(undefined);
    });

    it('is the inverse of formatDate', () => {
      fc.assert(
        fc.property(instants, (at) => {
          const { start, end } = parseDate(formatDate(at))!;
          expect(at).to.be.within(start, end - 1);
          expect(start).to.equal(startOfDay(at));
          expect(formatDate(start)).to.equal(formatDate(at));
        }),
      );
    });
  });

  it('parseDate, parseForumTime and parseDuration accept any text without throwing', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const day = parseDate(text);
        if (day) expect(formatDate(day.start)).to.equal(text);
        const at = parseForumTime(text);
        if (at !== undefined) expect(Number.isInteger(at)).to.equal(true);
        const span = parseDuration(text);
        if (span !== undefined) expect(span).to.be.above(0);
      }),
      { numRuns: 2000 },
    );
  });

  describe('parseForumTime', () => {
    it('parses the output of formatForumTime', () => {
      const at = utc('2021-02-23T15:00:01+07:00');
      expect(formatForumTime(at)).to.equal('23 Feb 2021 15:00:01');
      expect(parseForumTime('23 Feb 2021 15:00:01')).to.equal(at);
      expect(parseForumTime(' 3 feb 2021 05:00:01 ')).to.equal(utc('2021-02-03T05:00:01+07:00'));
    });

    it('refuses invalid times', () => {
      const wrong = ['30 Feb 2021 15:00:00', '0 Feb 2021 15:00:00', '1 Feb 2021 24:00:00', '1 Feb 2021 15:60:00'];
      const forms = [
        '1 Feb 2021 15:00:60',
        '1 Feb 2021 5:00:00',
        '1 February 2021 15:00:00',
        '1 Fxb 2021 15:00:00',
        '1 Feb 2021',
      ];
      for (const text of [...wrong, ...forms]) expect(parseForumTime(text), text).to.equal(undefined);
    });

    it('is the inverse of formatForumTime to the second', () => {
      fc.assert(
        fc.property(instants, (at) => {
          expect(parseForumTime(formatForumTime(at))).to.equal(Math.floor(at / 1000) * 1000);
        }),
      );
    });
  });

  it('parseLocalTime is within its day, and formatDateTime shows it', () => {
    const number = fc.oneof(fc.integer({ min: -2, max: 61 }), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY));
    fc.assert(
      fc.property(instants, number, number, number, (day, hours, minutes, seconds) => {
        const at = parseLocalTime(formatDate(day), hours, minutes, seconds);
        const right = hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60;
        expect(at !== undefined).to.equal(right);
        if (at === undefined) return;
        const two = (value: number) => String(value).padStart(2, '0');
        expect(formatDateTime(at)).to.equal(`${formatDate(day)} ${two(hours)}:${two(minutes)}`);
      }),
    );
  });

  it('parseDuration reads milliseconds to days', () => {
    expect(['250ms', '90s', '30m', '1h', '7d'].map(parseDuration)).to.deep.equal([
      250,
      90_000,
      1_800_000,
      3_600_000,
      7 * DAY,
    ]);
    for (const text of ['0s', '', '5', 'm', '-5m', '1.5h', '5 m', '5M', '1234567890s', '5m\n']) {
      expect(parseDuration(text), text).to.equal(undefined);
    }
  });

  it('formatDuration shows a duration in the best unit', () => {
    const cases: [number, string][] = [
      [-5, '0 s'],
      [499, '0 s'],
      [45_000, '45 s'],
      [59_600, '1 min'],
      [12 * 60_000, '12 min'],
      [59 * 60_000 + 29_000, '59 min'],
      [59 * 60_000 + 31_000, '1 h'],
      [3 * 3_600_000, '3 h'],
      [47 * 3_600_000, '47 h'],
      [47.9 * 3_600_000, '2 d'],
      [9 * DAY, '9 d'],
    ];
    for (const [ms, text] of cases) expect(formatDuration(ms)).to.equal(text);
  });
});
