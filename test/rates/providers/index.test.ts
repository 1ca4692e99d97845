import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { createCustomProvider } from '../../../src/rates/custom-provider.ts';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { PROVIDERS } from '../../../src/rates/providers/index.ts';
import { ROOT } from '../../root.ts';
import { contextAt } from '../context.ts';

const DOCUMENT = readFileSync(join(ROOT, 'docs/providers.md'), 'utf8');

describe('PROVIDERS', () => {
  it('are the eighteen of config.json, in its order', () => {
    expect(PROVIDERS.map(({ id }) => id).join(' ')).to.equal(
      'sjc sjc-xml pnj pnj-history doji btmc mihong vang-today vnappmob tygia gold-api coingecko binance kraken ' +
        'coinbase vietcombank er-api frankfurter',
    );
  });

  for (const provider of PROVIDERS) {
    it(`${provider.id} conforms to the interface`, () => {
      expect(provider.enabled && provider.key === 'required').to.equal(false);
      expect(URL.canParse(provider.url)).to.equal(true);
      expect(provider.url).to.not.match(/\/$/);
      expect(provider.intervalMs).to.be.at.least(60_000);
      expect(DOCUMENT).to.match(new RegExp(`^### ${provider.id}$`, 'm'), 'a section in docs/providers.md');
    });

    it(`${provider.id} throws a ResponseFormatError or returns nothing for any text and JSON`, () => {
      const now = Date.UTC(2026, 6, 20);
      const context = contextAt(now, { url: provider.url });
      const anything = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        fc.json().map((text) => `\ufeff\n${text}`),
      );
      fc.assert(
        fc.property(anything, (body) => {
          try {
            // Some arrays of numbers are rows of a source: then a price is read.
            for (const { buy, sell } of provider.parse(body, context, 0)) {
              for (const price of [buy, sell]) expect(price === null || (price > 0 && price < Infinity)).to.equal(true);
              expect(buy ?? sell).to.be.a('number');
            }
          } catch (error) {
            if (!(error instanceof ResponseFormatError)) throw error;
          }
        }),
      );
    });
  }
});

describe('the examples in docs/providers.md', () => {
  const now = Date.UTC(2026, 6, 20, 13);
  const blocksOf = (text: string) => [...text.matchAll(/```(?:json|xml|csv)\n(.*?)```/gs)].map((match) => match[1]!);
  const section = (title: string) => DOCUMENT.split(/^##+ /m).find((text) => text.startsWith(`${title}\n`)) ?? '';

  function expectQuotes(id: string, settings: { url: string }, body: string, quotes: string): void {
    const read = createCustomProvider(id, settings).parse(body, contextAt(now, { url: settings.url }), 0);
    const expected = JSON.parse(quotes).map(({ at, ...quote }: { at?: string }) => ({
      ...quote,
      at: at === undefined ? undefined : Date.parse(at),
    }));
    expect(read).to.deep.equal(expected);
  }

  it('work as written', () => {
    const [body, config, quotes] = blocksOf(section('A provider by configuration alone'));
    expectQuotes('kho-vang', JSON.parse(config!).rates.providers['kho-vang'], body!, quotes!);
    for (const title of ['Rows by their codes', 'XML', 'CSV']) {
      const [body, settings, quotes] = blocksOf(section(title));
      expectQuotes('example', JSON.parse(settings!), body!, quotes!);
    }
  });
});
