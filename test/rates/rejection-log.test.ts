import { expect } from 'chai';
import type { Logger } from '../../src/domain/logger.ts';
import type { RejectedQuote } from '../../src/rates/quote-sink.ts';
import { RejectionLog } from '../../src/rates/rejection-log.ts';

function refused(instrument: string, reason: string): RejectedQuote {
  const quote = {
    instrument,
    market: 'gold',
    provider: 'p',
    company: 'P',
    brand: '',
    buy: 1,
    sell: 2,
    currency: 'VND',
    unit: 'tael',
    at: 0,
  } as const;
  return { quote, reason };
}

describe('RejectionLog', () => {
  let lines: object[];
  let refusals: RejectionLog;

  beforeEach(() => {
    lines = [];
    const ignore = () => {};
    const log: Logger = { debug: ignore, info: ignore, error: ignore, warn: (fields) => lines.push(fields) };
    refusals = new RejectionLog('p', log);
  });

  it('logs each reason once while it lasts, whatever its numbers', () => {
    refusals.logQuotes([refused('SJC', '151.5 is a jump of over 20 % from 100')]);
    refusals.logQuotes([refused('SJC', '152 is a jump of over 20 % from 100.25')]);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ provider: 'p', instrument: 'SJC', reason: '151.5 is a jump of over 20 % from 100' });
    refusals.logQuotes([refused('SJC', 'buy 3 is over sell 2 by more than 5 %')]);
    expect(lines).to.have.length(2);
  });

  it('logs a reason again after a response without it', () => {
    refusals.logQuotes([refused('SJC', 'no')]);
    refusals.logQuotes([]);
    refusals.logQuotes([refused('SJC', 'no')]);
    expect(lines).to.have.length(2);
  });

  it('logs an invalid row once while similar ones occur', () => {
    const row = (index: number) => ({ path: `data[${index}].sell`, reason: 'expected a price' });
    refusals.logRows({ count: 30, first: [row(1), row(7)] });
    refusals.logRows({ count: 2, first: [row(3)] });
    expect(lines).to.deep.equal([
      { event: 'rates.rejected', provider: 'p', path: 'data[1].sell', reason: 'expected a price', rows: 30 },
    ]);
    refusals.logRows({ count: 0, first: [] });
    refusals.logRows({ count: 1, first: [row(3)] });
    expect(lines).to.have.length(2);
  });

  it('limits the lines of many reasons', () => {
    refusals.logQuotes(Array.from({ length: 500 }, (_, n) => refused(`COIN-${n}`, 'no')));
    expect(lines).to.have.length(21);
    expect(lines.at(-1)).to.deep.equal({ event: 'rates.refused', provider: 'p', quotes: 480 });
  });
});
