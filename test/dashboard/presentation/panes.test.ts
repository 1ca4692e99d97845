import { expect } from 'chai';
import { KEY_BINDINGS } from '../../../src/dashboard/key-bindings.ts';
import { chartTitle, rangeAt } from '../../../src/dashboard/presentation/chart-pane.ts';
import { candleAt } from '../../../src/dashboard/presentation/chart-plot.ts';
import { needsAnswerBox } from '../../../src/dashboard/presentation/command-output.ts';
import { forumTitle } from '../../../src/dashboard/presentation/forum-pane.ts';
import { forumViewport, scrolledAnchor } from '../../../src/dashboard/presentation/forum-viewport.ts';
import { helpLines } from '../../../src/dashboard/presentation/help-overlay.ts';
import { lineWidth } from '../../../src/dashboard/presentation/line-layout.ts';
import { memberAt } from '../../../src/dashboard/presentation/members-pane.ts';
import { REGION_RENDERERS, type RegionName } from '../../../src/dashboard/presentation/region-renderers.ts';
import { signInLines } from '../../../src/dashboard/presentation/sign-in-form.ts';
import { boxTitle } from '../../../src/dashboard/presentation/text-box.ts';
import type { ForumView, State, TextBox } from '../../../src/dashboard/state.ts';
import { lineText, type StyledLine, type Tone } from '../../../src/dashboard/styled-text.ts';
import type { Candle } from '../../../src/domain/candle.ts';
import type { Transfer } from '../../../src/domain/transfer.ts';
import { CHART_RANGES, type ChartRange, SHELL_COMMANDS } from '../../../src/repl/grammar.ts';
import { busy, candlesOf, empty, MINUTE, NOW, post, quote, rate } from './states.ts';

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

  it('marks simulated prices, once per screen, however narrow', () => {
    const state = { ...busy(), rates: [rate(quote('SJC', 1e8, { provider: 'SIMULATED' }))] };
    for (const view of ['rates', 'forum', 'members', 'transfers'] as const) {
      expect(lineText(REGION_RENDERERS[view].title(state, 60)), view).not.to.include('SIMULATED');
    }
    for (const width of [24, 40, 80]) expect(text('header', state, width, 1)).to.include('SIMULATED');
    expect(text('rates', state, 118).split('SIMULATED')).to.have.length(2); // the provider of the one quote
    expect(text('header', busy())).not.to.include('SIMULATED');
  });

  it('calls no connection and no provider good while offline', () => {
    const connection = { phase: 'offline', since: NOW, nextTryAt: null, reason: 'gone' } as const;
    const offline = REGION_RENDERERS.header.lines({ ...busy(), connection }, 120, 1);
    expect(toneOf(offline, '2/3 ok')).to.equal('muted');
    expect(toneOf(REGION_RENDERERS.header.lines(busy(), 120, 1), '2/3 ok')).to.equal('warn');
  });

  it('says which providers were not queried yet: they are neither good nor bad', () => {
    const fresh = { state: 'stale', lastOk: null, lastError: null, nextAt: NOW + MINUTE } as const;
    const [ok] = busy().providers;
    const state = { ...busy(), providers: [ok!, { ...fresh, id: 'a' }, { ...fresh, id: 'b' }] };
    const shown = REGION_RENDERERS.header.lines(state, 120, 1);
    expect(lineText(shown[0]!)).to.include('providers 1/3 ok, 2 not yet queried');
    expect(toneOf(shown, '1/3 ok')).to.equal('good');
  });
});

