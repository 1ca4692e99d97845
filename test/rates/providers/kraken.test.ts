import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { kraken } from '../../../src/rates/providers/kraken.ts';
import { BODIES } from '../bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const OPENED = 1_700_000_000_000;
const NOW = OPENED + 3_600_000;

describe('kraken', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('returns the close of the newest candle of each pair', async () => {
    server.serve({ '/0/public/OHLC': BODIES.kraken });
    const quotes = await server.quotes(kraken, NOW);
    expect(quotes.map(({ instrument }) => instrument)).to.deep.equal(['BTC', 'ETH', 'XRP', 'SOL', 'ADA', 'DOGE']);
    expect(quotes[0]).to.deep.equal({
      instrument: 'BTC',
      market: 'crypto',
      provider: 'kraken',
      company: 'Kraken',
      brand: '',
      buy: 37200,
      sell: 37200,
      currency: 'USD',
      unit: 'coin',
      at: undefined,
    });
    expect(server.asked[0]!.path).to.include('pair=XBTUSD&interval=1440');
  });

  it('does not make a price newer than its candle', () => {
    const later = OPENED + 30 * 24 * 3_600_000;
    expect(kraken.parse(BODIES.kraken, server.context(later), 0)[0]!.at).to.equal(OPENED + 24 * 3_600_000);
  });

  it('passes on the error message of Kraken', () => {
    const body = '{"error":["EQuery:Unknown asset pair"]}';
    expect(() => kraken.parse(body, server.context(NOW), 0)).to.throw(ResponseFormatError, 'EQuery:Unknown asset pair');
  });

  it('names the invalid field', () => {
    const body = BODIES.kraken.replace('"37200.0"', 'null');
    expect(kraken.parse(body, server.context(NOW), 0)).to.deep.equal([]);
    const text = BODIES.kraken.replace('"37200.0"', '"x"');
    expect(() => kraken.parse(text, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      /^result\.XXBTZUSD\[0\]\[4\]: /,
    );
    expect(() => kraken.parse('{"error":[],"result":{"last":1}}', server.context(NOW), 0)).to.throw(
      ResponseFormatError,
    );
  });

  it('returns opening prices as history, within the range', async () => {
    server.serve({ '/0/public/OHLC': BODIES.kraken });
    const chunks = await server.history(kraken, NOW, 0, NOW);
    expect(chunks).to.have.length(6);
    expect(chunks[5]!.map(({ instrument, buy, at }) => [instrument, buy, at])).to.deep.equal([['DOGE', 37000, OPENED]]);
    expect(await server.history(kraken, NOW, OPENED + 1, NOW)).to.deep.equal([]);
  });
});
