import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { goldApi } from '../../../src/rates/providers/gold-api.ts';
import { BODIES } from '../bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.UTC(2026, 6, 20, 13);

describe('gold-api', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns world gold in USD per ounce at the stated time', async () => {
    server.serve({ '/price/XAU': BODIES.goldApi });
    expect(await server.quotes(goldApi, NOW)).to.deep.equal([
      {
        instrument: 'XAU',
        market: 'gold',
        provider: 'gold-api',
        company: 'gold-api.com',
        brand: '',
        buy: 4010.100098,
        sell: 4010.100098,
        currency: 'USD',
        unit: 'ozt',
        at: Date.UTC(2026, 6, 20, 12, 58, 29),
      },
    ]);
  });

  it('returns nothing if there is no price', () => {
    const body = BODIES.goldApi.replace('4010.100098', '0');
    expect(goldApi.parse(body, server.context(NOW), 0)).to.deep.equal([]);
  });

  it('refuses another metal or another currency', () => {
    const context = server.context(NOW);
    const silver = BODIES.goldApi.replace('"XAU"', '"XAG"');
    expect(() => goldApi.parse(silver, context, 0)).to.throw(ResponseFormatError, 'symbol: expected XAU');
    const euro = BODIES.goldApi.replace('"USD"', '"EUR"');
    expect(() => goldApi.parse(euro, context, 0)).to.throw(ResponseFormatError, 'currency: expected USD');
  });

  it('names the invalid field', () => {
    const context = server.context(NOW);
    const text = BODIES.goldApi.replace('4010.100098', '"about four thousand"');
    expect(() => goldApi.parse(text, context, 0)).to.throw(ResponseFormatError, /^price: /);
    expect(() => goldApi.parse('<html>Just a moment</html>', context, 0)).to.throw(
      ResponseFormatError,
      'not an HTML page',
    );
  });
});
