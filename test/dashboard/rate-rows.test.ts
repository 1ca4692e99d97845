import { expect } from 'chai';
import { lastClose, shownRates } from '../../src/dashboard/rate-rows.ts';
import type { RatesView, State } from '../../src/dashboard/state.ts';
import { busy, DAY, NOW, quote, rate } from './presentation/states.ts';

const names = (state: State): string[] => shownRates(state).map(({ quote }) => quote.instrument);
const view = (change: Partial<RatesView>, state = busy()): State => ({
  ...state,
  ratesView: { ...state.ratesView, ...change },
});

describe('the shown rates', () => {
  it('are all, by market, unless the member wants otherwise', () => {
    const state = busy();
    expect(shownRates(state)).to.equal(state.rates);
  });

  it('are those with the text of the filter in name, provider, company or brand, whatever the case and accents', () => {
    expect(names(view({ filter: 'bt' }))).to.deep.equal(['BTMC-RING', 'BTC']);
    expect(names(view({ filter: 'VIETCOM' }))).to.deep.equal(['EUR', 'JPY', 'USD']);
    const branch = { ...busy(), rates: [rate(quote('SJC', 1e8, { brand: 'Hà Nội' })), rate(quote('PNJ', 1e8))] };
    expect(names(view({ filter: ' ha noi ' }, branch))).to.deep.equal(['SJC']);
    expect(names(view({ filter: 'nothing' }))).to.deep.equal([]);
  });

  it('are sorted by a column in both directions, with unknown values last', () => {
    const rates = [rate(quote('A', 2)), rate(quote('B', null)), rate(quote('C', 3)), rate(quote('D', 1))];
    const state = { ...busy(), rates };
    expect(names(view({ sortBy: 'sell' }, state))).to.deep.equal(['D', 'A', 'C', 'B']);
    expect(names(view({ sortBy: 'sell', isDescending: true }, state))).to.deep.equal(['C', 'A', 'D', 'B']);
    expect(names(view({ sortBy: 'name', isDescending: true }, state))).to.deep.equal(['D', 'C', 'B', 'A']);
    const changes = [
      rate(quote('UP', 110), { closes: [100] }),
      rate(quote('DOWN', 90), { closes: [100] }),
      rate(quote('NEW', 50), { closes: [] }),
      rate(quote('OLD', 500, { checkedAt: NOW - 2 * DAY }), { closes: [100] }),
    ];
    expect(
      names(view({ sortBy: 'change', isDescending: true }, { ...state, rates: changes })).slice(0, 2),
    ).to.deep.equal(['UP', 'DOWN']);
    const ages = [rate(quote('OLD', 1, { checkedAt: NOW - DAY })), rate(quote('NEW', 1, { checkedAt: NOW }))];
    expect(names(view({ sortBy: 'age' }, { ...state, rates: ages }))).to.deep.equal(['NEW', 'OLD']);
  });

  it('are the watch list in its own order, also with a filter', () => {
    const state = { ...busy(), watchList: ['USD', 'SJC', 'GONE', 'BTC'] };
    expect(names(view({ isWatchListOnly: true }, state))).to.deep.equal(['USD', 'SJC', 'BTC']);
    expect(names(view({ isWatchListOnly: true, filter: 'usd' }, state))).to.deep.equal(['USD']);
    expect(names(view({ isWatchListOnly: true, sortBy: 'name' }, state))).to.deep.equal(['BTC', 'SJC', 'USD']);
  });

  it('change since the last close, if anything is known about today', () => {
    expect(lastClose(rate(quote('SJC', 2), { closes: [1, 3] }), NOW)).to.equal(3);
    expect(lastClose(rate(quote('SJC', 2, { checkedAt: NOW - DAY }), { closes: [3] }), NOW)).to.equal(undefined);
    expect(lastClose(rate(quote('SJC', 2), { closes: [] }), NOW)).to.equal(undefined);
  });
});
