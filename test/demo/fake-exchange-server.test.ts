import { expect } from 'chai';
import { FakeExchangeServer } from '../../src/demo/fake-exchange-server.ts';
import { PriceSimulator } from '../../src/demo/price-simulator.ts';
import {
  SIMULATED_COMPANY,
  SIMULATED_PROVIDER_ID,
  simulatedProviderConfig,
} from '../../src/demo/simulated-provider.ts';
import { createCustomProvider } from '../../src/rates/custom-provider.ts';
import { contextAt } from '../rates/context.ts';

const NOW = Date.UTC(2026, 6, 20, 3, 7, 42);

describe('FakeExchangeServer', () => {
  const market = new PriceSimulator(3, NOW);
  const exchange = new FakeExchangeServer(market, () => NOW);

  before(() => exchange.start());
  after(() => exchange.stop());

  it('serves bodies for the configured provider, every price marked SIMULATED', async () => {
    const provider = createCustomProvider(SIMULATED_PROVIDER_ID, simulatedProviderConfig(exchange.url));
    const context = contextAt(NOW, { url: exchange.url });
    const [request] = await provider.requests(context);
    const body = await (await fetch(request!.url)).text();
    const quotes = provider.parse(body, context, 0);
    expect(
      quotes.map(({ instrument, buy, sell, currency, unit, at }) => ({ instrument, buy, sell, currency, unit, at })),
    ).to.deep.equal(market.pricesAt(NOW));
    for (const quote of quotes) {
      expect(quote.provider).to.match(/^simulated/);
      expect(quote.company).to.equal(SIMULATED_COMPANY).and.to.equal('SIMULATED');
    }
    expect(body).to.include('SIMULATED');
  });

  it('serves nothing else', async () => {
    expect((await fetch(new URL('/', exchange.url))).status).to.equal(404);
    expect((await fetch(exchange.url, { method: 'POST', body: 'x' })).status).to.equal(405);
  });

  it('listens on this machine only', () => {
    expect(new URL(exchange.url).hostname).to.equal('127.0.0.1');
  });
});
