import { expect } from 'chai';
import { KEY_BINDINGS } from '../../../src/dashboard/key-bindings.ts';
import { candleAt, chartTitle } from '../../../src/dashboard/presentation/chart-pane.ts';
import { forumHeight, forumTitle } from '../../../src/dashboard/presentation/forum-pane.ts';
import { helpHeight, helpOverlayLines } from '../../../src/dashboard/presentation/help-overlay.ts';
import { instrumentAt } from '../../../src/dashboard/presentation/rates-pane.ts';
import { REGION_RENDERERS, type RegionName } from '../../../src/dashboard/presentation/region-renderers.ts';
import { signInLines } from '../../../src/dashboard/presentation/sign-in-form.ts';
import type { State } from '../../../src/dashboard/state.ts';
import { lineText, type StyledLine, type Tone } from '../../../src/dashboard/styled-text.ts';
import type { Transfer } from '../../../src/domain/transfer.ts';
import { SHELL_COMMANDS } from '../../../src/repl/grammar.ts';
import { busy, candlesOf, DAY, empty, MINUTE, NOW, post, quote, rate } from './states.ts';

const lines = (view: RegionName, state: State, width: number, height: number): string[] =>
  REGION_RENDERERS[view].lines(state, width, height).map((line) => lineText(line));
const text = (view: RegionName, state: State, width = 80, height = 20): string =>
  lines(view, state, width, height).join('\n');
const toneOf = (all: readonly StyledLine[], part: string): Tone | undefined =>
  all.flat().find((span) => span.text.includes(part))?.tone;

describe('presentation: header', () => {
  it('says who, where, the connection, the providers, and the time in Vietnam', () => {
    const [line] = lines('header', busy(), 120, 1);
    expect(line).to.match(
      /^goldctl {2}Yoda \(owner\) {2}127\.0\.0\.1:4000 {2}● online {2}providers 2\/3 ok, 1 in error {3,}2024-03-01 15:04:05 \+07$/,
    );
    expect(lines('header', busy(), 40, 1)[0]).to.equal('goldctl  Yoda  ● online  2/3    15:04:05');
  });

  it('shows a lost connection, its age and the next try, however narrow', () => {
    const connection = {
      phase: 'offline',
      since: NOW - 12_000,
      nextTryAt: NOW + 3000,
      reason: 'read ECONNRESET',
    } as const;
    expect(text('header', { ...busy(), connection }, 120, 1)).to.include('○ offline for 12 s, next try in 3 s');
    expect(text('header', { ...busy(), connection }, 80, 1)).to.include('offline for 12 s, next try in 3 s');
    expect(text('header', { ...busy(), connection }, 36, 1)).to.include('offline');
    expect(text('header', { ...busy(), connection: { phase: 'ended', reason: 'kicked' } }, 100, 1)).to.include(
      'ended: kicked',
    );
  });

  it('marks simulated prices', () => {
    const state = { ...busy(), rates: [rate(quote('SJC', 1e8, { provider: 'SIMULATED' }))] };
    for (const view of ['rates', 'chart', 'forum', 'members', 'transfers'] as const) {
      expect(lineText(REGION_RENDERERS[view].title(state, 60)), view).to.include('SIMULATED');
    }
    expect(text('header', state)).to.include('SIMULATED');
    expect(text('header', busy())).not.to.include('SIMULATED');
  });
});

