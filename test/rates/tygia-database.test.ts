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

const read = (value: unknown, options?: { coins: boolean }) => readTygiaDatabase(JSON.stringify(value), NOW, options);
const named = ({ quotes }: ReturnType<typeof read>) =>
  quotes.map(({ row, quote }) => [row, quote.instrument, quote.company, quote.brand, quote.aliases]);
const when = (text: string) => Date.parse(`${text}+07:00`);

describe('readTygiaDatabase', () => {
  it('reads responses and rows, in all storage formats', () => {
    const answer = { rates: [], golds: [{ updated: '2021-12-29 17:58:00', gold: [], value: ROWS }] };
    for (const kept of [answer, [answer], { '20211229': answer }, ROWS, { '20211229': ROWS }, answer.golds[0]]) {
      const { rows, quotes, refused, skipped } = read(kept);
      expect([rows, refused, [...skipped]]).to.deep.equal([2, [], []]);
      expect(quotes.map(({ row, quote: { company, buy, sell } }) => [row, company, buy, sell])).to.deep.equal([
        [1, 'SJC', 60_650_000, 61_350_000],
        [2, 'DOJI', 60_800_000, 61_400_000],
      ]);
      expect(quotes[0]!.quote).to.deep.include({
        ...{ instrument: 'SJC', provider: 'tygia', currency: 'VND', unit: 'tael', id: '1', aliases: ['SJC'] },
        at: when('2021-12-29T17:58:00'),
      });
    }
  });

  it('accepts a byte order mark', () => {
    expect(readTygiaDatabase(`\ufeff\n${JSON.stringify(ROWS)}`, NOW).quotes).to.have.length(2);
  });

  it('uses the bar of each day for that day', () => {
    const other = row('SJC', '170,000', '173,500', { updated: '2026-04-15 14:52:00', day: '20260415' });
    const chi = row('DOJI', '17,000', '17,350', { updated: '2026-04-15 14:52:00', day: '20260415' });
    expect(read([...ROWS, other, chi]).quotes.map(({ quote }) => quote.sell)).to.deep.equal([
      61_350_000, 61_400_000, 173_500_000, 173_500_000,
    ]);
  });

  it('finds the units of earlier prices by the bar of their list, which confirms them until it was made', () => {
    const ring = { type: 'Nữ trang 18k', updated: '2021-12-27 09:00:00', id: '3' };
    const days = [[...ROWS, row('DOJI', '3,785.00', '3,985.00', ring)]];
    days.push(
      days[0]!.map((each) => ({
        ...each,
        day: '20211230',
        updated: each.updated.replace('-29 17', '-30 09'),
        id: '4',
      })),
    );
    const { quotes, skipped } = read(days);
    expect(quotes.map(({ quote, checkedAt }) => [quote.instrument, quote.at, checkedAt])).to.deep.equal([
      ['SJC', when('2021-12-29T17:58:00'), when('2021-12-29T17:58:00')],
      ['SJC', when('2021-12-29T17:58:00'), when('2021-12-29T17:58:00')],
      ['DOJI-NU-TRANG-18K', when('2021-12-27T09:00:00'), when('2021-12-30T09:58:00')],
      ['SJC', when('2021-12-30T09:58:00'), when('2021-12-30T09:58:00')],
      ['SJC', when('2021-12-30T09:58:00'), when('2021-12-30T09:58:00')],
    ]);
    expect([...skipped]).to.deep.equal([['duplicate of an earlier row', 1]]);
  });

  it('omits an invalid row, names its position, and keeps the rest', () => {
    const rows = [
      row('SJC', '606.50', '613.50', { brand: 'Huế' }),
      ROWS[0],
      row('SJC', 'x', '61,350.00', { brand: 'Hà Nội' }),
      ROWS[1],
      row('DOJI', '142.60', '157.60', { type: 'Nữ trang 10k' }),
      row('SJC', '60,660.00', '61,350.00'),
    ];
    const { quotes, refused } = read(rows);
    expect(quotes.map((each) => each.row)).to.deep.equal([2, 4]);
    expect(refused).to.deep.equal([
      { row: 1, reason: 'expected a price of gold in thousand VND per tael or per chỉ' },
      { row: 3, reason: 'buy: expected a number like 60,650.00' },
      { row: 5, reason: 'expected a price of gold in thousand VND per tael or per chỉ' },
      { row: 6, reason: 'row 2 has a different price for the same instrument, company, brand and time' },
    ]);
    const none = read([row('DOJI', '1,426.00', '0.00', { type: 'Nữ trang 10k' })]);
    expect(none.refused[0]!.reason).to.match(/^expected a gold bar in the same list/);
  });

  it('keeps the type of each row as an alias, for equal rows all types', () => {
    const place = { brand: 'Hồ Chí Minh' };
    const database = read([
      row('SJC', '60,650.00', '61,350.00', { ...place, type: 'Vàng SJC' }),
      row('SJC', '60,650.00', '61,350.00', { ...place, type: 'Vàng SJC 1L' }),
      row('1OTHER', '51,450.00', '52,150.00', { brand: 'Nhẫn SJC 99,99', type: 'SJC*' }),
      row('2GROUP', '1,789.10', '1,790.10', { brand: 'SPOT GOLD' }),
    ]);
    expect(named(database)).to.deep.equal([
      [1, 'SJC', 'SJC', 'Hồ Chí Minh', ['Vàng SJC', 'Vàng SJC 1L']],
      [3, 'SJC-RING', '1OTHER', '', ['SJC*']],
      [4, 'XAU', '2GROUP', 'SPOT GOLD', ['SJC']],
    ]);
    expect([...database.skipped]).to.deep.equal([['duplicate of an earlier row', 1]]);
  });

  it('counts skipped rows with the reason', () => {
    const { rows, quotes, skipped } = read([
      ...ROWS,
      row('2GROUP', '67.96', '67.96', { brand: 'OIL' }),
      row('1OTHER', '700.00', '720.00', { brand: 'Bạc Phú Quý 999' }),
      row('1OTHER', '700.00', '720.00', { brand: 'Kim cương' }),
      row('DOJI', '0.00', '-', { type: 'Kim Ngưu' }),
      row('SJC', '60,650.00', '61,350.00', { updated: '1970-01-01 07:00:00' }),
      row('1Coin', '0.00', '0.00', { type: 'SHIB', brand: 'Shiba Inu' }),
    ]);
    expect([rows, quotes.length]).to.deep.equal([8, 2]);
    expect(Object.fromEntries(skipped)).to.deep.equal({
      'oil: not a supported market': 1,
      'silver: not a supported market': 1,
      'name not recognized as gold': 1,
      'no price (0.00)': 2,
      'time before 2000 or in the future': 1,
    });
  });

  describe('coins', () => {
    const coin = (type: string, brand: string, price: string) => row('1Coin', price, price, { type, brand });
    const SPOT = row('2GROUP', '1,789.10', '1,790.10', { brand: 'SPOT GOLD' });

    it('are in USD by ticker, and in the catalogue if ticker and name match', () => {
      const { quotes } = read([
        ...[SPOT, coin('BTC', 'Bitcoin', '57,665.34'), coin('WBTC', 'Wrapped Bitcoin', '57,095.31')],
        ...[coin('MATIC', 'Polygon', '1.72'), coin('vBTC', 'Venus BTC', '1,132.84')],
        ...[coin('PAXG', 'PAX Gold', '1,790.49'), coin('HOT', 'Holo', '0.01')],
      ]);
      expect(quotes.slice(1).map(({ quote }) => [quote.instrument, quote.sell, ...quote.aliases!])).to.deep.equal([
        ['BTC', 57_665.34, 'BTC'],
        ['WBTC', 57_095.31, 'WBTC'],
        ['POL', 1.72, 'MATIC'],
        ['VBTC', 1132.84, 'vBTC'],
        ['PAXG', 1790.49, 'PAXG'],
        ['HOT', 0.01, 'HOT'],
      ]);
      expect(quotes[2]!.quote).to.deep.include({
        ...{ market: 'crypto', provider: 'tygia', company: '1Coin', brand: 'Wrapped Bitcoin' },
        ...{ currency: 'USD', unit: 'coin' },
      });
    });

    it('never use the instrument of something else, or of one another', () => {
      const { quotes } = read([
        ...[coin('GOLD', 'CyberDragon Gold', '0.20'), coin('SOL', 'Sola', '0.30'), coin('WON', 'WeBlock', '0.02')],
        ...[coin('CAD', 'Candy', '0.10'), coin('UNI', 'Uniswap', '22.10'), coin('UNI', 'UNICORN', '0.05')],
      ]);
      expect(quotes.map(({ quote }) => [quote.instrument, ...quote.aliases!])).to.deep.equal([
        ['GOLD-CYBERDRAGON-GOLD', 'GOLD'],
        ['SOL-SOLA', 'SOL'],
        ['WON-WEBLOCK', 'WON'],
        ['CAD-CANDY', 'CAD'],
        ['UNI-UNISWAP', 'UNI'],
        ['UNI-UNICORN', 'UNI'],
      ]);
    });

    it('are omitted if gold tokens show another currency, or on request', () => {
      const rows = [SPOT, coin('BTC', 'Bitcoin', '1,315,000,000'), coin('PAXG', 'PAX Gold', '40,800,000')];
      const other = read(rows);
      expect(other.quotes.map(({ quote }) => quote.instrument)).to.deep.equal(['XAU']);
      expect([...other.skipped]).to.deep.equal([['coin: not in USD, judging by its gold tokens', 2]]);
      const without = read([...ROWS, coin('BTC', 'Bitcoin', '57,665.34')], { coins: false });
      expect([...without.skipped]).to.deep.equal([['coin: excluded on request', 1]]);
    });

    it('are refused without a ticker', () => {
      expect(read([coin('', 'Bitcoin', '1'), coin('***', '', '1')]).refused).to.deep.equal([
        { row: 1, reason: 'type: expected a text that is not empty' },
        { row: 2, reason: 'type: expected a name with letters or digits' },
      ]);
    });
  });

  it('accounts for every row, for any file', () => {
    const field = fc.oneof(fc.constantFrom('60,650.00', '6,080', '', 'SJC', '2021-12-29 17:58:00'), fc.jsonValue());
    const any = fc.dictionary(
      fc.constantFrom('buy', 'sell', 'company', 'brand', 'type', 'updated', 'day', 'id', '__proto__'),
      field,
    );
    fc.assert(
      fc.property(fc.oneof(fc.array(any), fc.jsonValue()), (value) => {
        const { rows, refused, quotes, skipped } = read(value);
        const passed = [...skipped.values()].reduce((sum, count) => sum + count, 0);
        expect(refused.length + quotes.length + passed).to.equal(rows);
      }),
      { numRuns: 200 },
    );
    expect(() => readTygiaDatabase('{', NOW)).to.throw(SyntaxError);
  });
});
