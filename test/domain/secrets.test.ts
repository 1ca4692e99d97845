import { expect } from 'chai';
import fc from 'fast-check';
import { MASK, maskSecrets, maskUrls } from '../../src/domain/secrets.ts';

const S = 'Planted-1x';

describe('maskSecrets', () => {
  it('hides keys in any position, and nothing else', () => {
    const settings = {
      rates: {
        providers: {
          doji: { enabled: true, key: 'abc', every: '30m', url: 'http://giavang.doji.vn/api/v2?api_key={key}' },
          own: {
            headers: { Authorization: 'Bearer t', Accept: 'json', 'x-cg-demo-api-key': 'k', 'x-auth': 's' },
            quote: { buy: 'buy', unit: "'tael'" },
            keys: 3,
          },
        },
      },
      engine: { url: 'nats://one,two:4223', password: 'p' },
    };
    expect(maskSecrets(settings)).to.deep.equal({
      rates: {
        providers: {
          doji: { enabled: true, key: MASK, every: '30m', url: 'http://giavang.doji.vn/api/v2?api_key={key}' },
          own: {
            headers: { Authorization: MASK, Accept: MASK, 'x-cg-demo-api-key': MASK, 'x-auth': MASK },
            quote: { buy: 'buy', unit: "'tael'" },
            keys: 3,
          },
        },
      },
      engine: { url: 'nats://one,two:4223', password: MASK },
    });
  });

  it('hides secrets in any part of a URL, and keeps the host', () => {
    for (const [url, shown] of [
      [`https://a.example/rates?x=${S}`, `https://a.example/rates?x=${MASK}`],
      [`https://a.example/rates?${S}`, `https://a.example/rates?${MASK}`],
      [`https://a.example/?currency=${S}&key={key}&empty=`, `https://a.example/?currency=${MASK}&key={key}&empty=`],
      [`https://a.example/rates;id=${S}?a=${S};b=${S}`, `https://a.example/rates;id=${MASK}?a=${MASK};b=${MASK}`],
      [`https://a.example/#${S}`, `https://a.example/#${MASK}`],
      [`https://${S}@a.example:8443/x`, `https://${MASK}@a.example:8443/x`],
      [`https://me:${S}@a.example/x?y=${S}`, `https://${MASK}@a.example/x?y=${MASK}`],
      [`https://me:${S}/@a.example/x`, `https://${MASK}@a.example/x`],
      [`https://me:${S}?#@a.example/x`, `https://${MASK}@a.example/x`],
      [`https://me:@${S}@a.example/x`, `https://${MASK}@a.example/x`],
      [`ftp://me:${S}@[::1]/x`, `ftp://${MASK}@[::1]/x`],
      ['https://a.example/v6/0123456789abcdef0123/latest', `https://a.example/v6/${MASK}/latest`],
      ['https://a.example/v6/{key}/latest', 'https://a.example/v6/{key}/latest'],
      ['https://api.exchange.coinbase.com/products', 'https://api.exchange.coinbase.com/products'],
    ] as const) {
      expect(maskSecrets({ url }), url).to.deep.equal({ url: shown });
      expect(maskUrls(`see ${url}, "${url}"`), url)
        .to.include(shown)
        .and.not.to.include(S);
    }
    expect(maskSecrets({ url: `a.example/?key=${S}` })).to.deep.equal({ url: `a.example/?key=${MASK}` });
    expect(maskUrls('a text without: one?x=1')).to.equal('a text without: one?x=1');
  });

  it('shows no secret in any header or query parameter', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/);
    fc.assert(
      fc.property(name, name, fc.constantFrom('Bearer ', 'Basic ', ''), (header, parameter, scheme) => {
        const shown = maskSecrets({
          x: { url: `https://h.example/p?${parameter}=${S}&b=1`, headers: { [header]: `${scheme}${S}` } },
        });
        expect(JSON.stringify(shown)).to.not.include(S);
      }),
    );
  });
});
