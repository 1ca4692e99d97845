import { expect } from 'chai';
import { findNewAliases, MAX_ALIAS_LENGTH, MAX_ALIASES } from '../../src/domain/quote.ts';

describe('findNewAliases', () => {
  it('returns unknown aliases as written, ignoring case and accents in the comparison', () => {
    expect(findNewAliases([], ['Nữ trang 18k', 'Nữ Trang 18k', 'Kim Ngưu'])).to.deep.equal([
      'Nữ trang 18k',
      'Kim Ngưu',
    ]);
    expect(findNewAliases(['Kim Ngưu'], ['kim nguu', 'SJC*', 'KIM  NGƯU'])).to.deep.equal(['SJC*']);
  });

  it('is limited per series, and omits long aliases and those without a letter', () => {
    const many = Array.from({ length: 100 }, (_, i) => `type ${i}`);
    expect(findNewAliases([], many)).to.deep.equal(many.slice(0, MAX_ALIASES));
    expect(findNewAliases(many.slice(0, MAX_ALIASES - 1), many)).to.deep.equal([many[MAX_ALIASES - 1]]);
    expect(findNewAliases(many.slice(0, MAX_ALIASES), ['another'])).to.deep.equal([]);
    const longest = 'x'.repeat(MAX_ALIAS_LENGTH);
    expect(findNewAliases([], [`${longest}x`, longest, '', ' ', '\u0301'])).to.deep.equal([longest]);
  });
});
