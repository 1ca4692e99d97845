import { expect } from 'chai';
import type { Log } from '../../src/rates/log.ts';
import { Refusals } from '../../src/rates/refusals.ts';
import type { Refused } from '../../src/rates/sink.ts';

function refused(instrument: string, reason: string): Refused {
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

describe('Refusals', () => {
  let lines: object[];
  let refusals: Refusals;

  beforeEach(() => {
    lines = [];
    const ignore = () => {};
    const log: Log = { debug: ignore, info: ignore, error: ignore, warn: (fields) => lines.push(fields) };
    refusals = new Refusals('p', log);
  });

  it('logs each reason once while it lasts, whatever its numbers', () => {
    refusals.tell([refused('SJC', '151.5 is a jump of over 20 % from 100')]);
    refusals.tell([refused('SJC', '152 is a jump of over 20 % from 100.25')]);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({ provider: 'p', instrument: 'SJC', reason: '151.5 is a jump of over 20 % from 100' });
    refusals.tell([refused('SJC', 'buy 3 is over sell 2 by more than 5 %')]);
    expect(lines).to.have.length(2);
  });

  it('logs it again after an answer without it', () => {
    refusals.tell([refused('SJC', 'no')]);
    refusals.tell([]);
    refusals.tell([refused('SJC', 'no')]);
    expect(lines).to.have.length(2);
  });

  it('logs a row that does not fit once while there is one like it', () => {
    const row = (index: number) => ({ path: `data[${index}].sell`, reason: 'expected a price' });
    refusals.tellRows({ count: 30, first: [row(1), row(7)] });
    refusals.tellRows({ count: 2, first: [row(3)] });
    expect(lines).to.deep.equal([
      { event: 'rates.rejected', provider: 'p', path: 'data[1].sell', reason: 'expected a price', rows: 30 },
    ]);
    refusals.tellRows({ count: 0, first: [] });
    refusals.tellRows({ count: 1, first: [row(3)] });
    expect(lines).to.have.length(2);
  });

  it('logs no flood', () => {
    refusals.tell(Array.from({ length: 500 }, (_, n) => refused(`COIN-${n}`, 'no')));
    expect(lines).to.have.length(21);
    expect(lines.at(-1)).to.deep.equal({ event: 'rates.refused', provider: 'p', quotes: 480 });
  });
});
