import { expect } from 'chai';
import fc from 'fast-check';
import { parseUserTime } from '../../src/repl/parse-time.ts';
import { chartRangeParams, chartWindow, EARLIEST_MS, readRateHistory } from '../../src/repl/rate-history.ts';

const NOW = Date.UTC(2026, 6, 20);
const DAY_MS = 86_400_000;

describe('parseWhen', () => {
  it('reads days, moments and spans', () => {
    expect(parseUserTime('2021-12-27', NOW)).to.equal(Date.UTC(2021, 11, 26, 17));
    expect(parseUserTime('2021-12-27', NOW, 'end')).to.equal(Date.UTC(2021, 11, 27, 17));
    expect(parseUserTime('2021-12-27 15:00', NOW)).to.equal(Date.UTC(2021, 11, 27, 8));
    expect(parseUserTime('2021-12-27T15:00:30', NOW)).to.equal(Date.UTC(2021, 11, 27, 8, 0, 30));
    expect(parseUserTime('2021-12-27T15:00:00Z', NOW)).to.equal(Date.UTC(2021, 11, 27, 15));
    expect(parseUserTime('2021-12-27T15:00:00+07:00', NOW)).to.equal(Date.UTC(2021, 11, 27, 8));
    expect(parseUserTime('23 Feb 2021 15:00:00', NOW)).to.equal(Date.UTC(2021, 1, 23, 8));
    expect(parseUserTime('30d', NOW)).to.equal(NOW - 30 * 86_400_000);
  });

  it('refuses the rest', () => {
    for (const text of ['', 'yesterday', '2021-02-30', '2021-12-27 25:00', '2021-13-01T00:00:00Z', '5']) {
      expect(parseUserTime(text, NOW), text).to.equal(undefined);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const at = parseUserTime(text, NOW);
        expect(at === undefined || Number.isFinite(at)).to.equal(true);
      }),
    );
  });
});

describe('history', () => {
  it('asks for candles as fine as the range wants them', () => {
    expect(chartRangeParams('all', NOW)).to.deep.equal({
      from: EARLIEST_MS,
      to: NOW + 1,
      interval: '1w',
    });
    expect(new Date(EARLIEST_MS).toISOString()).to.match(/^0001-01-01T00:00/);
    expect(chartWindow('1w', NOW, [{ at: NOW - DAY_MS }])).to.deep.equal({ from: NOW - 7 * DAY_MS, to: NOW });
    expect(chartWindow('all', NOW, [{ at: NOW - 900 * DAY_MS }]).from).to.equal(NOW - 900 * DAY_MS);
    expect(chartRangeParams('1d', NOW).interval).to.equal('raw');
    expect(chartRangeParams('1y', NOW)).to.deep.include({ interval: '1d' });
  });

  it('follows the pages to the end, and no further', async () => {
    const candle = (at: number) => ({ at, open: 1, high: 1, low: 1, close: 1, count: 1 });
    const asked: number[] = [];
    const caller = (next: (from: number) => number | null) => ({
      name: null,
      call: async (_: unknown, { from }: { from: number }) => {
        asked.push(from);
        return { candles: [candle(from)], currency: 'USD', unit: 'coin', next: next(from) };
      },
    });
    const params = { instrument: 'BTC', from: 0, to: 100, interval: '1h' } as const;
    const history = await readRateHistory(caller((from) => (from < 20 ? from + 10 : null)) as never, params);
    expect(history.candles.map(({ at }) => at)).to.deep.equal([0, 10, 20]);
    expect(history.next).to.equal(null);
    let failed: unknown;
    await readRateHistory(caller(() => 10) as never, params).catch((thrown) => {
      failed = thrown;
    });
    expect(failed).to.include({ code: 'INTERNAL' });
  });
});