describe('presentation: rates', () => {
  it('lists instrument, price, change, trend and age in columns', () => {
    expect(lines('rates', busy(), 44, 9)).to.deep.equal([
      ' Name             Sell Change Trend      Age',
      ' BTMC-RING 149,900,000 ▼0.40% ▂█▁      2 min',
      ' PNJ       150,800,000 ▲0.77% ▁▁▄▇█▆▃▆ 2 min',
      '▸SJC       151,300,000 ▲0.77% ▁▁▄▇█▆▃▆ 2 min',
      ' XAU          2,345.60  0.00% ▅▅       2 min',
      ' BTC         67,123.40 ▲0.77% ▁▁▄▇█▆▃▆ 2 min',
      ' DOGE        0.0712345 ▲0.77% ▁▁▄▇█▆▃▆ STALE',
      ' ETH          3,456.78 ▲0.77% ▁▁▄▇█▆▃▆ 2 min',
      ' EUR            26,732 ▲0.77% ▁▁▄▇█▆▃▆ 2 min',
    ]);
  });

  it('has market headings, both sides, units and providers when there is room, aligned on the decimal', () => {
    const shown = lines('rates', busy(), 118, 20);
    expect(shown[0]).to.match(/^ Name +Buy +Sell Unit +Change Trend +Age Provider$/);
    expect(shown).to.include('Gold').and.to.include('Crypto').and.to.include('Currencies');
    const points = ['BTC', 'DOGE', 'ETH'].map((id) => {
      const line = shown.find((each) => each.startsWith(` ${id} `))!;
      return line.indexOf('.', line.indexOf('.') + 1);
    });
    expect(new Set(points).size, points.join()).to.equal(1);
    expect(shown.find((line) => line.includes('DOGE'))).to.include('STALE 3 h');
  });

  it('drops columns in the order of what can be missed most easily', () => {
    const at = (width: number): string => lines('rates', busy(), width, 9).find((line) => line.startsWith('▸SJC'))!;
    expect(at(44)).to.match(/151,300,000 ▲0.77% \S+ 2 min$/);
    expect(at(36).trimEnd()).to.match(/151,300,000 ▲0.77% 2 min$/);
    expect(at(30).trimEnd()).to.match(/151,300,000 ▲0.77%$/);
    expect(at(24).trimEnd()).to.match(/SJC +151,300,000$/);
    expect(lines('rates', busy(), 24, 9).join('\n')).to.match(/!DOGE +0\.0712345/); // stale shows all the same
  });

  it('scrolls to the selected row, and knows what stands where', () => {
    const state = { ...busy(), selected: 'USD' };
    const shown = lines('rates', state, 44, 6);
    expect(shown.at(-1)).to.match(/^▸USD/);
    expect(instrumentAt(state, 6, 5)).to.equal('USD');
    expect(instrumentAt(state, 6, 0)).to.equal(undefined);
    expect(instrumentAt(busy(), 20, 2)).to.equal('BTMC-RING'); // below a heading
    expect(instrumentAt(busy(), 20, 1)).to.equal(undefined);
    expect(instrumentAt(busy(), 40, 39)).to.equal(undefined);
  });

  it('lights a price up that has just moved, and lets old ones look old', () => {
    const state = { ...busy(), selected: null };
    const now = REGION_RENDERERS.rates.lines(state, 44, 9);
    expect(toneOf(now, '151,300,000')).to.equal('accent');
    expect(toneOf(now, '150,800,000')).to.equal('text');
    expect(toneOf(now, '0.0712345')).to.equal('muted');
    expect(toneOf(now, 'STALE')).to.equal('warn');
    const later = REGION_RENDERERS.rates.lines({ ...state, now: NOW + 1600 }, 44, 9);
    expect(toneOf(later, '151,300,000')).to.equal('text');
    const cut = { phase: 'offline', since: NOW, nextTryAt: null, reason: 'gone' } as const;
    expect(toneOf(REGION_RENDERERS.rates.lines({ ...state, connection: cut }, 44, 9), '150,800,000')).to.equal('muted');
  });

  it('marks the selected row from edge to edge', () => {
    const row = REGION_RENDERERS.rates.lines({ ...busy(), now: NOW + DAY }, 44, 9)[3]!;
    expect(lineText(row)).to.have.length(44);
    expect(new Set(row.map(({ tone }) => tone))).to.deep.equal(new Set(['selected']));
  });

  it('draws trends in ASCII where the terminal has no more', () => {
    const shown = text('rates', { ...busy(), unicode: false }, 44, 9);
    expect(shown).to.match(/^[\x20-\x7e\n]*$/);
    expect(shown).to.include('>SJC       151,300,000 +0.77% __.^^-.- 2 min');
  });

  it('says why there are none and what to do', () => {
    const state = { ...busy(), rates: [], selected: null };
    const shown = text('rates', state, 44, 9);
    expect(shown).to.include('kraken: no answer within 10 s').and.to.include('in 1 min');
    expect(shown.replace(/\n/g, ' ')).to.include('goldctl rates import FILE');
    expect(text('rates', { ...empty(), connection: { phase: 'online' } })).to.include(
      'Sign in to see the rates: press F2.',
    );
    const connection = { phase: 'offline', since: NOW, nextTryAt: NOW + 2000, reason: 'connect ECONNREFUSED' } as const;
    expect(text('rates', { ...empty(), connection })).to.equal(
      'No connection to 127.0.0.1:4000: connect ECONNREFUSED\nNext try in 2 s. Press F5 to try now.',
    );
  });
});

