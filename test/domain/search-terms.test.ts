import { expect } from 'chai';
import fc from 'fast-check';
import type { Post } from '../../src/domain/post.ts';
import { indexTerms, matchesQuery, parseSearchQuery, searchTerms, tokenize } from '../../src/domain/search-terms.ts';

const post = (fields: Partial<Post>): Post => ({
  number: 1,
  member: 'Obi-Wan',
  text: 'Vàng lên: 152,3 triệu',
  topic: 'gold',
  replyTo: null,
  mentions: [],
  at: 0,
  editedAt: null,
  deletedAt: null,
  deletedBy: null,
  seq: 1,
  ...fields,
});
const finds = (query: string, fields: Partial<Post> = {}) => matchesQuery(post(fields), parseSearchQuery(query)!);

describe('search terms', () => {
  it('are letters and digits, folded', () => {
    expect(tokenize('Vàng  SJC-9999: 152,3 TRIỆU/lượng! Đô-la')).to.deep.equal(
      'vang sjc 9999 152 3 trieu luong do la'.split(' '),
    );
    expect(tokenize(' …!? ')).to.deep.equal([]);
  });

  it('of a post are its author, mentions and text; none once it is deleted', () => {
    expect([...searchTerms(post({ text: 'xin chào @Hà', mentions: ['Hà'] }))]).to.deep.equal(
      'obi wan @ha xin chao ha'.split(' '),
    );
    expect(searchTerms(post({ text: null })).size).to.equal(0);
    expect([...indexTerms(post({ text: null }))]).to.deep.equal(['!gold', '=obi-wan']);
    expect([...indexTerms(post({ text: 'x', mentions: ['Hà'] }))]).to.include.members(['#gold', '=obi-wan', '~hà']);
  });

  it('are limited to 256 per post', () => {
    const text = Array.from({ length: 400 }, (_, i) => `w${i}`).join(' ');
    expect(searchTerms(post({ text })).size).to.equal(256);
    expect(finds('w200', { text })).to.equal(true);
    expect(finds('w399', { text })).to.equal(false);
  });

  it('match regardless of case and marks, all of them, and the last one as a prefix', () => {
    for (const query of ['vang', 'VÀNG', 'trieu vang', 'vang tri', 'obi', 'obi-wan vàng', '152', 'len v']) {
      expect(finds(query), query).to.equal(true);
    }
    for (const query of ['bac', 'van len', 'vang bac', 'angl', '@obi']) expect(finds(query), query).to.equal(false);
    expect(finds('@ha', { mentions: ['hans'] })).to.equal(true);
    expect(finds('@hans lên', { mentions: ['hans'] })).to.equal(true);
    expect(finds('@han lên', { mentions: ['hans'] })).to.equal(false);
    expect(finds('vang', { text: null })).to.equal(false);
  });

  it('longer than 32 letters match in pieces', () => {
    const long = 'abcdefghij'.repeat(8);
    expect(finds(long, { text: long })).to.equal(true);
    expect(finds(long.slice(0, 40), { text: long })).to.equal(true);
    expect(finds(`${long}x`, { text: long })).to.equal(false);
  });

  it('of a query are 1 to 16', () => {
    for (const text of ['', '  ', '!?', '@', '#', '😀']) expect(parseSearchQuery(text), text).to.equal(undefined);
    const query = parseSearchQuery(Array.from({ length: 100 }, (_, i) => `w${i}`).join(' '))!;
    expect(query.terms).to.have.length(15);
  });

  it('any word of a text finds it, as typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat(), (text, pick) => {
        const words = tokenize(text);
        fc.pre(words.length > 0);
        expect(finds(words[pick % words.length]!, { text })).to.equal(true);
        if (!text.includes('@')) expect(finds(text, { text })).to.equal(words.length <= 16 || finds(text, { text }));
      }),
    );
  });
});
