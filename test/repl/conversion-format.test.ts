import { expect } from 'chai';
import { type ConversionResult, conversionLines, conversionTable } from '../../src/repl/conversion-format.ts';
import { type OutputFormat, PLAIN_STYLE } from '../../src/repl/output-format.ts';
import type { ListedQuote } from '../../src/repl/rate-format.ts';

const NOW = Date.UTC(2026, 6, 20, 5); // 12:00 in Vietnam
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const paper: OutputFormat = { width: 100, unicode: true, style: PLAIN_STYLE, now: NOW };

const sjc: ListedQuote = {
  instrument: 'SJC',
  market: 'gold',
  provider: 'sjc',
  company: 'SJC',
  brand: 'Hồ Chí Minh',
  buy: 148_800_000,
  sell: 151_300_000,
  currency: 'VND',
  unit: 'tael',
  at: NOW - 5 * HOUR,
  checkedAt: NOW - 12 * MINUTE,
  id: '1',
  stale: false,
};
const dollar: ListedQuote = {
  ...sjc,
  instrument: 'USD',
  market: 'fx',
  provider: 'vietcombank',
  company: 'Vietcombank',
  brand: '',
  buy: 26_090,
  sell: 26_390,
  unit: 'each',
  checkedAt: NOW - 30 * MINUTE,
};
const staleDollar: ListedQuote = { ...dollar, stale: true, checkedAt: NOW - 3 * DAY };
const coin: ListedQuote = {
  ...dollar,
  instrument: 'BTC',
  market: 'crypto',
  provider: 'kraken',
  currency: 'USD',
  unit: 'coin',
};

function conversions(legs: readonly ListedQuote[], more: Partial<ConversionResult> = {}): ConversionResult {
  const figures = { buy: 4675.1234, sell: 4810.5, currency: 'USD', unit: 'ozt' as const };
  const stale = legs.some((leg) => leg.stale);
  return {
    quotes: [legs[0]!, coin],
    converted: [{ ...figures, stale, legs: [...legs] }, null],
    priceUnit: 'USD/ozt',
    ...more,
  };
}

describe('conversionLines', () => {
  it('names the quotes that a figure rests on, with their ages', () => {
    expect(conversionLines(conversions([sjc, dollar], { quotes: [sjc] }), paper)).to.deep.equal([
      '',
      'In USD/ozt:',
      'SJC (sjc): buy 4,675.12, sell 4,810.50 USD/ozt',
      '  from SJC buy 148,800,000, sell 151,300,000 VND/tael (sjc, Hồ Chí Minh, since 2026-07-20 07:00, confirmed 12 min ago)',
      '  from USD buy 26,090, sell 26,390 VND/each (vietcombank, since 2026-07-20 07:00, confirmed 30 min ago)',
    ]);
  });

  it('shows a figure as stale when one of its quotes is', () => {
    const lines = conversionLines(conversions([sjc, staleDollar]), paper);
    expect(lines[2]).to.equal('SJC (sjc): buy 4,675.12, sell 4,810.50 USD/ozt, STALE 3 d');
    expect(lines[4]).to.match(/\(vietcombank, since 2026-07-20 07:00, STALE 3 d\)$/);
  });

  it('shows what could not be converted as it is, with the reason', () => {
    expect(conversionLines(conversions([sjc, dollar]), paper).at(-1)).to.equal(
      'BTC (kraken): buy 26,090.00, sell 26,390.00 USD/coin, not converted: prices per coin and per ozt cannot be compared',
    );
    const unknown = conversions([sjc], { converted: [null, null], priceUnit: 'EUR' });
    expect(conversionLines(unknown, paper)[2]).to.equal(
      'SJC (sjc): buy 148,800,000, sell 151,300,000 VND/tael, not converted: no quote converts VND to EUR',
    );
  });

  it('gives money no price in itself', () => {
    const lines = conversionLines({ quotes: [dollar], converted: [null], priceUnit: 'USD' }, paper);
    expect(lines[2]).to.equal(
      'USD (vietcombank): buy 26,090, sell 26,390 VND/each, not converted: this is the price of USD itself',
    );
  });

  it('says of a day that only its own quotes were used, and when they held', () => {
    const lines = conversionLines(conversions([sjc, staleDollar], { date: '2026-07-17' }), paper);
    expect(lines[1]).to.equal('In USD/ozt, using only quotes of 2026-07-17:');
    expect(lines[2]).to.equal('SJC (sjc): buy 4,675.12, sell 4,810.50 USD/ozt');
    expect(lines[3]).to.match(/since 2026-07-20 07:00, confirmed until 2026-07-20 11:48\)$/);
    const none = conversions([sjc], { converted: [null, null], priceUnit: 'USD/chỉ', date: '2026-07-17' });
    expect(conversionLines(none, paper)[2]).to.match(/not converted: no quote of 2026-07-17 converts VND to USD$/);
  });

  it('says nothing of no quotes', () => {
    expect(conversionLines({ quotes: [], converted: [], priceUnit: 'USD' }, paper)).to.deep.equal([]);
  });
});

describe('convertedTable', () => {
  const cells = (lines: readonly string[]) => lines.map((line) => line.trim().split(/ {2,}/));

  it('shows converted rows with their quotes, and the others as they are with the reason', () => {
    expect(cells(conversionTable(conversions([sjc, dollar]), paper))).to.deep.equal([
      ['Instrument', 'Buy', 'Sell', 'Unit', 'Age', 'From'],
      ['SJC', '4,675.12', '4,810.50', 'USD/ozt', '30 min', 'SJC sjc 12 min, USD vietcombank 30 min'],
      [
        'BTC',
        '26,090.00',
        '26,390.00',
        'USD/coin',
        '30 min',
        'not converted: prices per coin and per ozt cannot be compared',
      ],
    ]);
  });

  it('is as old as the oldest quote, and stale when one is', () => {
    const [, row] = cells(conversionTable(conversions([sjc, staleDollar]), paper));
    expect(row).to.include('STALE 3 d').and.to.include('SJC sjc 12 min, USD vietcombank STALE 3 d');
    const staleFirst = { ...sjc, stale: true, checkedAt: NOW - HOUR };
    const oldButFresh = { ...dollar, checkedAt: NOW - 2 * HOUR };
    expect(cells(conversionTable(conversions([staleFirst, oldButFresh]), paper))[1]).to.include('STALE 1 h');
  });

  it('lets nothing from outside command the terminal', () => {
    const evil = 'a\x1b[2J\u202eb\r\n\x07';
    const hostile = { ...sjc, instrument: evil, provider: evil, company: evil, brand: evil, currency: evil };
    const hostileFigures = { buy: 1, sell: 1, currency: evil, unit: 'ozt' as const, stale: false, legs: [hostile] };
    for (const converted of [[hostileFigures], [null], []]) {
      const given = { quotes: [hostile], converted, priceUnit: evil, date: undefined };
      for (const line of [...conversionLines(given, paper), ...conversionTable(given, paper)]) {
        expect(line).to.not.match(/[\p{Cc}\u202e]/u);
      }
    }
  });
});
