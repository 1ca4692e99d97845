import { expect } from 'chai';
import { ResponseFormatError } from '../../../src/rates/provider.ts';
import { pnjHistory } from '../../../src/rates/providers/pnj-history.ts';
import { GOLD_BODIES } from '../gold-bodies.ts';
import { ProviderServer } from '../provider-server.ts';

const NOW = Date.parse('2022-10-03T20:00:00+07:00');
const AT = Date.parse('2022-10-03T08:12:12+07:00');
const PATH = '/ecom-frontend/v1/get-gold-price-history';

function day(name: string, ...data: [buy: string, sell: string, at: string][]): string {
  const rows = data.map(([gia_mua, gia_ban, updated_at]) => ({ gia_mua, gia_ban, updated_at }));
  return JSON.stringify({ locations: [{ name: 'Hà Nội', gold_type: [{ name, data: rows }] }] });
}

describe('pnj-history', () => {
  const server = new ProviderServer();
  before(() => server.start());
  after(() => server.stop());

  it('converts thousand VND per tael to VND per tael', async () => {
    server.serve({ [PATH]: GOLD_BODIES.pnjHistory });
    expect(await server.quotes(pnjHistory, NOW)).to.deep.equal([
      {
        instrument: 'PNJ',
        market: 'gold',
        provider: 'pnj-history',
        company: 'PNJ',
        brand: 'TPHCM',
        buy: 51_900_000,
        sell: 52_900_000,
        currency: 'VND',
        unit: 'tael',
        at: AT,
      },
    ]);
    expect(server.asked[0]!.path).to.equal(`${PATH}?date=20221003`);
  });

  it('returns the latest price of the day as current, and all of them as history', async () => {
    const body = day(
      'Nhẫn PNJ (24K)',
      ['51.000', '52.000', '03/10/2022 14:00:00'],
      ['50.000', '51.000', '03/10/2022 08:00:00'],
    );
    expect(
      pnjHistory.parse(body, server.context(NOW), 0).map(({ instrument, buy }) => [instrument, buy]),
    ).to.deep.equal([['PNJ-RING', 51_000_000]]);
    server.serve({ [`${PATH}?date=20221002`]: '{"locations":[]}', [`${PATH}?date=20221003`]: body });
    const chunks = await server.history(pnjHistory, NOW, AT - 24 * 3_600_000, AT);
    expect(chunks.map((chunk) => chunk.map(({ buy }) => buy))).to.deep.equal([[50_000_000]]);
    expect(server.asked).to.have.length(2);
    expect((await server.history(pnjHistory, NOW, AT - 3_600_000, NOW)).flat().map(({ buy }) => buy)).to.deep.equal([
      50_000_000, 51_000_000,
    ]);
  });

  it('requests at most a year of days, oldest first', async () => {
    server.serve({ [PATH]: '{"locations":[]}' });
    await server.history(pnjHistory, NOW, 0, Number.MAX_SAFE_INTEGER);
    expect(server.asked).to.have.length(366);
    expect(server.asked[0]!.path).to.equal(`${PATH}?date=20211003`);
    expect(server.asked.at(-1)!.path).to.equal(`${PATH}?date=20221003`);
  });

  it('names the invalid field', () => {
    const parse = (body: string) => () => pnjHistory.parse(body, server.context(NOW), 0);
    const path = 'locations[0].gold_type[0].data[0]';
    expect(parse(GOLD_BODIES.pnjHistory.replace('gia_ban', 'x'))).to.throw(
      ResponseFormatError,
      `${path}.gia_ban: expected a price`,
    );
    expect(parse(GOLD_BODIES.pnjHistory.replace('"52.900"', '52.9'))).to.throw(ResponseFormatError, `${path}.gia_ban`);
    expect(parse(GOLD_BODIES.pnjHistory.replace('08:12:12', '28:12:12'))).to.throw(
      ResponseFormatError,
      `${path}.updated_at`,
    );
  });

  it('refuses an error page', () => {
    const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>';
    expect(() => pnjHistory.parse(page, server.context(NOW), 0)).to.throw(
      ResponseFormatError,
      'body: expected JSON, not an HTML page',
    );
  });
});
