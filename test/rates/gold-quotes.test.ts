import { expect } from 'chai';
import fc from 'fast-check';
import { isInstrumentId } from '../../src/domain/instrument.ts';
import { goldInstrumentId, taelRange } from '../../src/rates/gold-quotes.ts';
import { ResponseFormatError } from '../../src/rates/provider.ts';
import { BodyField } from '../../src/rates/response-body.ts';

const FIELD = new BodyField('', 'data[0].name');

describe('goldInstrumentId', () => {
  const named = (name: string, company?: string) => goldInstrumentId(FIELD, name, company);

  it('finds the one-tael bar and the ring of SJC by their names', () => {
    for (const name of [
      'SJC',
      'Vàng SJC',
      'Vàng SJC 1L',
      'Vàng SJC 1L, 10L, 1KG',
      'Vàng SJC 1L - 10L',
      'Vàng miếng SJC 999.9',
    ]) {
      expect(named(name, 'SJC'), name).to.equal('SJC');
    }
    for (const name of [
      'Vàng nhẫn SJC 99,99% 1 chỉ, 2 chỉ, 5 chỉ',
      'Nhẫn SJC 99,99',
      'Vàng nhẫn SJC 99,99 5p,1c,2c,5c',
    ]) {
      expect(named(name, 'SJC'), name).to.equal('SJC-RING');
    }
    expect(named('Vàng SJC 5 chỉ', 'SJC')).to.equal('VANG-SJC-5-CHI');
  });

  it('puts the company before names that do not contain it', () => {
    expect(named('Nữ trang 18K', 'DOJI')).to.equal('DOJI-NU-TRANG-18K');
    expect(named('Mi Hồng 985', 'Mi Hồng')).to.equal('MI-HONG-985');
    expect(named('MI HONG 999', '')).to.equal('MIHONG');
  });

  it('never returns the id of a coin, a currency or world gold', () => {
    for (const name of ['BTC', 'usd', 'Dollar', 'Gold', 'XAU/USD', 'USD EUR', 'vàng thế giới']) {
      expect(named(name), name).to.match(/^GOLD-|^VANG-THE-GIOI$/);
    }
  });

  it('returns an id, or throws an error that names the field', () => {
    expect(() => named('***')).to.throw(ResponseFormatError, 'data[0].name: expected a name with letters or digits');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (name, company) => {
        try {
          expect(isInstrumentId(named(name, company))).to.equal(true);
        } catch (error) {
          if (!(error instanceof ResponseFormatError)) throw error;
        }
      }),
    );
  });
});

describe('taelRange', () => {
  it('accepts a price in at most one unit', () => {
    for (const at of [0, Date.UTC(2019, 0), Date.UTC(2026, 0)]) {
      const [low, high] = taelRange(at);
      expect(high).to.be.at.most(low * 10);
    }
  });
});
