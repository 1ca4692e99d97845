import { expect } from 'chai';
import type { ImportedRow } from '../../src/projections/journal-records.ts';
import { type RowRejection, validateRows } from '../../src/room/row-validation.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-01-10T00:00:00Z');
const GOLD = { instrument: 'XAU', market: 'gold', currency: 'USD', unit: 'ozt' } as const;
const COIN = { instrument: 'DOGE', market: 'crypto', currency: 'USD', unit: 'coin' } as const;

function judged(
  series: typeof GOLD | typeof COIN,
  rows: readonly ImportedRow[],
  { force = false } = {},
): (string | undefined)[] {
  const reasons: (string | undefined)[] = [];
  validateRows(
    series,
    rows,
    force ? undefined : [],
    NOW,
    (_, objection: RowRejection | undefined) => void reasons.push(objection?.reason),
  );
  return reasons;
}

const day = (number: number, close: number, range: [number, number, number]): ImportedRow => [
  Date.parse('2026-01-01T00:00:00Z') + number * DAY,
  null,
  close,
  null,
  null,
  range,
];

describe('validateRows', () => {
  it('holds a row whose open, high or low is too far from its close', () => {
    expect(
      judged(GOLD, [
        day(0, 4000, [3950, 4050, 3900]),
        day(1, 4010, [4000, 40_500, 3990]),
        day(2, 4020, [4010, 4030, 129]),
        day(3, 4030, [4020, 4040, 4010]),
      ]),
    ).to.deep.equal([
      undefined,
      'its high 40500 is too far from its close 4010',
      'its low 129 is too far from its close 4020',
      undefined,
    ]);
  });

  it('accepts wide moves of a coin within a day, and any range with --force', () => {
    expect(judged(COIN, [day(0, 0.0344, [0.0077, 0.0787, 0.0075])])).to.deep.equal([undefined]);
    expect(judged(GOLD, [day(0, 4010, [4000, 40_500, 3990])], { force: true })).to.deep.equal([undefined]);
  });
});
