import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { frankfurter } from '../../../src/rates/providers/frankfurter.ts';
import { BODIES } from '../bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.UTC(2026, 2, 18, 1);

describe('frankfurter', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns the dollar in other currencies, on the day of the rate', async () => {
    server.serve({ '/v1/latest': BODIES.frankfurter });
    expect(await server.quotes(frankfurter, NOW)).to.deep.equal([
      {
        instrument: 'USD-EUR',
        market: 'fx',
        provider: 'frankfurter',
        company: 'European Central Bank',
        brand: '',
        buy: 0.867,
        sell: 0.867,
        currency: 'EUR',
        unit: 'each',
        at: Date.UTC(2026, 2, 17, 14),
      },
    ]);
    expect(server.asked[0]!.path).to.equal('/v1/latest?base=USD&symbols=EUR,GBP,JPY,CNY,AUD,SGD,KRW,THB');
  });

  it('names the invalid field', () => {
    const context = server.context(NOW);
    const euro = BODIES.frankfurter.replace('"USD"', '"EUR"');
    expect(() => frankfurter.parse(euro, context, 0)).to.throw(ResponseFormatError, 'base: expected USD');
    const date = BODIES.frankfurter.replace('2026-03-17', '17 March');
    expect(() => frankfurter.parse(date, context, 0)).to.throw(ResponseFormatError, /^date: /);
    expect(() => frankfurter.parse('{"message":"not found"}', context, 0)).to.throw(ResponseFormatError, /^base: /);
  });
});
