import { expect } from 'chai';
import { MAX_ALIAS_LENGTH, MAX_ALIASES, newAliases } from '../../src/domain/quote.ts';

describe('newAliases', () => {
  it('has those that are not known, compared without case and accents, as they are written', () => {
    expect(newAliases([], ['Nữ trang 18k', 'Nữ Trang 18k', 'Kim Ngưu'])).to.deep.equal(['Nữ trang 18k', 'Kim Ngưu']);
    expect(newAliases(['Kim Ngưu'], ['kim nguu', 'SJC*', 'KIM  NGƯU'])).to.deep.equal(['SJC*']);
  });

  it('takes no more than a series may have, none that is too long, and none without a letter', () => {
    const many = Array.from({ length: 100 }, (_, i) => `type ${i}`);
    expect(newAliases([], many)).to.deep.equal(many.slice(0, MAX_ALIASES));
    expect(newAliases(many.slice(0, MAX_ALIASES - 1), many)).to.deep.equal([many[MAX_ALIASES - 1]]);
    expect(newAliases(many.slice(0, MAX_ALIASES), ['another'])).to.deep.equal([]);
    const longest = 'x'.repeat(MAX_ALIAS_LENGTH);
    expect(newAliases([], [`${longest}x`, longest, '', ' ', '\u0301'])).to.deep.equal([longest]);
  });
});
