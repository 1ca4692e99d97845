import { expect } from 'chai';
import { dailyPages, historyDays } from '../../src/rates/daily-history.ts';
import { contextAt } from './context.ts';

const DAY = 24 * 3_600_000;

describe('historyDays', () => {
  const now = Date.parse('2026-03-16T12:00:00+07:00');
  const context = contextAt(now);
  const start = (day: string) => Date.parse(`${day}T00:00:00+07:00`);

  it('lists the days that overlap the range, oldest first, up to today', () => {
    expect(historyDays(context, now - DAY, now + 9 * DAY, 100)).to.deep.equal([
      start('2026-03-15'),
      start('2026-03-16'),
    ]);
    expect(historyDays(context, start('2026-03-14'), start('2026-03-15'), 100)).to.deep.equal([start('2026-03-14')]);
    expect(historyDays(context, 0, now, 2)).to.deep.equal([start('2026-03-15'), start('2026-03-16')]);
    expect(historyDays(context, now + 1, now + DAY, 100)).to.deep.equal([]);
    expect(historyDays(context, now, now, 100)).to.deep.equal([]);
  });
});

describe('dailyPages', () => {
  it('names each page by its day, and reads none before a request', async () => {
    const read: number[] = [];
    const start = Date.parse('2026-03-15T00:00:00+07:00');
    const pages = dailyPages([start, start + DAY], async (day) => {
      read.push(day);
      return [];
    });
    expect(pages.map(({ id }) => id)).to.deep.equal(['2026-03-15', '2026-03-16']);
    expect(read).to.deep.equal([]);
    await pages[1]!.read();
    expect(read).to.deep.equal([start + DAY]);
  });
});