describe('presentation: chart', () => {
  it('titles instrument, price, change and ranges, as much as fits', () => {
    expect(lineText(chartTitle(busy(), 80))).to.equal('SJC · sjc  sell 151,300,000  ▲0.77%  1d 1w 1m 3m [1y] 5y all');
    expect(lineText(chartTitle(busy(), 57))).to.equal('SJC · sjc  151,300,000  ▲0.77%  1d 1w 1m 3m [1y] 5y all');
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
    expect(shown).to.match(/^SJC · import, DOJI, Hà\[31m Nội {2}sell [\d,]+ {2}1d/);
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

  it('draws a line to round prices and dates, with the last price and the close before today', () => {
    const shown = lines('chart', busy(), 60, 14);
    expect(shown).to.have.length(14);
    expect(shown[0]).to.match(/^million VND\/tael, sell {2}high 159,434,261 {2}\+8\.85% in 1y/);
    const labels = shown.slice(1).flatMap((line) => /^ *([\d.]+) ┤/.exec(line)?.[1] ?? []);
    expect(labels).to.deep.equal(['150', '140']);
    expect(shown.at(-2)).to.match(/└─+(┴─+){4,6} *$/);
    expect(shown.at(-1)).to.match(/^ +May +Jul +Sep +Nov +2024 *$/);
    expect(shown.join('')).to.match(/[\u2801-\u28ff]/);
    expect(shown.filter((line) => / 153\.0$/.test(line))).to.have.length(1);
    expect(shown.filter((line) => / close$/.test(line))).to.have.length(1);
    const narrow = lines('chart', busy(), 32, 9);
    expect(narrow.filter((line) => /^153\.0 ┤/.test(line))).to.have.length(1);
  });

  it('has a true scale of time: the rest is empty, and the change says what it covers', () => {
    const at = (candles: Candle[], range: ChartRange) => ({
      ...busy(),
      rates: [],
      chart: { ...busy().chart, candles, range },
    });
    const year = lines('chart', at(candlesOf(365), '5y'), 100, 16);
    expect(year[0]).to.include('% in 1y (all the data)').and.not.to.include('5y');
    for (const line of year.slice(1, -2)) expect(line.slice(6, 70)).not.to.match(/[^\s⠂]/);
    const old = candlesOf(365).slice(0, 200);
    for (const mode of ['line', 'candles'] as const) {
      const state = at(old, '1y');
      const ended = lines('chart', { ...state, chart: { ...state.chart, mode } }, 100, 16);
      expect(ended[0]).to.include('no prices since 2023-09-18');
      expect(ended.join('\n')).to.include('since 2023-09-18 ');
      for (const line of ended.slice(1, -2)) expect(line.slice(56, 92)).not.to.match(/[^\s⠂a-z0-9-]/);
    }
    const gap = [...old.slice(0, 80), ...old.slice(150)];
    const drawn = lines('chart', at(gap, '1y'), 100, 16).slice(1, -2);
    for (const line of drawn) expect(line.slice(27, 40)).not.to.match(/[^\s⠂]/);
  });

  it('compares two instruments in percent', () => {
    const chart = {
      ...busy().chart,
      versus: 'XAU',
      versusCandles: candlesOf(365).map((each) => ({ ...each, close: 2000 + each.at / 1e10 })),
    };
    const state = { ...busy(), chart };
    expect(lineText(chartTitle(state, 80))).to.match(/^SJC vs XAU {2}/);
    const shown = lines('chart', state, 80, 16);
    expect(shown[0]).to.match(/^SJC [+-]?[\d.]+% {2}XAU [+-]?[\d.]+% {2}in 1y/);
    expect(shown.join('\n'))
      .to.match(/ 0% ┤/)
      .and.to.match(/SJC \+[\d.]+%$/m)
      .and.to.match(/XAU \+[\d.]+%$/m);
    const tones = new Set(
      REGION_RENDERERS.chart
        .lines(state, 80, 16)
        .slice(1)
        .flat()
        .map(({ tone }) => tone),
    );
    expect([...tones]).to.include.members(['gold', 'self']);
    expect(text('chart', { ...state, unicode: false }, 80, 16))
      .to.match(/o{3}/)
      .and.to.match(/\*/);
  });

  it('finds the range that was clicked in the title', () => {
    const width = 82;
    const title = `  ${lineText(chartTitle(busy(), width - 3))}`;
    for (const range of CHART_RANGES) {
      expect(rangeAt(busy(), width, title.search(new RegExp(`(?<=[ [])${range}(?=[\\] ]|$)`))), range).to.equal(range);
    }
    expect(rangeAt(busy(), width, title.indexOf('sjc'))).to.equal(undefined);
    expect(rangeAt(busy(), 32, `  ${lineText(chartTitle(busy(), 29))}`.indexOf('1y'))).to.equal('5y');
  });

  it('draws candles: bodies, wicks, and which way they went', () => {
    const chart = { ...busy().chart, mode: 'candles' as const, range: '1w' as const, candles: candlesOf(7) };
    const drawn = REGION_RENDERERS.chart.lines({ ...busy(), chart }, 60, 14);
    expect(drawn.map((line) => lineText(line)).join(''))
      .to.match(/[█▀▄]/)
      .and.to.include('│');
    expect(new Set(drawn.flat().map(({ tone }) => tone)))
      .to.include('up')
      .and.to.include('down');
    const many = lines('chart', { ...busy(), chart: { ...chart, range: 'all', candles: candlesOf(3000) } }, 60, 14);
    expect(many.join('')).to.match(/[┃╽╿]/);
    const columns = many.slice(1, -2).map((line) => line.slice(6, 53));
    for (const [x, side] of [
      [0, 'first'],
      [46, 'last'],
    ] as const) {
      expect(columns.map((line) => line[x]).join(''), side).to.match(/[│╷╵┃╽╿╻╹]/);
    }
    const ascii = text('chart', { ...busy(), unicode: false, chart }, 60, 14);
    expect(ascii).to.match(/^[\x20-\x7e\n]*$/);
    expect(ascii).to.include('OO').and.to.include('##');
  });

  it('shows values and date under the crosshair, and finds the candle of a click', () => {
    for (const mode of ['line', 'candles'] as const) {
      const chart = { ...busy().chart, mode, range: '1m' as const, candles: candlesOf(30), crosshair: 10 };
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
    const at = (by: number): string[] => {
      const anchor = scrolledAnchor(state, 56, 8, by);
      return lines('forum', { ...state, forum: { ...state.forum, anchor } }, 56, 8);
    };
    expect(at(-1).slice(1)).to.deep.equal(at(0).slice(0, -1));
    const top = at(-1e9);
    expect(top).to.have.length(8);
    expect(top[0]).to.include('older posts');
    expect(top[1]).to.equal(`── 2024-02-26 ${'─'.repeat(42)}`);
    expect(at(Number.NEGATIVE_INFINITY)).to.deep.equal(top);
    const below = forumViewport(state, 56, Number.MAX_SAFE_INTEGER).lines.length - 8;
    expect(at(-below)).to.deep.equal(top);
    expect(at(1 - below)).not.to.deep.equal(top);
  });

  it('shows the same posts at another width', () => {
    const state = { ...busy(), forum: { ...busy().forum, anchor: { number: 300, hidden: 0 } } };
    for (const width of [40, 56, 120]) expect(text('forum', state, width, 8), `${width}`).to.include('#300 ');
  });

  it('marks the post at the cursor only while it has the keys', () => {
    const at = { ...busy(), focus: 'forum' as const };
    const [line = []] = REGION_RENDERERS.forum.lines(at, 60, 8).slice(-1);
    expect(line.map(({ tone }) => tone)).to.satisfy((tones: Tone[]) => tones.every((tone) => tone === 'selected'));
    expect(lineWidth(line)).to.equal(60);
    const [other = []] = REGION_RENDERERS.forum.lines(busy(), 60, 8).slice(-1);
    expect(other.map(({ tone }) => tone)).not.to.include('selected');
  });

  it('has a scrollbar that touches an end only where nothing is behind it', () => {
    const { scrollbar } = REGION_RENDERERS.forum;
    const bar = (over: Partial<State['forum']>) =>
      scrollbar?.({ ...busy(), forum: { ...busy().forum, ...over } }, 56, 8);
    expect(bar({})).to.deep.equal({ top: 7, size: 1 });
    expect(bar({ anchor: { number: 300, hidden: 0 } })).to.deep.equal({ top: 3, size: 1 });
    expect(bar({ anchor: { number: 8, hidden: 0 }, hasMore: true })?.top).to.equal(1);
    expect(bar({ anchor: { number: 7, hidden: 0 }, hasMore: false })?.top).to.equal(0);
    expect(bar({ hasNewer: true })?.top).to.equal(6);
    expect(bar({ posts: busy().forum.posts.slice(-2), hasMore: false })).to.equal(undefined);
  });

  it('says how many direct messages are unread, and what another view shows', () => {
    const conversations = [
      { member: 'Leia', unread: 2 },
      { member: 'Han', unread: 1 },
    ];
    expect(lineText(forumTitle({ ...busy(), conversations }, 70))).to.equal(
      'Forum  all topics  messages 3  unread #gold 2',
    );
    const title = (view: ForumView): string =>
      lineText(forumTitle({ ...busy(), forum: { ...busy().forum, topics: [], view } }, 60));
    expect(title({ kind: 'thread', root: 593 })).to.equal('Forum  thread of #593');
    expect(title({ kind: 'search', text: 'vàng' })).to.equal('Forum  596+ found: vàng');
    expect(title({ kind: 'direct', member: 'Leia' })).to.equal('Forum  messages with Leia');
  });

  it('links a web address over the lines that it is broken into', () => {
    const url = `https://example.org/${'abcdefghij/'.repeat(12)}?q=1`;
    const state = {
      ...busy(),
      forum: { ...busy().forum, posts: [post(1, { text: `see ${url}), @Yoda` })], hasMore: false },
    };
    const spans = REGION_RENDERERS.forum.lines(state, 40, 12).flat();
    const linked = spans.filter(({ link }) => link !== undefined);
    expect(linked.length).to.be.above(3);
    expect(linked.map(({ text }) => text).join('')).to.equal(url);
    expect(new Set(linked.map(({ link }) => link))).to.deep.equal(new Set([url]));
    expect(spans.find(({ tone }) => tone === 'mention')?.text).to.equal('@Yoda');
  });

  it('lays an answer over its bottom', () => {
    const state = { ...busy(), output: ['Welcome', 'to the \x1b[31mroom'] };
    const shown = lines('forum', state, 40, 8);
    expect(shown).to.have.length(8);
    expect(shown.slice(-3)).to.deep.equal([`${'─'.repeat(26)} Esc to close `, 'Welcome', 'to the [31mroom']);
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
  it('shows who is idle, since when, and on demand from where', () => {
    expect(lines('members', busy(), 42, 9)).to.deep.equal([
      '○ Leia       idle 12 min',
      '● Nguyễn-Vân       15:03',
      '● Yoda             13:34',
    ]);
    const asked = { ...busy(), showsAddresses: true };
    expect(lines('members', asked, 42, 9)).to.deep.equal([
      '○ Leia       idle 12 min 192.168.1.20:4100',
      '● Nguyễn-Vân       15:03 192.168.1.21     ',
      '● Yoda             13:34 127.0.0.1        ',
    ]);
    expect(lines('members', asked, 20, 9)[1]).to.match(/^● .+ 192\.168\..*$/);
    expect(lines('members', busy(), 20, 2)).to.deep.equal(['○ Leia 12 min', '… and 2 more']);
    expect(text('members', { ...busy(), members: [] })).to.equal('Nobody is online.');
  });

  it('shows roles where there is room', () => {
    const members = busy().members.map(
      (each) => ({ ...each, role: each.name === 'Yoda' ? 'owner' : 'member' }) as const,
    );
    expect(lines('members', { ...busy(), members }, 42, 9)[2]).to.equal('● Yoda       owner       13:34');
  });

  it('shows nobody as online while offline', () => {
    const connection = { phase: 'offline', since: NOW, nextTryAt: null, reason: 'gone' } as const;
    const state = { ...busy(), connection };
    const shown = REGION_RENDERERS.members.lines(state, 42, 9);
    expect(shown.map(lineText).join('')).not.to.include('●');
    expect(shown.flat().map(({ tone }) => tone)).not.to.include('good');
    expect(lineText(REGION_RENDERERS.members.title(state, 42))).to.equal('Members  3  before it was lost');
    expect(toneOf(REGION_RENDERERS.members.lines(busy(), 42, 9), '●')).to.equal('good');
  });

  it('has a cursor that stays in sight, and knows who is where', () => {
    const state: State = { ...busy(), focus: 'members', selectedMember: 'Yoda' };
    const shown = REGION_RENDERERS.members.lines(state, 20, 2);
    expect(lineText(shown[0]!))
      .to.match(/^● Yoda/)
      .and.to.have.length(20);
    expect(shown[0]!.every(({ tone }) => tone === 'selected')).to.equal(true);
    expect(memberAt(state, 2, 0)).to.equal('Yoda');
    expect(memberAt(state, 2, 1)).to.equal(undefined);
    expect(memberAt(busy(), 9, 1)).to.equal('Nguyễn-Vân');
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
    expect(lines('transfers', state, 30, 1)).to.deep.equal(['↓ plans.tar █░░░ 45% 10 s left']);
    expect(lines('transfers', state, 30, 4)).to.deep.equal([
      '↓ plans.tar 45% Leia (LAN)',
      '  ███░░░░░ 5.5 MB/s 10 s left',
    ]);
    const over = transfer({ state: 'failed', reason: 'The disk is full.', direction: 'out' });
    expect(text('transfers', { ...state, files: { ...state.files, transfers: [over] } })).to.equal(
      '↑ plans.tar failed 100 MB Leia (LAN) The disk is full.',
    );
  });

  it('shows a bar and the percentage of each running transfer, however narrow', () => {
    const name = 'a-very-long-name-of-a-file.tar.gz';
    const transfers = [transfer({ name }), transfer({ id: 2, name, direction: 'out', bytesPerSecond: 0 })];
    for (const width of [20, 24, 30, 42]) {
      for (const height of [2, 4]) {
        const shown = text('transfers', { ...busy(), files: { ...busy().files, transfers } }, width, height);
        expect(shown.match(/█+░+/g), `${width}x${height}: ${shown}`).to.have.length(2);
        expect(shown.match(/45%/g), `${width}x${height}: ${shown}`).to.have.length(2);
      }
    }
  });

  it('shows first what is offered, with size and sender, also in the status line', () => {
    const offer = { id: 7, member: 'Han', name: 'lecture1.mp4', size: 12_345_678, files: 1 };
    const files = { ...busy().files, offers: [offer, { ...offer, id: 8 }], transfers: [transfer()] };
    const state: State = { ...busy(120), files };
    const shown = lines('transfers', state, 100, 6);
    expect(shown[0]).to.equal('? Han offers lecture1.mp4 (12.3 MB): ACCEPT 7 or DECLINE 7');
    expect(shown[2]).to.match(/^↓ plans/);
    expect(lines('transfers', state, 20, 2)).to.deep.equal(['? lectu… 12.3 MB Han', '… and 2 more']);
    expect(lines('transfers', state, 42, 6).slice(0, 2)).to.deep.equal([
      '? lecture1.mp4',
      '  12.3 MB from Han  ACCEPT 7 or DECLINE 7',
    ]);
    expect(lines('transfers', state, 20, 6)[1]).to.equal('  12.3 MB from Han');
    expect(text('status', state, 120, 1)).to.match(
      /^Han offers lecture1\.mp4 \(12\.3 MB\): ACCEPT 7 or DECLINE 7 \(and 1 more: NOTIFY\)/,
    );
    const focused: State = { ...state, focus: 'transfers', files: { ...files, selected: 1 } };
    expect(lines('transfers', focused, 60, 2)[0]).to.match(/^↓ plans/);
    expect(text('keys', { ...focused, files: busy().files }, 120, 1)).to.match(/Enter accept {2}d decline {2}x cancel/);
  });
});

describe('presentation: input and status', () => {
  const typing = (typed: string, cursor = typed.length): State => {
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
    expect(text('input', typing('CHART'), 120)).to.include('CHART instrument [other] [range]: chart 1d');
    expect(text('input', typing('MSG hello'))).to.equal('> MSG hello ');
    expect(text('input', typing('MARKT BTC'))).to.include('Did you mean MARKET?');
    const candidates = { ...typing('M'), input: { ...typing('M').input, candidates: ['MARKET ', 'MSG '] } };
    expect(text('input', candidates)).to.match(/^> M {3}MARKET {2}MSG$/);
  });

  it('shows the keys of what has the focus from the table, and always how to get help and out', () => {
    expect(text('keys', busy(), 120, 1)).to.equal(
      'Enter send  Tab complete/next pane  Up history  ^C quit  F1 help  F2 sign in',
    );
    expect(text('keys', { ...busy(), focus: 'chart' }, 120, 1)).to.match(
      /^Left crosshair {2}\] range {2}b buy\/sell {2}v compare {2}c candles {2}s series/,
    );
    expect(text('keys', busy(), 40, 1)).to.include('^C quit  F1 help');
    // A low screen has one line for both.
    expect(text('status', busy(80, 16), 80, 1)).to.include('^C quit  F1 help');
  });

  it('puts what has happened first', () => {
    const notice = { text: 'Leia mentions you.', tone: 'good' as const, at: NOW };
    const shown = REGION_RENDERERS.status.lines({ ...busy(), notice }, 100, 1);
    expect(toneOf(shown, 'Leia')).to.equal('good');
    expect(lineText(shown[0]!)).to.match(/^Leia mentions you\. {2}.*2 unread 1 for you$/);
    const connection = { phase: 'offline', since: NOW, nextTryAt: NOW + 4000, reason: 'read ECONNRESET' } as const;
    expect(text('status', { ...busy(), connection }, 80, 1)).to.include(
      'Connection lost: read ECONNRESET; next try in 4 s',
    );
    expect(text('status', busy(30, 8), 80, 1)).to.include('30x8 is too small; use 40x10');
  });
});

describe('presentation: the box of help and long answers', () => {
  const output = Array.from({ length: 40 }, (_, i) => (i === 30 ? 'Giá vàng' : `line ${i}`));
  const answer = (box: TextBox): State => ({ ...busy(), output, answer: box });

  it('shows every line of a long answer, and where in it one is', () => {
    expect(lineText(boxTitle(answer({ scroll: 5 }), 76))).to.match(
      /^Answer {2}6-23 of 40 {2}Up Down to scroll, \/ to search, Esc to/,
    );
    expect(lines('help', answer({ scroll: 99 }), 78, 18)).to.deep.equal(output.slice(22));
    expect(needsAnswerBox({ ...busy(), output })).to.equal(true);
    expect(needsAnswerBox({ ...busy(), output: output.slice(0, 3) })).to.equal(false);
    expect(needsAnswerBox({ ...busy(), output: ['long '.repeat(200)] })).to.equal(true);
  });

  it('marks what is searched, regardless of case and accents', () => {
    const search = { query: 'VANG', isTyping: false, line: 30 };
    const shown = REGION_RENDERERS.help.lines(answer({ scroll: 22, search }), 78, 18);
    expect(shown[8]).to.deep.equal([
      { text: 'Giá ', tone: 'text' },
      { text: 'vàng', tone: 'accent' },
    ]);
    expect(lineText(boxTitle(answer({ scroll: 22, search }), 76))).to.include('/VANG 1 of 1');
    expect(lineText(boxTitle(answer({ scroll: 22, search: { ...search, line: null } }), 76))).to.include('not found');
  });
});

describe('presentation: help and form', () => {
  it('lists every key and every verb', () => {
    for (const width of [60, 120, 180]) {
      const all = helpLines(width)
        .map((line) => lineText(line))
        .join('\n');
      for (const { name: word } of SHELL_COMMANDS) expect(all, word).to.include(word);
      for (const each of KEY_BINDINGS) expect(all, each.help).to.include(each.help.slice(0, 12));
    }
  });

  it('scrolls, and stops at its end', () => {
    const at = (scroll: number): string[] => lines('help', { ...busy(62, 20), help: { scroll } }, 60, 10);
    expect(at(3)[0]).to.equal(at(0)[3]);
    expect(at(1e9)).to.deep.equal(at(helpLines(60).length - 10));
    expect(at(1e9)).to.have.length(10);
  });

  it('never shows a password', () => {
    const asked = {
      kind: 'signIn',
      field: 'password',
      name: 'Yoda',
      password: 'hunter2',
      cursor: 7,
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
