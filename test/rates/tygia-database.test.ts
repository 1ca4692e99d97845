import { expect } from 'chai';
import fc from 'fast-check';
import { readTygiaDatabase } from '../../src/rates/tygia-database.ts';

const NOW = Date.parse('2026-07-20T12:00:00+07:00');

const row = (company: string, buy: string, sell: string, more: object = {}) => ({
  ...{ buy, sell, company, brand: '', updated: '2021-12-29 17:58:00', brand1: '', day: '20211229', id: '1' },
  ...{ type: 'SJC', code: '' },
  ...more,
});
const ROWS = [row('SJC', '60,650.00', '61,350.00'), row('DOJI', '6,080.00', '6,140.00', { id: '2' })];

const read = (value: unknown) => [...readTygiaDatabase(JSON.stringify(value), NOW)];

describe('readTygiaDatabase', () => {
  it('reads answers and rows, however they were kept', () => {
    const answer = { rates: [], golds: [{ updated: '2021-12-29 17:58:00', gold: [], value: ROWS }] };
    for (const kept of [answer, [answer], { '20211229': answer }, ROWS, { '20211229': ROWS }, answer.golds[0]]) {
      const [day, ...others] = read(kept);
      expect(others).to.deep.equal([]);
      expect(day!.rows).to.equal(2);
      expect(day!.quotes.map(({ company, buy, sell }) => [company, buy, sell])).to.deep.equal([
        ['SJC', 60_650_000, 61_350_000],
        ['DOJI', 60_800_000, 61_400_000],
      ]);
      expect(day!.quotes[0]).to.include({
        ...{ instrument: 'SJC', provider: 'tygia', currency: 'VND', unit: 'tael', id: '1' },
        at: Date.parse('2021-12-29T17:58:00+07:00'),
      });
    }
  });

  it('begins with a byte order mark, or not', () => {
    const days = [...readTygiaDatabase(`\ufeff\n${JSON.stringify(ROWS)}`, NOW)];
    expect(days.map(({ quotes }) => quotes.length)).to.deep.equal([2]);
  });

  it('tells days apart, each by its own bar', () => {
    const other = row('SJC', '170,000', '173,500', { updated: '2026-04-15 14:52:00' });
    expect(read([...ROWS, other]).map(({ quotes }) => quotes.length)).to.deep.equal([2, 1]);
  });

  it('leaves out a row that does not fit, with its place, and keeps the rest', () => {
    const [day] = read([ROWS[0], row('SJC', 'x', '61,350.00', { brand: 'Hà Nội' }), ROWS[1]]);
    expect(day!.quotes).to.have.length(2);
    expect(day!.refused.map(({ row }) => row)).to.deep.equal([2]);
    expect(day!.refused[0]!.reason).to.match(/^buy: expected /);
  });

  it('does no harm, whatever the file says', () => {
    const field = fc.oneof(fc.constantFrom('60,650.00', '6,080', '', 'SJC', '2021-12-29 17:58:00'), fc.jsonValue());
    const any = fc.dictionary(
      fc.constantFrom('buy', 'sell', 'company', 'brand', 'type', 'updated', 'day', 'id', '__proto__'),
      field,
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(any), fc.jsonValue()), (value) => {
        for (const { rows, refused, quotes } of read(value)) {
          expect(refused.length + quotes.length).to.be.at.most(rows);
        }
      }),
      { numRuns: 200 },
    );
    expect(() => [...readTygiaDatabase('{', NOW)]).to.throw(SyntaxError);
  });
});
