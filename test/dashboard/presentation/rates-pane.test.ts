import { expect } from 'chai';
import { instrumentAt } from '../../../src/dashboard/presentation/rates-pane.ts';
import { REGION_RENDERERS } from '../../../src/dashboard/presentation/region-renderers.ts';
import type { RatesView, State } from '../../../src/dashboard/state.ts';
import { lineText, type StyledLine, type Tone } from '../../../src/dashboard/styled-text.ts';
import { busy, DAY, empty, HOUR, NOW, quote, rate } from './states.ts';

const styled = (state: State, width: number, height: number): StyledLine[] =>
  REGION_RENDERERS.rates.lines(state, width, height);
const lines = (state: State, width: number, height: number): string[] =>
  styled(state, width, height).map((line) => lineText(line));
const text = (state: State, width = 80, height = 20): string => lines(state, width, height).join('\n');
const title = (state: State, width = 60): string => lineText(REGION_RENDERERS.rates.title(state, width));
const toneOf = (all: readonly StyledLine[], part: string): Tone | undefined =>
  all.flat().find((span) => span.text.includes(part))?.tone;
const view = (change: Partial<RatesView>, state = busy()): State => ({
  ...state,
  ratesView: { ...state.ratesView, ...change },
});

describe('presentation: rates', () => {
  it('lists buy, sell, change and age on 80 columns, shortened where the full figures do not fit', () => {
    expect(lines(busy(), 44, 9)).to.deep.equal([
      ' Name            Buy      Sell  Today    Age',
      ' BTMC-RING   146.90M   149.90M ▼0.40%  2 min',
      ' PNJ         147.78M   150.80M ▲0.77%  2 min',
      '▸SJC         148.27M   151.30M ▲0.77%  2 min',
      ' XAU       2,298.69  2,345.60   0.00%  2 min',
      ' BTC       65,780.93 67,123.40 ▲0.77%  2 min',
      ' DOGE      0.0698098 0.0712345 ▲0.77%   !3 h',
      ' ETH        3,387.64  3,456.78 ▲0.77%  2 min',
      ' EUR       26,198    26,732    ▲0.77%  2 min',
    ]);
  });

  it('shows full figures and the trend as soon as they fit', () => {
    const gold = { ...busy(), rates: [rate(quote('SJC', 151_300_000)), rate(quote('PNJ', 150_800_000))] };
    expect(lines(gold, 44, 9).slice(0, 2)).to.deep.equal([
      ' Name         Buy        Sell  Today    Age',
      '▸SJC  148,274,000 151,300,000 ▲0.77%  2 min ',
    ]);
    expect(lines(gold, 50, 9)[1]).to.match(/^▸SJC +148,274,000 151,300,000 ▲0.77% [▁▂▃▄▅▆▇█]{5,} +2 min/);
  });

  it('has market headings, units and providers when there is room, aligned on the decimal', () => {
    const shown = lines(busy(), 118, 20);
    expect(shown[0]).to.match(/^ Name +Buy +Sell Unit +Today Trend +Age +Provider$/);
    expect(shown).to.include('Gold').and.to.include('Crypto').and.to.include('Currencies');
    const points = ['BTC', 'DOGE', 'ETH'].map((id) => {
      const line = shown.find((each) => each.startsWith(` ${id} `))!;
      return line.indexOf('.', line.indexOf('.') + 1);
    });
    expect(new Set(points).size, points.join()).to.equal(1);
  });

  it('says since when a stale row is stale', () => {
    const doge = (width: number): string => lines(busy(), width, 20).find((line) => line.includes('DOGE'))!;
    expect(doge(118)).to.include('STALE since 12:04');
    expect(doge(62)).to.include('STALE 3 h');
    expect(doge(44)).to.include(' !3 h');
    const older = { ...busy(), rates: [rate(quote('DOGE', 1, { stale: true, checkedAt: NOW - 2 * DAY }))] };
    expect(lines(older, 118, 20)[1]).to.include('STALE since 2024-02-28');
  });

  it('drops columns in the order of what can be missed most easily', () => {
    const at = (width: number): string => lines(busy(), width, 9).find((line) => line.startsWith('▸SJC'))!;
    expect(at(36).trimEnd()).to.match(/SJC +151,300,000 ▲0.77% +2 min$/);
    expect(at(28).trimEnd()).to.match(/SJC +151\.30M ▲0.77%$/);
    expect(at(22).trimEnd()).to.match(/SJC +151\.30M$/);
    expect(lines(busy(), 22, 9).join('\n')).to.match(/!DOGE +0\.0712345/); // stale shows all the same
  });

  it('cuts a long name in the middle, where names are alike', () => {
    const rates = [rate(quote('VANG-SJC-1-CHI', 1e8)), rate(quote('VANG-SJC-5-CHI', 1e8))];
    const shown = lines({ ...busy(), rates }, 36, 9);
    expect(shown[1]).to.match(/^ VANG-?S?…-?1-CHI /);
    expect(shown[2]).to.match(/^ VANG-?S?…-?5-CHI /);
  });

  it('leaves the change out of a price that was not confirmed today', () => {
    const old = rate(quote('SJC', 151_300_000, { checkedAt: NOW - DAY, stale: true }));
    expect(lines({ ...busy(), rates: [old] }, 44, 9)[1]).not.to.include('%');
  });

  it('scrolls to the selected row, and knows what stands where', () => {
    const state = { ...busy(), selected: 'USD' };
    const shown = lines(state, 44, 6);
    expect(shown.at(-1)).to.match(/^▸USD/);
    expect(instrumentAt(state, 6, 5)).to.equal('USD');
    expect(instrumentAt(state, 6, 0)).to.equal(undefined);
    expect(instrumentAt(busy(), 20, 2)).to.equal('BTMC-RING'); // below a heading
    expect(instrumentAt(busy(), 20, 1)).to.equal(undefined);
    expect(instrumentAt(busy(), 40, 39)).to.equal(undefined);
  });

  it('lights a price up that has just moved, without its padding, and lets old ones look old', () => {
    const state = { ...busy(), selected: null };
    const now = styled(state, 44, 9);
    expect(toneOf(now, '151.30M')).to.equal('accent');
    expect(toneOf(now, '150.80M')).to.equal('text');
    expect(toneOf(now, '0.0712345')).to.equal('muted');
    expect(toneOf(now, '!3 h')).to.equal('warn');
    for (const width of [44, 118]) {
      const lit = styled(state, width, 9)
        .flat()
        .filter(({ tone }) => tone === 'accent');
      expect(lit.map(({ text }) => text).join('')).to.match(/^[\d.,M]+$/);
    }
    const later = styled({ ...state, now: NOW + 1600 }, 44, 9);
    expect(toneOf(later, '151.30M')).to.equal('text');
    const cut = { phase: 'offline', since: NOW, nextTryAt: null, reason: 'gone' } as const;
    expect(toneOf(styled({ ...state, connection: cut }, 44, 9), '150.80M')).to.equal('muted');
  });

  it('lights up only the side that moved', () => {
    const moved = rate(quote('SJC', 151_300_000), { movedAt: NOW, movedSides: ['buy'] });
    const shown = styled({ ...busy(), selected: null, rates: [moved] }, 44, 9);
    expect(toneOf(shown, '148,274,000')).to.equal('accent');
    expect(toneOf(shown, '151,300,000')).to.equal('text');
  });

  it('marks the selected row from edge to edge, and the watched ones', () => {
    const row = styled({ ...busy(), now: NOW + HOUR }, 44, 9)[3]!;
    expect(lineText(row)).to.have.length(44);
    expect(new Set(row.map(({ tone }) => tone))).to.deep.equal(new Set(['selected']));
    const shown = lines({ ...busy(), watchList: ['PNJ', 'SJC'] }, 44, 9);
    expect(shown[2]).to.match(/^\*PNJ/);
    expect(shown[3]).to.match(/^▸SJC/);
  });

  it('draws everything in ASCII where the terminal has no more', () => {
    const shown = text(view({ sortBy: 'sell', isDescending: true }, { ...busy(), unicode: false }), 63, 9);
    expect(shown).to.match(/^[\x20-\x7e\n]*$/);
    expect(shown).to.match(/>SJC +148,274,000 +151,300,000 +\+0.77% +[_.^-]+/);
    expect(shown).to.include('Sellv');
  });

  it('names the sort column and its direction in the heading', () => {
    expect(lines(view({ sortBy: 'change', isDescending: true }), 44, 9)[0]).to.include('Today↓');
    expect(lines(view({ sortBy: 'buy' }), 44, 9)[0]).to.include('Buy↑');
    const sorted = lines(view({ sortBy: 'name', isDescending: true }), 44, 20);
    expect(sorted[0]).to.match(/^ Name↓/);
    expect(sorted.slice(1, 4).map((line) => line.slice(1, 4))).to.deep.equal(['XAU', 'USD', 'SJC']);
    expect(sorted.join('')).not.to.include('Gold');
  });

  it('says what is filtered, and what to do where nothing fits', () => {
    expect(title(view({ filter: 'bt', isTyping: true })))
      .to.include('2 of 10')
      .and.to.match(/\/bt +/);
    expect(title({ ...view({ isWatchListOnly: true }), watchList: ['SJC'] }))
      .to.include('1 of 10')
      .and.to.include('watch list');
    const none = text(view({ filter: 'zzz' }), 44, 9).replace(/\n/g, ' ');
    expect(none).to.equal('No rate has "zzz" in its name, provider or company. Esc shows all.');
    expect(instrumentAt(view({ filter: 'btc' }), 9, 1)).to.equal('BTC');
  });

  it('says what the change refers to, where the title has room', () => {
    expect(title(busy(), 70)).to.equal('Rates  10  1 stale  today: since the last close');
    expect(title(busy(), 30)).to.equal('Rates  10  1 stale');
  });

  it('says why there are none and what to do; without a connection or a sign-in, another pane does', () => {
    const state = { ...busy(), rates: [], selected: null };
    const shown = text(state, 44, 9);
    expect(shown).to.include('kraken: no answer within 10 s').and.to.include('in 1 min');
    expect(shown.replace(/\n/g, ' ')).to.include('goldctl rates import FILE');
    expect(text({ ...empty(), connection: { phase: 'online' } })).to.equal('Not signed in.');
    const connection = { phase: 'offline', since: NOW, nextTryAt: NOW + 2000, reason: 'connect ECONNREFUSED' } as const;
    expect(text({ ...empty(), connection })).to.equal('No connection.');
    expect(text({ ...empty(), connection, zoomed: 'rates' })).to.equal(
      'No connection to 127.0.0.1:4000: connect ECONNREFUSED\nNext try in 2 s. Press F5 to try now.',
    );
  });
});
