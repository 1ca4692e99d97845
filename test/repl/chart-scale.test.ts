import { expect } from 'chai';
import fc from 'fast-check';
import {
  columnOfTime,
  describeCoverage,
  gapThresholdMs,
  roundTicks,
  timeTickLine,
  timeTicks,
} from '../../src/repl/chart-scale.ts';

const DAY = 86_400_000;
/** Midnight of 1 January 2024 in Vietnam. */
const START = Date.UTC(2024, 0, 1) - 7 * 3_600_000;
const daily = (days: number, from = START) => Array.from({ length: days }, (_, i) => ({ at: from + i * DAY }));

describe('the scales of a chart', () => {
  it('have round prices', () => {
    expect(roundTicks(148.13, 159.9, 8)).to.deep.equal({ values: [150, 152, 154, 156, 158], step: 2 });
    expect(roundTicks(0, 1, 5)).to.deep.equal({ values: [0, 0.25, 0.5, 0.75, 1], step: 0.25 });
    expect(roundTicks(-1, 1, 3).values).to.deep.equal([-1, 0, 1]);
    expect(roundTicks(5, 5, 3).values).to.deep.equal([]);
    fc.assert(
      fc.property(
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
        fc.double({ min: 1e-9, max: 1e15, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        (low, range, count) => {
          const { values } = roundTicks(low, low + range, count);
          expect(values.length).to.be.at.most(count);
        },
      ),
    );
  });

  for (const [name, days, wanted] of [
    ['1d', 1, /\d\d:00/],
    ['1w', 7, /^ *\d\d-\d\d( +\d\d-\d\d)+$/],
    ['1m', 30, /^ *\d\d-\d\d( +\d\d-\d\d)+$/],
    ['3m', 91, /^ *\d\d-(01|16)( +\d\d-(01|16))+$/],
    ['1y', 365, /2024-0\d +2024-0\d/],
    ['5y', 1826, /^ *20\d\d( +20\d\d)+$/],
    ['190 years', 190 * 365, /^ *(1[89]|20)\d[05]( +(1[89]|20)\d[05])+$/],
  ] as const) {
    it(`have four to six round dates in ${name}`, () => {
      const to = START + 200 * DAY + 5 * 3_600_000;
      for (const width of [80, 120, 180]) {
        const ticks = timeTicks({ from: to - days * DAY, to }, width);
        expect(ticks.length, `${name} at ${width}`).to.be.within(4, 6);
        expect(timeTickLine(ticks)).to.match(wanted);
      }
      expect(timeTicks({ from: to - days * DAY, to }, 25).length, `${name} at 25`).to.be.within(2, 6);
    });
  }

  it('keep labels apart and within the axis', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e14, max: 1e14 }),
        fc.integer({ min: 1, max: 1e13 }),
        fc.integer({ min: 1, max: 200 }),
        (from, length, width) => {
          const window = { from, to: from + length };
          const ticks = timeTicks(window, width);
          const line = timeTickLine(ticks);
          expect(line.length).to.be.at.most(width);
          expect(line.split(' ').filter((label) => label !== '')).to.deep.equal(ticks.map(({ label }) => label));
          for (const { column } of ticks) expect(column).to.be.within(0, width - 1);
        },
      ),
    );
  });

  it('place a time by its distance', () => {
    const window = { from: START, to: START + 100 * DAY };
    expect([0, 25, 99.9, 100].map((days) => columnOfTime(START + days * DAY, window, 50))).to.deep.equal([
      0, 12, 49, 49,
    ]);
    expect(columnOfTime(START - DAY, window, 50)).to.be.below(0);
  });

  it('take nights and weekends for no gaps, and a month without prices for one', () => {
    expect(gapThresholdMs(daily(300))).to.equal(8 * DAY);
    expect(gapThresholdMs([{ at: START }, { at: START + 60_000 }])).to.equal(4 * DAY);
    expect(gapThresholdMs(daily(300).map(({ at }) => ({ at: START + (at - START) * 30 })))).to.equal(240 * DAY);
  });
});

describe('what a chart says it covers', () => {
  const to = START + 5 * 365.25 * DAY;
  const label = (days: number, range: string | undefined, from: number, endsAt = to) =>
    describeCoverage(daily(days, endsAt - days * DAY), { from, to }, range);

  it('is its range, if there are prices for all of it', () => {
    expect(label(1826, '5y', START)).to.deep.equal({ label: '5y', endedAt: null });
    expect(label(365, '1y', to - 365 * DAY)).to.deep.equal({ label: '1y', endedAt: null });
  });

  it("is never five years of one year's prices", () => {
    expect(label(366, '5y', START).label).to.equal('1y (all the data)');
    expect(label(244, '1y', to - 365 * DAY).label).to.equal('8m (all the data)');
    expect(label(6200, 'all', to - 6200 * DAY).label).to.equal('17y (all the data)');
    expect(label(12, '1m', to - 30 * DAY).label).to.equal('11d');
    expect(label(1, '5y', START).label).to.equal('one price');
  });

  it('ends where the prices end', () => {
    const endsAt = to - 150 * DAY;
    const { label: text, endedAt } = label(1000, '5y', START, endsAt);
    expect(text).to.equal('2.7y (all the data)');
    expect(endedAt).to.equal(endsAt - DAY);
    const weekly = daily(100, endsAt)
      .map(({ at }) => ({ at: endsAt - (at - endsAt) * 7 }))
      .reverse();
    expect(describeCoverage(weekly, { from: START, to }).endedAt).to.equal(endsAt + 6 * DAY);
    const until = describeCoverage(daily(10, to - 20 * DAY), { from: to - 30 * DAY, to }, '1m', to);
    expect(until.endedAt).to.equal(null);
    expect(describeCoverage(weekly, { from: START, to }, '5y', endsAt + DAY).endedAt).to.equal(endsAt + DAY);
  });
});
