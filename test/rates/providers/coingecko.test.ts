import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { coingecko } from '../../../src/rates/providers/coingecko.ts';
import { BODIES } from '../bodies.ts';
import { faultsOf } from '../context.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.UTC(2024, 3, 2, 12);

describe('coingecko', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns a coin in USD, and ignores its price in VND', async () => {
    server.serve({ '/simple/price': BODIES.coingecko });
    expect(await server.quotes(coingecko, NOW)).to.deep.equal([
      {
        instrument: 'BTC',
        market: 'crypto',
        provider: 'coingecko',
        company: 'CoinGecko',
        brand: '',
        buy: 67000.5,
        sell: 67000.5,
        currency: 'USD',
        unit: 'coin',
        at: undefined,
      },
    ]);
  });

  it('requests all ten coins at once, with the key if there is one', async () => {
    server.serve({ '/simple/price': BODIES.coingecko });
    await server.quotes(coingecko, NOW);
    await server.quotes(coingecko, NOW, 'CG-1');
    const [without, withKey] = server.asked;
    const query = new URL(without!.path, server.url).searchParams;
    expect(query.get('ids')!.split(',')).to.have.length(10).and.include('polygon-ecosystem-token');
    expect(query.get('vs_currencies')).to.equal('usd');
    expect(without!.headers).to.not.have.property('x-cg-demo-api-key');
    expect(withKey!.headers['x-cg-demo-api-key']).to.equal('CG-1');
  });

  it('uses the time of the price if it is stated', () => {
    const body = '{"polygon-ecosystem-token":{"usd":1.02,"last_updated_at":1712050000},"solana":{}}';
    const quotes = coingecko.parse(body, server.context(NOW), 0);
    expect(quotes.map(({ instrument, buy, at }) => [instrument, buy, at])).to.deep.equal([
      ['POL', 1.02, 1712050000000],
    ]);
  });

  it('keeps the other coins if one has an invalid price', () => {
    const body = '{"bitcoin":{"usd":-5},"ethereum":{"usd":2500}}';
    const quotes = coingecko.parse(body, server.context(NOW), 0);
    expect(quotes.map(({ instrument, buy }) => [instrument, buy])).to.deep.equal([['ETH', 2500]]);
    expect(faultsOf(coingecko, body, NOW)).to.deep.equal(['bitcoin.usd: expected a positive price']);
  });

  it('refuses a response without a price', () => {
    const context = server.context(NOW);
    expect(() => coingecko.parse('{"status":{"error_code":429}}', context, 0)).to.throw(
      ResponseFormatError,
      'USD price',
    );
    expect(() => coingecko.parse('{"bitcoin":{"usd":-1}}', context, 0)).to.throw(
      ResponseFormatError,
      /^bitcoin\.usd: /,
    );
  });

  it('returns the points of its history within the range, one coin after another', async () => {
    const asked = Object.fromEntries(
      'bitcoin ripple dogecoin tether ethereum binancecoin cardano usd-coin polygon-ecosystem-token solana'
        .split(' ')
        .map((id) => [`/coins/${id}/market_chart`, BODIES.coingeckoChart]),
    );
    server.serve(asked);
    const chunks = await server.history(coingecko, NOW, 1711929600000, NOW);
    expect(chunks).to.have.length(10);
    expect(chunks[0]!.map(({ instrument, buy, at }) => [instrument, buy, at])).to.deep.equal([
      ['BTC', 71246.9, 1711929600000],
      ['BTC', 68887.7, 1712016000000],
    ]);
    expect(server.asked[0]!.path).to.include('vs_currency=usd&days=90');
  });
});
