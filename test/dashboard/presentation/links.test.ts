import { expect } from 'chai';
import fc from 'fast-check';
import { findLinks, wrapWithLinks } from '../../../src/dashboard/presentation/links.ts';
import { wrap } from '../../../src/dashboard/presentation/wrap.ts';

const found = (text: string): string[] => findLinks(text).map(({ start, end }) => text.slice(start, end));

describe('links in posts', () => {
  it('are web addresses, without the punctuation of the sentence', () => {
    for (const [text, ...links] of [
      ['see https://a.example/x, and http://b.example.', 'https://a.example/x', 'http://b.example'],
      ['(https://en.example/wiki/Gold_(metal))', 'https://en.example/wiki/Gold_(metal)'],
      ['"https://a.example/?q=1&r=2#top"!', 'https://a.example/?q=1&r=2#top'],
      ['<https://a.example>', 'https://a.example'],
      ['HTTPS://A.EXAMPLE/X', 'HTTPS://A.EXAMPLE/X'],
      ['no: example.org, ftp://a.example, javascript://x, file:///etc/passwd, xhttps://a.example, https://'],
    ] as const) {
      expect(found(text), text).to.deep.equal(links);
    }
  });

  it('lead to printable ASCII only', () => {
    expect(findLinks('https://vàng.example/giá vàng')[0]?.url).to.equal('https://xn--vng-9ka.example/gi%C3%A1');
    for (const text of [
      'https://a.example/\x1b]8;;evil\x07',
      'https://a.example/\u202ex',
      'https://a.example/\u{f0000}x',
    ]) {
      for (const { url } of findLinks(text)) expect(url).to.match(/^[\x21-\x7e]+$/);
    }
    expect(findLinks(`https://a.example/${'x'.repeat(3000)}`)).to.deep.equal([]);
  });

  it('are broken like other text, and keep all their characters', () => {
    const words = fc.oneof(
      fc.constantFrom(
        'https://a.example/one/two?three=4',
        'http://vàng.example/',
        '中文',
        'giá',
        '(https://b.example)',
      ),
      fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((text) => text.replace(/\s/g, '')),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), fc.integer({ min: 2, max: 40 }), (parts, width) => {
        const text = parts.join(' ');
        const lines = wrapWithLinks(text, width, width);
        expect(lines.map((line) => line.text)).to.deep.equal(wrap(text, width, width));
        const shown = lines.flatMap((line) => line.links.map(({ start, end }) => line.text.slice(start, end))).join('');
        expect(shown).to.equal(found(text).join(''));
      }),
    );
  });
});
