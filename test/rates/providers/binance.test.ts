import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { binance } from '../../../src/rates/providers/binance.ts';
import { BODIES } from '../bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2017, 6, 13);

describe('binance', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns bid and ask in USDT, which is not USD', async () => {
    server.serve({ '/api/v3/ticker/24hr': BODIES.binance });
    expect(await server.quotes(binance, NOW)).to.deep.equal([
      {
        instrument: 'BTC-USDT',
        market: 'crypto',
        provider: 'binance',
        company: 'Binance',
        brand: '',
        buy: 67000.4,
        sell: 67000.5,
        currency: 'USDT',
        unit: 'coin',
        at: 1499869899040,
      },
    ]);
    const symbols = new URL(server.asked[0]!.path, server.url).searchParams.get('symbols')!;
    expect(JSON.parse(symbols)).to.have.length(9).and.include('POLUSDT').and.not.include('USDTUSDT');
  });

  it('accepts a list of pairs, without unrequested ones and those that are not traded', () => {
    const idle = BODIES.binance.replace('BTC', 'BNB').replace('67000.40', '0.00').replace('"67000.50"', '"0.00"');
    const body = `[${BODIES.binance},${BODIES.binance.replace('BTC', 'PEPE')},${idle}]`;
    expect(binance.parse(body, server.context(NOW), 0).map(({ instrument }) => instrument)).to.deep.equal(['BTC-USDT']);
  });

  it('reads small prices with exponents', () => {
    const row = (coin: string, bid: string, ask: string) =>
      `{"symbol":"${coin}USDT","bidPrice":"${bid}","askPrice":"${ask}","closeTime":1499869899040}`;
    const body = `[${row('BTC', '60000.1', '60000.2')},${row('DOGE', '7.35e-06', '7.36E-6')}]`;
    expect(
      binance.parse(body, server.context(NOW), 0).map(({ instrument, buy, sell }) => [instrument, buy, sell]),
    ).to.deep.equal([
      ['BTC-USDT', 60_000.1, 60_000.2],
      ['DOGE-USDT', 0.00000735, 0.00000736],
    ]);
  });

  it('names the invalid field', () => {
    const body = `[${BODIES.binance.replace('67000.40', 'n/a')}]`;
    expect(() => binance.parse(body, server.context(NOW), 0)).to.throw(ResponseFormatError, /^body\[0\]\.bidPrice: /);
  });

  it('returns the two prices of a kline with stated times', async () => {
    server.serve({ '/api/v3/klines': BODIES.binanceKlines });
    const [chunk] = await server.history(binance, Date.UTC(2018), 0, Date.UTC(2018));
    expect(chunk!.map(({ buy, sell, at }) => [buy, sell, at])).to.deep.equal([
      [0.0163479, 0.0163479, 1499040000000],
      [0.015771, 0.015771, 1499644799999],
    ]);
  });

  it('reads all pages of history, without the close of the current day', async () => {
    const now = 1500 * DAY + DAY / 2;
    server.serve({
      '/api/v3/klines': ({ path }) => {
        const query = new URL(path, server.url).searchParams;
        const first = Math.ceil(Number(query.get('startTime')) / DAY);
        const count = query.get('symbol') === 'BTCUSDT' ? Math.min(1000, Math.max(0, 1501 - first)) : 0;
        const days = Array.from({ length: count }, (_, index) => first + index);
        return JSON.stringify(days.map((day) => [day * DAY, '10', '12', '9', '11', '5', (day + 1) * DAY - 1]));
      },
    });
    const chunks = await server.history(binance, now, 0, now);
    expect(chunks.map((chunk) => chunk.length)).to.deep.equal([2000, 1001]);
    const times = chunks.flat().map(({ at }) => at);
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    expect(chunks.at(-1)!.at(-1)).to.include({ at: 1500 * DAY, buy: 10 });
  });

  it('stops if the server always returns the same page', async () => {
    const page = Array.from({ length: 1000 }, (_, day) => [day * DAY, '10', '12', '9', '11', '5', (day + 1) * DAY - 1]);
    server.serve({ '/api/v3/klines': JSON.stringify(page) });
    await server.history(binance, 5000 * DAY, 0, 5000 * DAY);
    expect(server.asked).to.have.length(5 * 9); // one for a thousand days of each pair
  });
});
