import { expect } from 'chai';
import fc from 'fast-check';
import {
  findCatalogueInstrument,
  INSTRUMENT_CATALOGUE,
  isInstrumentId,
  isSilverName,
  makeInstrumentId,
} from '../../src/domain/instrument.ts';
import { foldForSearch } from '../../src/domain/text.ts';

describe('instruments', () => {
  it('are found by id, name and alias, regardless of case, accents and spaces', () => {
    const cases: [string, string][] = [
      ['SJC', 'SJC'],
      ['vàng  MIẾNG sjc', 'SJC'],
      ['vang mieng sjc', 'SJC'],
      ['Nhẫn PNJ', 'PNJ-RING'],
      ['do la', 'USD'],
      ['ĐÔ LA MỸ', 'USD'],
      ['bitcoin', 'BTC'],
      ['matic', 'POL'],
      ['Vàng thế giới', 'XAU'],
      ['Silver', 'XAG'],
      ['xag/usd', 'XAG'],
      ['BẠC THẾ GIỚI'.normalize('NFD'), 'XAG'],
    ];
    for (const [text, id] of cases) expect(findCatalogueInstrument(text)?.id, text).to.equal(id);
    for (const text of ['', ' ', 'SJCX', '__proto__', 'constructor'])
      expect(findCatalogueInstrument(text), text).to.equal(undefined);
  });

  it('of the catalogue have valid ids and no common name', () => {
    const names = new Map<string, string>();
    for (const { id, name, aliases } of INSTRUMENT_CATALOGUE) {
      expect(isInstrumentId(id), id).to.equal(true);
      for (const one of [id, name, ...aliases]) {
        expect(names.get(foldForSearch(one)) ?? id, `${one} names two instruments`).to.equal(id);
        expect(foldForSearch(one)).to.not.equal('');
        names.set(foldForSearch(one), id);
      }
    }
  });

  it('have ids of capital letters, digits, - and .', () => {
    for (const id of ['SJC', 'PNJ-RING', 'USD-EUR', '1INCH', 'A.B', 'A'.repeat(48)])
      expect(isInstrumentId(id)).to.equal(true);
    for (const id of ['', 'sjc', '-A', '.A', 'A B', 'VÀNG', 'A/B', 'A\n', 'A'.repeat(49)])
      expect(isInstrumentId(id)).to.equal(false);
  });

  it('outside the catalogue get an id from their name', () => {
    expect(makeInstrumentId('Vàng nữ trang 99%')).to.equal('VANG-NU-TRANG-99');
    expect(makeInstrumentId('Vàng miếng 999.9')).to.equal('VANG-MIENG-999.9');
    expect(makeInstrumentId('đồng')).to.equal('DONG');
    expect(makeInstrumentId(' --. ')).to.equal('');
    expect(makeInstrumentId('黄金')).to.equal('');
    expect(makeInstrumentId(`${'a'.repeat(47)} b`)).to.equal('A'.repeat(47));
  });

  it('get a valid id or none from any text, and a valid id stays', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', 'Đ', 'ß', 'ﬁ', '-', '.', ' ', '9', '%', '\u0301'), maxLength: 80 }),
    );
    fc.assert(
      fc.property(text, (name) => {
        const id = makeInstrumentId(name);
        expect(id === '' || isInstrumentId(id), id).to.equal(true);
        expect(makeInstrumentId(id)).to.equal(id);
        findCatalogueInstrument(name);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isSilverName', () => {
  it('distinguishes silver from similar words', () => {
    expect(['BẠC MIẾNG 999', 'Nhẫn bạc', 'Silver', 'bạc'.normalize('NFD')].every(isSilverName)).to.equal(true);
    expect(['Vàng miền Bắc', 'Bac', 'Vàng'].some(isSilverName)).to.equal(false);
  });
});
