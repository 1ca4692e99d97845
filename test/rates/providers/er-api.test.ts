import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { erApi } from '../../../src/rates/providers/er-api.ts';
import { BODIES } from '../bodies.ts';
import { faultsOf } from '../context.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.UTC(2026, 6, 20, 13);
const UPDATED = 1784505751000;

describe('er-api', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns the dollar in VND and in currencies of the catalogue, without cross rates', async () => {
    server.serve({ '/v6/latest/USD': BODIES.erApi });
    const quotes = await server.quotes(erApi, NOW);
    expect(quotes[0]).to.deep.equal({
      instrument: 'USD',
      market: 'fx',
      provider: 'er-api',
      company: 'ExchangeRate-API',
      brand: '',
      buy: 26250.12,
      sell: 26250.12,
      currency: 'VND',
      unit: 'each',
      at: UPDATED,
    });
    expect(quotes.map(({ instrument, currency, sell }) => [instrument, currency, sell])).to.deep.equal([
      ['USD', 'VND', 26250.12],
      ['USD-EUR', 'EUR', 0.867],
      ['USD-JPY', 'JPY', 158.2],
    ]);
  });

  it('names the invalid field', () => {
    const context = server.context(NOW);
    const failed = '{"result":"error","error-type":"unsupported-code"}';
    expect(() => erApi.parse(failed, context, 0)).to.throw(ResponseFormatError, 'result: expected success');
    const euro = BODIES.erApi.replace('"base_code":"USD"', '"base_code":"EUR"');
    expect(() => erApi.parse(euro, context, 0)).to.throw(ResponseFormatError, 'base_code: expected USD');
    const text = BODIES.erApi.replace('26250.12', '"?"');
    expect(faultsOf(erApi, text, NOW)).to.deep.equal(['rates.VND: expected a number like 102200000.0']);
  });
});
