import { expect } from 'chai';
import { parseColumnMap } from '../../src/cli/quote-columns.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { formatDateTime } from '../../src/domain/time.ts';
import { ECB, memoryInput, readFile } from './quote-reader.ts';

describe('rates of the European Central Bank', () => {
  it('are what a euro costs in each currency, at the time of their publication', async () => {
    for (const cut of [1000, 7]) {
      const { rows, bad, lines } = await readFile(memoryInput(ECB, cut), { format: 'ecb', constants: {} });
      expect(bad).to.deep.equal({});
      expect(lines).to.equal(4);
      expect(
        rows.map(({ line, series, row: [at, buy, sell] }) => [line, series.instrument, formatDateTime(at), buy, sell]),
      ).to.deep.equal([
        [1, 'EUR-USD', '2024-01-03 21:00', 1.0919, 1.0919],
        [2, 'EUR-JPY', '2024-01-03 21:00', 155.75, 155.75],
        [3, 'EUR-USD', '2024-01-02 21:00', 1.0956, 1.0956],
        [4, 'EUR-JPY', '2024-01-02 21:00', 155.65, 155.65],
      ]);
      expect(rows[0]!.series).to.deep.equal({
        instrument: 'EUR-USD',
        market: 'fx',
        company: 'European Central Bank',
        currency: 'USD',
        unit: 'each',
      });
    }
  });

  it('are known by their look, and say themselves what they are', async () => {
    expect((await readFile(ECB, { constants: {} })).rows).to.have.length(4);
    for (const options of [
      { constants: { instrument: 'USD' } },
      { constants: {}, map: parseColumnMap(['price=rate']) },
    ]) {
      let thrown: unknown;
      await readFile(ECB, options).catch((error) => {
        thrown = error;
      });
      expect((thrown as AppError).code).to.equal('USAGE');
    }
    const none = await readFile('<Cube/>', { constants: {} }).catch((error) => error);
    expect(none).to.be.instanceOf(AppError);
    expect((none as AppError).message).to.contain('no rate');
  });
});
