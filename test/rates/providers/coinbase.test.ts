import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { coinbase } from '../../../src/rates/providers/coinbase.ts';
import { BODIES } from '../bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const DAY = 24 * 3_600_000;
const TODAY = 1_700_006_400_000;
const NOW = TODAY + 3_600_000;

describe('coinbase', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns the close of the newest candle of each pair', async () => {
    server.serve(
      Object.fromEntries(
        'BTC ETH XRP SOL ADA DOGE'.split(' ').map((coin) => [`/products/${coin}-USD/candles`, BODIES.coinbase]),
      ),
    );
    const quotes = await server.quotes(coinbase, NOW);
    expect(quotes.map(({ instrument }) => instrument)).to.deep.equal(['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE']);
    expect(quotes[0]).to.deep.equal({
      instrument: 'BTC',
      market: 'crypto',
      provider: 'coinbase',
      company: 'Coinbase',
      brand: '',
      buy: 37200.25,
      sell: 37200.25,
      currency: 'USD',
      unit: 'coin',
      at: undefined,
    });
    expect(server.asked[0]!.path).to.include('granularity=86400');
  });

  it('names the invalid field', () => {
    const context = server.context(NOW);
    expect(() => coinbase.parse('{"message":"NotFound"}', context, 0)).to.throw(
      ResponseFormatError,
      'body: expected a list',
    );
    expect(() => coinbase.parse('[[1700006400,1,2,3]]', context, 0)).to.throw(
      ResponseFormatError,
      'body[0][4]: expected a price',
    );
  });

  it('returns finished candles as history, oldest first, in windows of 300 days', async () => {
    const windows: number[] = [];
    const candles = ({ path }: { path: string }) => {
      const query = new URL(path, server.url).searchParams;
      const [start, end] = [Date.parse(query.get('start')!), Date.parse(query.get('end')!)];
      const days: number[] = [];
      for (let day = start; day <= end; day += DAY) days.unshift(day / 1000);
      windows.push(days.length);
      return JSON.stringify(days.map((day) => [day, 9, 12, 10, 11, 1]));
    };
    const none = () => '[]';
    server.serve({
      '/products/BTC-USD/candles': candles,
      ...Object.fromEntries('ETH XRP SOL ADA DOGE'.split(' ').map((coin) => [`/products/${coin}-USD/candles`, none])),
    });
    const from = TODAY - 399 * DAY;
    const chunks = await server.history(coinbase, NOW, from, NOW);
    expect(windows).to.deep.equal([300, 100]);
    expect(chunks.map((chunk) => chunk.length)).to.deep.equal([600, 198]); // today has not closed
    const quotes = chunks.flat();
    expect(quotes[0]).to.include({ at: from, buy: 10 });
    expect(quotes.at(-1)).to.include({ at: TODAY - 1, buy: 11 });
    expect(quotes.map(({ at }) => at)).to.deep.equal(quotes.map(({ at }) => at).sort((a, b) => a - b));
  });
});
