import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { vietcombank } from '../../../src/rates/providers/vietcombank.ts';
import { BODIES } from '../bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2025-12-09T10:00:00+07:00');
const UPDATED = Date.parse('2025-12-09T08:16:30+07:00');
const DAY = 24 * 3_600_000;

describe('vietcombank', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns two quotes per currency, for notes and for transfers, with the same sell price', async () => {
    server.serve({ '/api/exchangerates': BODIES.vietcombank });
    const quotes = await server.quotes(vietcombank, NOW);
    expect(server.asked[0]!.path).to.equal('/api/exchangerates?date=2025-12-09');
    expect(quotes[0]).to.deep.equal({
      instrument: 'USD',
      market: 'fx',
      provider: 'vietcombank',
      company: 'Vietcombank',
      brand: 'cash',
      buy: 26142,
      sell: 26412,
      currency: 'VND',
      unit: 'each',
      at: UPDATED,
    });
    expect(quotes[1]).to.deep.equal({ ...quotes[0], brand: 'transfer', buy: 26172 });
    expect(quotes).to.have.length(2);
  });

  it('requests the current day in Vietnam', async () => {
    server.serve({ '/api/exchangerates': BODIES.vietcombank });
    await server.quotes(vietcombank, Date.parse('2025-12-09T18:00:00Z'));
    expect(server.asked[0]!.path).to.include('date=2025-12-10');
  });

  it('accepts currencies that the bank does not buy', () => {
    const body = BODIES.vietcombank.replace('26142.00', '0.00').replace('26412.00', '-');
    const quotes = vietcombank.parse(body, server.context(NOW), 0);
    expect(quotes.map(({ brand, buy, sell }) => [brand, buy, sell])).to.deep.equal([['transfer', 26172, null]]);
  });

  it('names the invalid field', () => {
    const context = server.context(NOW);
    expect(vietcombank.parse('{"Count":0,"Data":[]}', context, 0)).to.deep.equal([]);
    const code = BODIES.vietcombank.replace('"USD"', '"US$"');
    expect(() => vietcombank.parse(code, context, 0)).to.throw(ResponseFormatError, /^Data\[0\]\.currencyCode: /);
    expect(() => vietcombank.parse('{"Message":"error"}', context, 0)).to.throw(
      ResponseFormatError,
      'Data: expected a list',
    );
  });

  it('requests its history day by day, and refuses the board of another day', async () => {
    server.serve({ '/api/exchangerates': BODIES.vietcombank }); // always the board of the ninth
    const now = NOW + 2 * DAY;
    const chunks = await server.history(vietcombank, now, NOW - 3 * DAY, now);
    expect(server.asked.map(({ path }) => path.slice(-2))).to.deep.equal(['06', '07', '08', '09', '10', '11']);
    expect(chunks.map((chunk) => chunk.map(({ at }) => at))).to.deep.equal([[UPDATED, UPDATED]]);
  });

  it('requests at most 90 days', async () => {
    server.serve({ '/api/exchangerates': '{"Data":[]}' });
    await server.history(vietcombank, NOW, 0, NOW);
    expect(server.asked).to.have.length(91); // and today
  });
});
