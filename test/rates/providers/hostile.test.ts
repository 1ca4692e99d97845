import { expect } from 'chai';
import fc from 'fast-check';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { PROVIDERS } from '../../../src/rates/providers/index.ts';
import { contextAt } from '../context.ts';
import { HOSTILE_CASES, meetBody, meetHistory } from '../hostile-cases.ts';

describe('a body with any content gives positive prices or a ResponseFormatError', () => {
  it('of every provider', () => {
    expect(HOSTILE_CASES.map(({ provider }) => provider.id)).to.have.members(PROVIDERS.map(({ id }) => id));
  });

  for (const each of HOSTILE_CASES) {
    const { provider, bodies, history } = each;
    it(provider.id, () => {
      fc.assert(
        fc.property(bodies, (body) => meetBody(each, body)),
        { numRuns: 500 },
      );
    });

    if (!history) continue;
    it(`${provider.id}, as history within the range`, async () => {
      await fc.assert(
        fc.asyncProperty(history, (body) => meetHistory(each, body)),
        { numRuns: 100 },
      );
    });
  }

  it('large bodies take limited time', () => {
    const large = [
      '<'.repeat(500_000),
      '<a x="'.repeat(300_000),
      `<a>${'&'.repeat(1_000_000)}</a>`,
      `<GoldList>${'<DGPlist>'.repeat(100_000)}`,
      `<root><ratelist updated="${' '.repeat(1_000_000)}x"><city name=""><item type="${'9'.repeat(1_000_000)}"/></city></ratelist></root>`,
      '['.repeat(1_000_000),
      JSON.stringify({ success: true, latestDate: '1'.repeat(1_000_000), data: [{ TypeName: 'sjc'.repeat(300_000) }] }),
      JSON.stringify({
        golds: [{ value: [{ company: 'x', brand: '-'.repeat(1_000_000), type: ' '.repeat(1_000_000) }] }],
      }),
    ];
    for (const { provider } of HOSTILE_CASES.filter((each) => each.provider.market === 'gold')) {
      for (const body of large) {
        const start = performance.now();
        try {
          provider.parse(body, contextAt(Date.UTC(2026, 6, 20, 13), { key: 'a' }), 0);
        } catch (error) {
          expect(error).to.be.instanceOf(ResponseFormatError);
        }
        expect(performance.now() - start).to.be.below(5000);
      }
    }
  });
});