describe('presentation: chart', () => {
  it('titles instrument, price, change and ranges, as much as fits', () => {
    expect(lineText(chartTitle(busy(), 80))).to.equal('SJC · sjc  151,300,000  ▲0.77%  1d 1w 1m 3m [1y] 5y all');
    expect(lineText(chartTitle(busy(), 40))).to.equal('SJC · sjc  151,300,000  ▲0.77%  [1y]');
    expect(lineText(chartTitle(busy(), 30))).to.equal('SJC  151,300,000  ▲0.77%  [1y]');
    expect(lineText(chartTitle(busy(), 24))).to.equal('SJC  151,300,000  [1y]');
    expect(chartTitle(busy(), 80).find(({ text }) => text === '[1y]')?.tone).to.equal('accent');
  });

  it('names the series of the chart, and shows no price of another one', () => {
    const state = busy();
    const series = { provider: 'import', company: 'DOJI', brand: 'Hà\x1b[31m Nội' };
    const other = { ...state, chart: { ...state.chart, series } };
    const shown = lineText(chartTitle(other, 80));
    expect(shown).to.match(/^SJC · import, DOJI, Hà\[31m Nội {2}[\d,]+ {2}1d/);
    expect(shown).to.not.include('151,300,000').and.to.not.include('%');
    expect(lineText(chartTitle(other, 20))).to.match(/^SJC {2}/);
  });

  it('says that the price of a stale series is stale', () => {
    const state = busy();
    const rates = [rate(quote('SJC', 151_300_000, { stale: true }))];
    const title = chartTitle({ ...state, rates }, 80);
    expect(lineText(title)).to.include('151,300,000 STALE');
    expect(title.find(({ text }) => text.includes('STALE'))?.tone).to.equal('warn');
  });

  it('draws a line to the scale of the data, with axes', () => {
    const shown = lines('chart', busy(), 60, 14);
    expect(shown).to.have.length(14);
    expect(shown[0]).to.match(/^million VND\/tael/);
    expect(shown[1]).to.match(/^158\.9 ┤/);
    expect(shown.at(-2)).to.match(/└─+$/);
    expect(shown.at(-1)).to.match(/2023-03-03 +2024-03-01$/);
    expect(shown.join('')).to.match(/[\u2801-\u28ff]/);
  });

  it('draws candles: bodies, wicks, and which way they went', () => {
    const chart = { ...busy().chart, mode: 'candles' as const, candles: candlesOf(12) };
    const drawn = REGION_RENDERERS.chart.lines({ ...busy(), chart }, 60, 14);
    expect(drawn.map((line) => lineText(line)).join(''))
      .to.match(/[█▀▄]/)
      .and.to.include('│');
    expect(new Set(drawn.flat().map(({ tone }) => tone)))
      .to.include('up')
      .and.to.include('down');
    const many = lines('chart', { ...busy(), chart: { ...chart, candles: candlesOf(3000) } }, 60, 14);
    expect(many.join('')).to.match(/[┃╽╿]/);
    const ascii = text('chart', { ...busy(), unicode: false, chart }, 60, 14);
    expect(ascii).to.match(/^[\x20-\x7e\n]*$/);
    expect(ascii).to.include('OO').and.to.include('##');
  });

  it('shows values and date under the crosshair, and finds the candle of a click', () => {
    for (const mode of ['line', 'candles'] as const) {
      const chart = { ...busy().chart, mode, candles: candlesOf(30), crosshair: 10 };
      const state = { ...busy(), chart };
      const [top, ...rest] = lines('chart', state, 80, 14);
      expect(top).to.match(/^2024-02-20 O [\d,]+ H [\d,]+ L [\d,]+ C [\d,]+ [▲▼]/);
      expect(rest.at(-1)).to.include('2024-02-20');
      const column = rest.at(-1)!.indexOf('2024-02-20') + 5;
      expect(candleAt(state, 80, 14, column), mode).to.equal(10);
      expect(candleAt(state, 80, 14, 79), mode).to.equal(0);
      expect(candleAt(state, 80, 14, 0), mode).to.equal(29);
    }
    const chart = { ...busy().chart, crosshair: 100 };
    expect(lines('chart', { ...busy(), chart }, 32, 9)[0]).to.equal('O147.4 H149.1 L147.0 C148.6');
  });

  it('says what to do where there is nothing to draw', () => {
    const { chart } = busy();
    const over = (change: object): string => text('chart', { ...busy(), chart: { ...chart, candles: [], ...change } });
    expect(over({ instrument: null }))
      .to.include('No instrument is selected.')
      .and.to.include('Enter');
    expect(over({ isLoading: true })).to.equal('Loading SJC, 1y…');
    expect(over({ error: 'NOT_FOUND: no such thing' }))
      .to.include('no such thing')
      .and.to.include('F5');
    expect(over({})).to.include('No prices for SJC in this period.').and.to.include('goldctl rates import FILE');
  });

  it('survives prices of all sizes', () => {
    for (const price of [0, -1, 1e-12, 1e300, Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const mode of ['line', 'candles'] as const) {
        const candles = [0, 1, 2].map((i) => ({
          at: NOW + i,
          open: price,
          high: price,
          low: price,
          close: price,
          count: 1,
        }));
        expect(() =>
          text('chart', { ...busy(), chart: { ...busy().chart, mode, candles, crosshair: 1 } }),
        ).not.to.throw();
      }
    }
  });
});

describe('presentation: forum', () => {
  it('shows the newest posts, with days, unread, replies, edits and deletions', () => {
    expect(lines('forum', busy(), 56, 8)).to.deep.equal([
      '#592 13:44 Leia: Giá vàng hôm nay thế nào? Số 592',
      `── unread ${'─'.repeat(46)}`,
      '#593 13:54 Leia #gold: SJC sẽ lên tiếp, @Yoda. 中文 and',
      '  🎉🎉 too',
      '#594 14:04 Yoda #gold ↳ #593: Do or do not.',
      '  There is no try.',
      '#595 14:14 Leia: deleted by Vader 15:03',
      '#596 14:24 Leia #gold: Mua vào thôi (edited)',
    ]);
  });

  it('marks mentions of the member and his own posts', () => {
    const shown = REGION_RENDERERS.forum.lines(busy(), 80, 8);
    expect(toneOf(shown, '@Yoda')).to.equal('mention');
    expect(toneOf(shown, '#593')).to.equal('mention');
    expect(shown.flat().find(({ text }) => text === 'Yoda')?.tone).to.equal('self');
    const other = { ...busy(), member: { name: 'Yod', role: 'member' as const } };
    expect(toneOf(REGION_RENDERERS.forum.lines(other, 80, 8), '@Yoda')).to.equal('text');
  });

  it('shows one topic without its tag, and the unread ones of others in the title', () => {
    const state = busy();
    const gold = { ...state, forum: { ...state.forum, topic: 'gold' } };
    expect(text('forum', gold, 60, 3)).not.to.include('#gold');
    expect(lineText(forumTitle(gold, 60))).to.equal('Forum  #gold');
    expect(lineText(forumTitle(state, 60))).to.equal('Forum  all topics  unread #gold 2');
  });

  it('scrolls by lines up to the oldest, and no further', () => {
    const state = busy();
    const at = (scroll: number): string[] => lines('forum', { ...state, forum: { ...state.forum, scroll } }, 56, 8);
    expect(at(1).slice(1)).to.deep.equal(at(0).slice(0, -1));
    const top = at(1e9);
    expect(top).to.have.length(8);
    expect(top[0]).to.include('older posts');
    expect(top[1]).to.equal(`── 2024-02-26 ${'─'.repeat(42)}`);
    expect(at(forumHeight(state, 56) - 8)).to.deep.equal(top);
    expect(at(forumHeight(state, 56) - 9)).not.to.deep.equal(top);
  });

  it('lays an answer over its bottom, and says when there is more', () => {
    const state = { ...busy(), output: ['Welcome', 'to the \x1b[31mroom'] };
    const shown = lines('forum', state, 40, 8);
    expect(shown).to.have.length(8);
    expect(shown.slice(-3)).to.deep.equal([`${'─'.repeat(26)} Esc to close `, 'Welcome', 'to the [31mroom']);
    const long = lines('forum', { ...state, output: Array.from({ length: 40 }, (_, i) => `line ${i}`) }, 40, 8);
    expect(long).to.have.length(8);
    expect(long.at(-1)).to.equal('… 34 more; "goldctl shell" shows all');
    expect(text('rates', { ...state, zoomed: 'rates' })).to.include('Welcome');
    expect(text('rates', state)).not.to.include('Welcome');
  });

  it('says what to do where there is nothing', () => {
    const state = { ...busy(), forum: { ...busy().forum, posts: [], topic: 'crypto' } };
    expect(text('forum', state)).to.equal('No posts in #crypto yet.\nWrite the first one: MSG Hello');
    expect(text('forum', { ...state, forum: { ...state.forum, isLoaded: false } })).to.equal('Loading the forum…');
  });

  it('wraps only the posts that show', () => {
    let asked = 0;
    const watched = (number: number) => {
      const made = post(number);
      return Object.defineProperty({ ...made }, 'editedAt', {
        get: () => {
          asked += 1;
          return null;
        },
      });
    };
    const posts = Array.from({ length: 500 }, (_, i) => watched(i + 1));
    text('forum', { ...busy(), forum: { ...busy().forum, posts } }, 80, 10);
    expect(asked).to.be.greaterThan(0).and.at.most(20);
  });
});

const transfer = (more: Partial<Transfer> = {}): Transfer => ({
  id: 1,
  name: 'plans.tar',
  peers: [{ member: 'Leia', path: 'lan' }],
  direction: 'in',
  state: 'active',
  files: 1,
  done: 45_000_000,
  size: 100_000_000,
  bytesPerSecond: 5_500_000,
  startedAt: 0,
  endedAt: null,
  place: null,
  reason: null,
  status: null,
  savedAs: null,
  ...more,
});

describe('presentation: members and transfers', () => {
  it('shows who is idle, since when and from where', () => {
    expect(lines('members', busy(), 42, 9)).to.deep.equal([
      '○ Leia       idle 12 min 192.168.1.20:4100',
      '● Nguyễn-Vân       15:03 192.168.1.21     ',
      '● Yoda             13:34 127.0.0.1        ',
    ]);
    expect(lines('members', busy(), 20, 2)).to.deep.equal(['○ Leia 12 min', '… and 2 more']);
    expect(text('members', { ...busy(), members: [] })).to.equal('Nobody is online.');
  });

  it('shows how far files are, or what to do where there are none', () => {
    expect(text('transfers', busy())).to.equal(
      'No transfers.\nUPD user file sends a file. LIST shows the files that you can FETCH.',
    );
    expect(text('transfers', empty())).to.include('Sign in first');
    const state = { ...busy(), files: { ...busy().files, transfers: [transfer()] } };
    expect(text('transfers', state)).to.equal(
      '↓ plans.tar █████████░░░░░░░░░░░ 45% 5.5 MB/s 10 s left 100 MB Leia (LAN)',
    );
    expect(lines('transfers', state, 30, 1)).to.deep.equal(['↓ plans.tar 45% 10 s left']);
    expect(lines('transfers', state, 30, 4)).to.deep.equal([
      '↓ plans.tar 45% Leia (LAN)',
      '  ███░░░░░ 5.5 MB/s 10 s left',
    ]);
    const over = transfer({ state: 'failed', reason: 'The disk is full.', direction: 'out' });
    expect(text('transfers', { ...state, files: { ...state.files, transfers: [over] } })).to.equal(
      '↑ plans.tar failed 100 MB Leia (LAN) The disk is full.',
    );
  });

  it('shows first what is offered, also in the status line', () => {
    const offer = { id: 7, member: 'Han', name: 'lecture1.mp4', size: 12_345_678, files: 1 };
    const files = { ...busy().files, offers: [offer, { ...offer, id: 8 }], transfers: [transfer()] };
    const state: State = { ...busy(120), files };
    const shown = lines('transfers', state, 100, 6);
    expect(shown[0]).to.equal('? Han offers lecture1.mp4 (12.3 MB): ACCEPT 7 or DECLINE 7');
    expect(shown[2]).to.match(/^↓ plans/);
    expect(lines('transfers', state, 20, 2)).to.deep.equal(['? ACCEPT 7? Han: le…', '… and 2 more']);
    expect(text('status', state, 120, 1)).to.match(
      /^Han offers lecture1\.mp4 \(12\.3 MB\): ACCEPT 7 or DECLINE 7 \(and 1 more: NOTIFY\)/,
    );
    const focused: State = { ...state, focus: 'transfers', files: { ...files, selected: 1 } };
    expect(lines('transfers', focused, 60, 2)[0]).to.match(/^↓ plans/);
    expect(text('status', { ...focused, files: busy().files }, 120, 1)).to.match(/a accept {2}d decline {2}x cancel/);
  });
});

describe('presentation: input and status', () => {
  const typing = (typed: string, cursor = [...typed].length): State => {
    const state = busy();
    return { ...state, input: { ...state.input, text: typed, cursor } };
  };

  it('shows the prompt, what is typed, and the cursor in it', () => {
    const [line] = REGION_RENDERERS.input.lines(typing('xin chào', 4), 60, 1);
    expect(lineText(line!).trimEnd()).to.equal('> xin chào');
    expect(line!.find(({ tone }) => tone === 'cursor')?.text).to.equal('c');
    const gold = { ...typing('a'), forum: { ...busy().forum, topic: 'gold' } };
    expect(lines('input', gold, 60, 1)[0]).to.match(/^#gold> a/);
    const elsewhere = REGION_RENDERERS.input.lines({ ...typing('a'), focus: 'rates' }, 60, 1)[0]!;
    expect(elsewhere.some(({ tone }) => tone === 'cursor')).to.equal(false);
  });

  it('scrolls a line that is longer than the screen, the cursor always in sight', () => {
    const long = 'abcdefghij'.repeat(20);
    for (const cursor of [0, 1, 57, 100, 199, 200]) {
      const [line] = REGION_RENDERERS.input.lines(typing(long, cursor), 20, 1);
      expect(lineText(line!).length).to.be.at.most(20);
      expect(line!.find(({ tone }) => tone === 'cursor')?.text).to.equal([...long][cursor] ?? ' ');
    }
  });

  it('hints at verbs and their usage, and at candidates', () => {
    expect(text('input', typing('mark'))).to.match(/^> mark {3}MARKET$/);
    expect(text('input', typing('CHART'), 120)).to.include('CHART instrument [range]: chart 1d');
    expect(text('input', typing('MSG hello'))).to.equal('> MSG hello ');
    expect(text('input', typing('MARKT BTC'))).to.include('Did you mean MARKET?');
    const candidates = { ...typing('M'), input: { ...typing('M').input, candidates: ['MARKET ', 'MSG '] } };
    expect(text('input', candidates)).to.match(/^> M {3}MARKET {2}MSG$/);
  });

  it('shows the keys of what has the focus from the table, and always how to get help and out', () => {
    expect(text('status', busy(), 120, 1)).to.equal(
      'Enter send  Tab complete/next pane  Up history  ^C quit  F1 help  F2 sign in',
    );
    expect(text('status', { ...busy(), focus: 'chart' }, 120, 1)).to.match(
      /^Left crosshair {2}\] range {2}c candles {2}s series/,
    );
    expect(text('status', busy(), 40, 1)).to.include('^C quit  F1 help');
  });

  it('puts what has happened first', () => {
    const notice = { text: 'Leia mentions you.', tone: 'good' as const, at: NOW };
    const shown = REGION_RENDERERS.status.lines({ ...busy(), notice }, 100, 1);
    expect(toneOf(shown, 'Leia')).to.equal('good');
    expect(lineText(shown[0]!)).to.match(/^Leia mentions you\. {2}.*F1 help/);
    const connection = { phase: 'offline', since: NOW, nextTryAt: NOW + 4000, reason: 'read ECONNRESET' } as const;
    expect(text('status', { ...busy(), connection }, 80, 1)).to.include(
      'Connection lost: read ECONNRESET; next try in 4 s',
    );
    expect(text('status', busy(30, 8), 80, 1)).to.include('30x8 is too small; use 40x10');
  });
});

describe('presentation: help and form', () => {
  it('lists every key and every verb', () => {
    for (const width of [60, 120, 180]) {
      const all = helpOverlayLines({ ...busy(), help: { scroll: 0 } }, width, 500)
        .map((line) => lineText(line))
        .join('\n');
      for (const { name: word } of SHELL_COMMANDS) expect(all, word).to.include(word);
      for (const each of KEY_BINDINGS) expect(all, each.help).to.include(each.help.slice(0, 12));
    }
  });

  it('scrolls, and stops at its end', () => {
    const at = (scroll: number): string[] => lines('help', { ...busy(), help: { scroll } }, 60, 10);
    expect(at(3)[0]).to.equal(at(0)[3]);
    expect(at(1e9)).to.deep.equal(at(helpHeight(60) - 10));
    expect(at(1e9)).to.have.length(10);
  });

  it('never shows a password', () => {
    const asked = {
      kind: 'signIn',
      field: 'password',
      name: 'Yoda',
      password: 'hunter2',
      isBusy: false,
      error: null,
      takeOver: false,
    } as const;
    const shown = text('form', { ...busy(), form: asked }, 50, 9);
    expect(shown).to.match(/^Name {6}Yoda\nPassword {2}••••••• /);
    expect(shown).to.include('Enter submit').and.not.to.include('hunter2');
    expect(signInLines({ ...busy(), form: asked }, 50, 9)[1]!.at(-1)).to.deep.equal({ text: ' ', tone: 'cursor' });
    const failed = REGION_RENDERERS.form.lines(
      { ...busy(), form: { ...asked, error: 'Wrong password. 2 tries left.' } },
      50,
      9,
    );
    expect(toneOf(failed, 'Wrong password')).to.equal('bad');
    const over = { ...busy(), form: { ...asked, takeOver: true } };
    expect(text('form', over, 60, 9)).to.include('Yoda is signed in elsewhere. Press Enter to end the');
    expect(lineText(REGION_RENDERERS.form.title({ ...busy(), form: { ...asked, kind: 'signUp' } }, 40))).to.equal(
      'Sign up',
    );
    expect(text('form', { ...busy(), form: { ...asked, isBusy: true } }, 50, 9)).to.include('Signing in…');
  });

  it('knows no time but its own', () => {
    expect(text('header', { ...busy(), now: NOW + 3 * MINUTE }, 100, 1)).to.include('15:07:05');
  });
});
