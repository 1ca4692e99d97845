import { expect } from 'chai';
import { findNewAliases, MAX_ALIAS_LENGTH, MAX_ALIASES } from '../../src/domain/quote.ts';

describe('newAliases', () => {
  it('has those that are not known, compared without case and accents, as they are written', () => {
    expect(findNewAliases([], ['Nữ trang 18k', 'Nữ Trang 18k', 'Kim Ngưu'])).to.deep.equal([
      'Nữ trang 18k',
      'Kim Ngưu',
    ]);
    expect(findNewAliases(['Kim Ngưu'], ['kim nguu', 'SJC*', 'KIM  NGƯU'])).to.deep.equal(['SJC*']);
  });

  it('takes no more than a series may have, none that is too long, and none without a letter', () => {
    const many = Array.from({ length: 100 }, (_, i) => `type ${i}`);
    expect(findNewAliases([], many)).to.deep.equal(many.slice(0, MAX_ALIASES));
    expect(findNewAliases(many.slice(0, MAX_ALIASES - 1), many)).to.deep.equal([many[MAX_ALIASES - 1]]);
    expect(findNewAliases(many.slice(0, MAX_ALIASES), ['another'])).to.deep.equal([]);
    const longest = 'x'.repeat(MAX_ALIAS_LENGTH);
    expect(findNewAliases([], [`${longest}x`, longest, '', ' ', '\u0301'])).to.deep.equal([longest]);
  });
});
