import { expect } from 'chai';
import fc from 'fast-check';
import type { DashboardAction, Effect, KeyPress } from '../../src/dashboard/action.ts';
import { KEY_BINDINGS } from '../../src/dashboard/key-bindings.ts';
import { renderFrame } from '../../src/dashboard/presentation/screen-frame.ts';
import { THEME_BY_NAME } from '../../src/dashboard/presentation/theme.ts';
import { reduce } from '../../src/dashboard/reducer.ts';
import { instrumentIds } from '../../src/dashboard/reducers/input.ts';
import { type ForumPost, initialState, PANES, type RateQuote, type State } from '../../src/dashboard/state.ts';
import type { Candle } from '../../src/domain/candle.ts';
import type { Transfer } from '../../src/domain/transfer.ts';
import { CHART_RANGES } from '../../src/repl/grammar.ts';

const NOW = Date.UTC(2026, 10, 21);
const START = initialState({ columns: 80, rows: 24, now: NOW, address: 'here', theme: 'dark', unicode: true });

function quote(instrument: string, sell: number, more: Partial<RateQuote> = {}): RateQuote {
  return {
    instrument,
    market: instrument === 'BTC' ? 'crypto' : 'gold',
    provider: 'doji',
    company: '',
    brand: '',
    buy: sell - 1,
    sell,
    currency: 'VND',
    unit: 'tael',
    at: NOW,
    checkedAt: NOW,
    id: `${instrument}${sell}`,
    stale: false,
    ...more,
  };
}

function post(number: number, more: Partial<ForumPost> = {}): ForumPost {
  return {
    number,
    member: 'luke',
    text: `text ${number}`,
    topic: 'lobby',
    replyTo: null,
    mentions: [],
    at: NOW + number,
    editedAt: null,
    deletedAt: null,
    deletedBy: null,
    seq: number,
    ...more,
  };
}

const candle = (day: number, close: number): Candle =>
  ({ at: NOW - day * 86_400_000, open: close, high: close + 1, low: close - 1, close, count: 1 }) as Candle;

/** What comes of actions, and every effect on the way. */
function play(state: State, ...actions: DashboardAction[]): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  let now = state;
  for (const action of actions) {
    const step = reduce(now, action);
    now = step.state;
    effects.push(...step.effects);
  }
  return { state: now, effects };
}

const press = (...names: string[]): DashboardAction[] =>
  names.map((name) => ({ type: 'key', key: keyOf(name) }) satisfies DashboardAction);
const typed = (text: string): DashboardAction[] => press(...text);

function keyOf(name: string): KeyPress {
  if (name.length > 2 && name.startsWith('C-')) return { name: name.slice(2), ctrl: true };
  if (name.length > 2 && name.startsWith('M-')) return { name: name.slice(2), meta: true };
  if (name.length > 2 && name.startsWith('S-')) return { name: name.slice(2), shift: true };
  if (name === 'space' || name === ' ') return { name: 'space', text: ' ' };
  return [...name].length === 1 ? { name: name.toLowerCase(), text: name } : { name };
}

const ONLINE: DashboardAction = { type: 'connection', connection: { phase: 'online' } };
const RATES: DashboardAction = { type: 'rates', quotes: [quote('BTC', 5), quote('SJC', 100), quote('PNJ', 90)] };

describe('the reducer', () => {
  it('asks for everything when the connection comes, and comes back', () => {
    expect(play(START, ONLINE).effects).to.deep.equal([{ type: 'refresh' }]);
    expect(play(START, ONLINE, ONLINE).effects).to.have.length(1);
    const offline: DashboardAction = {
      type: 'connection',
      connection: { phase: 'offline', since: NOW, nextTryAt: null, reason: 'gone' },
    };
    expect(play(START, ONLINE, offline, ONLINE).effects).to.have.length(2);
  });

  it('lists rates by market, chooses the first, and charts it', () => {
    const { state, effects } = play(START, RATES);
    expect(instrumentIds(state)).to.deep.equal(['PNJ', 'SJC', 'BTC']);
    expect(state.selected).to.equal('PNJ');
    expect(effects).to.deep.equal([{ type: 'loadChart', instrument: 'PNJ', range: '1y' }]);
    expect(play(state, RATES).effects).to.deep.equal([]);
  });

  it('lights up the price that moves, of the provider that is shown', () => {
    const { state } = play(START, RATES, { type: 'quote', quote: quote('SJC', 110) });
    const rate = state.rates.find((each) => each.quote.instrument === 'SJC');
    expect(rate).to.deep.include({ movedAt: NOW });
    const other = play(state, { type: 'quote', quote: quote('SJC', 50, { provider: 'other' }) }).state;
    expect(other.rates).to.deep.equal(state.rates);
    const fresh = play(state, { type: 'quote', quote: quote('USD', 26) });
    expect(instrumentIds(fresh.state)).to.include('USD');
    expect(fresh.effects).to.deep.equal([{ type: 'loadRates' }]);
  });

  const HANOI = { provider: 'import', company: '', brand: 'Hà Nội' };
  const WEST = { provider: 'import', company: '', brand: 'Miền Tây' };
  const BRANCHES: DashboardAction = { type: 'rates', quotes: [quote('SJC', 152, HANOI)] };
  const rateOf = (state: State, instrument = 'SJC') =>
    state.rates.find(({ quote }) => quote.instrument === instrument)!;

  it('lets no quote of another branch in place of the shown one, and no closes of it', () => {
    const { state } = play(START, BRANCHES, {
      type: 'trends',
      trends: [
        { instrument: 'SJC', series: WEST, closes: [158] },
        { instrument: 'SJC', series: HANOI, closes: [152] },
      ],
    });
    expect(rateOf(state).closes).to.deep.equal([152]);
    const told = play(state, { type: 'quote', quote: quote('SJC', 158, WEST) });
    expect(told.state).to.equal(state);
    expect(told.effects).to.deep.equal([]);
    const only: DashboardAction = { type: 'trends', trends: [{ instrument: 'SJC', series: WEST, closes: [158] }] };
    expect(rateOf(play(state, only).state).closes).to.deep.equal([]);
    const old: DashboardAction = { type: 'trends', trends: [{ instrument: 'SJC', closes: [160] }] };
    expect(rateOf(play(state, old).state).closes).to.deep.equal([160]);
  });

  it('asks which series is shown where the shown one is stale, and then takes that one with its chart', () => {
    const stale: DashboardAction = { type: 'rates', quotes: [quote('SJC', 152, { ...HANOI, stale: true })] };
    const candles: DashboardAction = {
      type: 'candles',
      instrument: 'SJC',
      range: '1y',
      choice: null,
      series: HANOI,
      candles: [candle(1, 152)],
      currency: 'VND',
      unit: 'tael',
    };
    const { state } = play(START, stale, candles, {
      type: 'trends',
      trends: [{ instrument: 'SJC', series: HANOI, closes: [152] }],
    });
    const told = play(state, { type: 'quote', quote: quote('SJC', 158, WEST) });
    expect(rateOf(told.state).quote).to.include({ sell: 152, stale: true });
    expect(told.effects).to.deep.equal([{ type: 'loadRates' }]);
    const fresh = play(told.state, { type: 'rates', quotes: [quote('SJC', 158, WEST)] });
    expect(rateOf(fresh.state)).to.deep.include({ closes: [], movedAt: null });
    expect(rateOf(fresh.state).quote).to.include({ sell: 158, stale: false });
    expect(fresh.effects).to.deep.equal([
      { type: 'loadTrends' },
      { type: 'loadChart', instrument: 'SJC', range: '1y' },
    ]);
  });

  it('takes an older quote of the shown series: an import was undone', () => {
    const { state } = play(START, BRANCHES);
    const told = play(state, { type: 'quote', quote: quote('SJC', 140, { ...HANOI, at: NOW - 1000 }) });
    expect(rateOf(told.state).quote).to.include({ sell: 140, at: NOW - 1000 });
    expect(told.effects).to.deep.equal([{ type: 'loadRates' }, { type: 'loadTrends' }]);
  });

  it('goes through the series of a charted instrument by a key, and comes back to the reference series', () => {
    const quotes = [quote('SJC', 152, HANOI), quote('SJC', 158, WEST)];
    const chart: State = { ...play(START, BRANCHES).state, focus: 'chart' };
    expect(play(chart, ...press('s')).effects).to.deep.equal([{ type: 'loadSeries', instrument: 'SJC', by: 1 }]);
    expect(play(chart, ...press('S')).effects).to.deep.equal([{ type: 'loadSeries', instrument: 'SJC', by: -1 }]);
    const series = (by: 1 | -1): DashboardAction => ({ type: 'series', asked: 'SJC', quotes, by });
    for (const by of [1, -1] as const) {
      const west = play(chart, series(by));
      expect(west.state.choices.get('SJC')).to.deep.equal(WEST);
      expect(rateOf(west.state).quote).to.include({ sell: 158, brand: 'Miền Tây' });
      expect(west.state.notice?.text).to.equal('SJC: import, Miền Tây (2 of 2)');
      expect(west.state.chart).to.deep.include({ isLoading: true, candles: [] });
      expect(west.effects).to.deep.equal([
        { type: 'loadChart', instrument: 'SJC', range: '1y' },
        { type: 'loadTrends' },
        { type: 'saveChoice', instrument: 'SJC', series: WEST },
      ]);
      const reference = play(west.state, series(1));
      expect(reference.state.choices.size).to.equal(0);
      expect(rateOf(reference.state).quote).to.include({ sell: 152 });
      expect(reference.effects.at(-1)).to.deep.equal({ type: 'saveChoice', instrument: 'SJC', series: null });
    }
  });

  it('ignores candles of the series that was shown before', () => {
    const quotes = [quote('SJC', 152, HANOI), quote('SJC', 158, WEST)];
    const { state } = play(START, BRANCHES, { type: 'series', asked: 'SJC', quotes, by: 1 });
    const late: DashboardAction = {
      type: 'candles',
      instrument: 'SJC',
      range: '1y',
      choice: null,
      series: HANOI,
      candles: [candle(1, 152)],
      currency: 'VND',
      unit: 'tael',
    };
    expect(play(state, late).state).to.equal(state);
    const own = play(state, { ...late, choice: WEST, series: WEST, candles: [candle(1, 158)] }).state;
    expect(own.chart).to.deep.include({ isLoading: false, series: WEST, candles: [candle(1, 158)] });
  });

  it('says when an instrument has only one series', () => {
    const { state } = play(START, BRANCHES);
    const alone = play(state, { type: 'series', asked: 'SJC', quotes: [quote('SJC', 152, HANOI)], by: 1 });
    expect(alone.effects).to.deep.equal([]);
    expect(alone.state.notice?.text).to.equal('SJC has only one series: import, Hà Nội.');
  });

  it('posts a typed line, and keeps it in the history', () => {
    const { state, effects } = play(START, ...typed('MSG hi'), ...press('enter'));
    expect(effects).to.deep.equal([
      { type: 'runCommand', command: { verb: 'post', text: 'hi' } },
      { type: 'markRead', topic: null },
    ]);
    expect(play(state, ...press('escape')).effects).to.deep.equal([{ type: 'markRead', topic: null }]);
    expect(state.input).to.deep.include({ text: '', history: ['MSG hi'] });
  });

  it('gives back a line that it does not understand', () => {
    const { state, effects } = play(START, ...typed('NONSENSE x'), ...press('enter'));
    expect(effects).to.deep.equal([]);
    expect(state.input.text).to.equal('NONSENSE x');
    expect(state.output?.[0]).to.match(/^Invalid command/);
    expect(play(state, ...press('x')).state.output).to.equal(null);
  });

  it('completes verbs and instruments', () => {
    const { state } = play(START, RATES, ...typed('cha'), ...press('tab'));
    expect(state.input.text).to.equal('CHART ');
    const named = play(state, ...typed('sj'), ...press('tab')).state;
    expect(named.input.text).to.equal('CHART SJC');
    expect(play(START, ...typed('M'), ...press('tab')).state.input.candidates).to.include('MSG ');
  });

  it('charts by line, by choice, and by range; an old answer changes nothing', () => {
    const { state, effects } = play(START, RATES, ...typed('CHART sjc 5y'), ...press('enter'));
    expect(effects.at(-1)).to.deep.equal({ type: 'loadChart', instrument: 'SJC', range: '5y' });
    expect(state.chart).to.include({ instrument: 'SJC', range: '5y', isLoading: true });
    const late: DashboardAction = {
      type: 'candles',
      instrument: 'PNJ',
      range: '5y',
      choice: null,
      series: null,
      candles: [candle(1, 9)],
      currency: 'VND',
      unit: 'tael',
    };
    expect(play(state, late).state.chart).to.equal(state.chart);
    const there = play(state, { ...late, instrument: 'SJC' }).state;
    expect(there.chart).to.deep.include({ isLoading: false, candles: [candle(1, 9)] });
    const focused = play(there, ...press('tab', 'tab')).state;
    expect(focused.focus).to.equal('chart');
    expect(play(focused, ...press(']')).effects).to.deep.equal([
      { type: 'loadChart', instrument: 'SJC', range: 'all' },
    ]);
    expect(play(focused, ...press(']', ']', ']')).effects).to.have.length(1);
    expect(play(focused, ...press('c')).state.chart.mode).to.equal('candles');
    expect(play(focused, ...press('left', 'left', 'right')).state.chart.crosshair).to.equal(0);
  });

  it('signs in by the form, and takes over where that is wanted', () => {
    const form = play(START, ...press('f2'), ...typed('yoda'), ...press('enter'), ...typed('a b'), ...press('enter'));
    expect(form.effects).to.deep.equal([{ type: 'signIn', name: 'yoda', password: 'a b', takeOver: false }]);
    expect(form.state.form).to.include({ isBusy: true });
    const elsewhere: DashboardAction = { type: 'signInFailed', message: 'He is.', reason: 'ALREADY_SIGNED_IN' };
    const again = play(form.state, elsewhere, ...press('enter'));
    expect(again.effects).to.deep.equal([{ type: 'signIn', name: 'yoda', password: 'a b', takeOver: true }]);
    const wrong = play(form.state, { type: 'signInFailed', message: 'Wrong.', reason: 'WRONG_PASSWORD' }).state;
    expect(wrong.form).to.include({ password: '', error: 'Wrong.', isBusy: false });
    const done = play(form.state, { type: 'signedIn', name: 'yoda', role: 'member' });
    expect(done.state).to.deep.include({ form: null, member: { name: 'yoda', role: 'member' } });
    expect(JSON.stringify(done.state)).to.not.include('a b');
  });

  it('asks for an account where nothing can be read without one', () => {
    expect(play(START, { type: 'signedOut', ask: true }).state.form).to.include({ kind: 'signIn' });
    expect(play(START, { type: 'signedOut', ask: false }).state.form).to.equal(null);
    const typing = play(START, ...press('f3'), ...typed('yo'), { type: 'signedOut', ask: true }).state;
    expect(typing.form).to.include({ kind: 'signUp', name: 'yo' });
  });

  it('shows posts once, in their latest form', () => {
    const page: DashboardAction = { type: 'posts', posts: [post(1), post(2)], more: false, older: false };
    const { state } = play(START, page, { type: 'post', post: post(3) }, { type: 'post', post: post(3) });
    expect(state.forum.posts.map(({ number }) => number)).to.deep.equal([1, 2, 3]);
    const edited = play(state, { type: 'post', post: post(2, { text: 'new', seq: 9 }) }, page).state;
    expect(edited.forum.posts[1]).to.include({ text: 'new' });
  });

  it('starts over where posts in between are not known', () => {
    const { state } = play(
      START,
      { type: 'posts', posts: [post(1), post(2)], more: false, older: false },
      { type: 'posts', posts: [post(50), post(51)], more: true, older: false },
    );
    expect(state.forum.posts.map(({ number }) => number)).to.deep.equal([50, 51]);
    const joined = play(state, { type: 'posts', posts: [post(51), post(52)], more: true, older: false }).state;
    expect(joined.forum.posts.map(({ number }) => number)).to.deep.equal([50, 51, 52]);
  });

  it('forgets who is idle once he is in the list no more, should nobody have told that he left', () => {
    const luke = { name: 'luke', address: '::1', peerPort: null, activeSince: NOW, idleMs: 0 };
    const { state } = play(
      START,
      { type: 'members', members: [luke] },
      { type: 'member', name: 'luke', change: 'idle' },
      { type: 'member', name: 'yoda', change: 'idle' },
      { type: 'members', members: [luke] },
    );
    expect(state.idleNames).to.deep.equal(['luke']);
  });

  it('says who mentions somebody', () => {
    const me = play(START, { type: 'signedIn', name: 'yoda', role: 'member' }).state;
    const { state } = play(me, { type: 'post', post: post(4, { text: 'hi @yoda', mentions: ['yoda'] }) });
    expect(state.notice?.text).to.equal('luke mentions you in #lobby.');
  });

  it('reads older posts when somebody scrolls up to the oldest', () => {
    const posts = Array.from({ length: 100 }, (_, i) => post(i + 101));
    const { state } = play(START, { type: 'posts', posts, more: true, older: false });
    const { effects, state: up } = play(state, { type: 'wheel', pane: 'forum', by: -1000 });
    expect(effects).to.deep.equal([{ type: 'loadPosts', before: 101, topic: null }]);
    const kept = play(up, { type: 'post', post: post(201) }).state;
    expect(kept.forum.scroll).to.equal(up.forum.scroll + 1);
    expect(play(kept, { type: 'wheel', pane: 'forum', by: 1000 }).state.forum.scroll).to.equal(0);
  });

  const transfer = (id: number, more: Partial<Transfer> = {}): Transfer => ({
    id,
    name: 'lecture1.mp4',
    peers: [],
    direction: 'in',
    state: 'active',
    files: 1,
    done: 0,
    size: 1,
    bytesPerSecond: 0,
    startedAt: NOW,
    endedAt: null,
    place: null,
    reason: null,
    status: null,
    savedAs: null,
    ...more,
  });
  const over = (id: number): Transfer => transfer(id, { state: 'done', endedAt: NOW + id });
  const offer = (id: number) => ({ id, member: 'yoda', name: 'x', size: 1, files: 1 });

  it('sorts files: offers, what is under way, what is over; and forgets the oldest of these', () => {
    const many = Array.from({ length: 80 }, (_, i) => over(i + 1));
    const files: DashboardAction = {
      type: 'files',
      offers: [offer(90)],
      transfers: [...many, transfer(90), transfer(91)],
    };
    const { state } = play(START, files);
    expect(state.files.transfers.map(({ id }) => id)).to.deep.equal([
      91,
      ...Array.from({ length: 50 }, (_, i) => 80 - i),
    ]);
    expect(state.files.offers).to.have.length(1);
  });

  it('answers an offer and ends a transfer by a key, about the chosen one', () => {
    const one = play(START, { type: 'files', offers: [offer(3)], transfers: [transfer(1)] }).state;
    const pane: State = { ...one, focus: 'transfers' };
    expect(play(pane, ...press('a')).effects).to.deep.equal([{ type: 'answerTransfer', verb: 'accept', id: 3 }]);
    expect(play(pane, ...press('d')).effects).to.deep.equal([{ type: 'answerTransfer', verb: 'decline', id: 3 }]);
    expect(play(pane, ...press('x')).effects).to.deep.equal([{ type: 'answerTransfer', verb: 'cancel', id: 1 }]);
    const two = play(pane, { type: 'files', offers: [offer(3), offer(4)], transfers: [] }).state;
    expect(play(two, ...press('down', 'a')).effects).to.deep.equal([{ type: 'answerTransfer', verb: 'accept', id: 4 }]);
    const gone = play(two, ...press('down'), { type: 'files', offers: [], transfers: [] }).state;
    expect(gone.files.selected).to.equal(null);
    const { state, effects } = play(gone, ...press('a'));
    expect(effects).to.deep.equal([]);
    expect(state.notice?.text).to.equal('There is no offer to answer.');
  });

  it('completes members, files, offers and transfers', () => {
    const { state } = play(
      START,
      { type: 'files', offers: [offer(3)], transfers: [transfer(1)] },
      { type: 'listings', names: ['lecture1.mp4'] },
      { type: 'listing', name: 'notes.pdf', change: 'published' },
      { type: 'listing', name: 'lecture1.mp4', change: 'unpublished' },
    );
    const complete = (text: string) => play(state, ...typed(text), ...press('tab')).state.input.text;
    expect(complete('FETCH n')).to.equal('FETCH notes.pdf');
    expect(complete('ACCEPT ')).to.equal('ACCEPT 3');
    expect(complete('CANCEL ')).to.equal('CANCEL 1');
  });

  it('keeps the memory bounded', () => {
    let state = START;
    for (let i = 1; i <= 3000; i++) state = reduce(state, { type: 'post', post: post(i) }).state;
    expect(state.forum.posts).to.have.length(500);
    expect(state.forum.posts.at(-1)!.number).to.equal(3000);
  });

  const keys = KEY_BINDINGS.flatMap((each) => each.keys);
  const anyKey = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...keys).map(keyOf) },
    {
      weight: 3,
      arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }).map((text) => ({ name: text, text })),
    },
    { weight: 1, arbitrary: fc.record({ name: fc.string() }) },
  );
  const price = fc.oneof(fc.double({ noDefaultInfinity: true, noNaN: true, min: 0, max: 1e9 }), fc.constant(0));
  const anyQuote = fc
    .record({ instrument: fc.constantFrom('SJC', 'PNJ', 'BTC', 'x y'), sell: price, stale: fc.boolean() })
    .map(({ instrument, sell, stale }) => quote(instrument, sell, { stale }));
  const anyPost = fc
    .record({
      number: fc.integer({ min: 1, max: 400 }),
      text: fc.option(fc.string({ unit: 'binary' })),
      seq: fc.nat(500),
    })
    .map(({ number, text, seq }) => post(number, { text, seq, topic: number % 3 === 0 ? 'gold' : 'lobby' }));
  const anyAction: fc.Arbitrary<DashboardAction> = fc.oneof(
    { weight: 12, arbitrary: anyKey.map((key): DashboardAction => ({ type: 'key', key })) },
    fc.string({ unit: 'binary' }).map((text): DashboardAction => ({ type: 'paste', text })),
    fc
      .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 100 }))
      .map(([columns, rows]): DashboardAction => ({ type: 'resize', columns, rows })),
    fc
      .record({
        pane: fc.constantFrom(...PANES),
        row: fc.integer({ min: -2, max: 60 }),
        column: fc.integer({ min: -2, max: 200 }),
        width: fc.nat(200),
        height: fc.nat(60),
      })
      .map((click): DashboardAction => ({ type: 'click', ...click })),
    fc
      .record({ pane: fc.constantFrom(...PANES), by: fc.integer({ min: -50, max: 50 }) })
      .map((turn): DashboardAction => ({ type: 'wheel', ...turn })),
    fc.array(anyQuote, { maxLength: 6 }).map((quotes): DashboardAction => {
      const unique = new Map(quotes.map((each) => [each.instrument, each]));
      return { type: 'rates', quotes: [...unique.values()] };
    }),
    anyQuote.map((each): DashboardAction => ({ type: 'quote', quote: each })),
    fc.record({ posts: fc.array(anyPost, { maxLength: 30 }), more: fc.boolean(), older: fc.boolean() }).map(
      ({ posts, ...rest }): DashboardAction => ({
        type: 'posts',
        posts: posts.toSorted((a, b) => a.number - b.number),
        ...rest,
      }),
    ),
    anyPost.map((each): DashboardAction => ({ type: 'post', post: each })),
    fc
      .record({
        instrument: fc.constantFrom('SJC', 'PNJ', 'BTC'),
        range: fc.constantFrom(...CHART_RANGES),
        closes: fc.array(price, { maxLength: 40 }),
      })
      .map(({ instrument, range, closes }): DashboardAction => {
        const candles = closes.map((close, i) => candle(closes.length - i, close));
        return {
          type: 'candles',
          instrument,
          range,
          choice: null,
          series: null,
          candles,
          currency: 'VND',
          unit: 'tael',
        };
      }),
    fc.constantFrom<DashboardAction>(
      ONLINE,
      { type: 'connection', connection: { phase: 'offline', since: NOW, nextTryAt: NOW + 5, reason: 'gone' } },
      { type: 'connection', connection: { phase: 'ended', reason: 'kicked' } },
      { type: 'signedIn', name: 'yoda', role: 'member' },
      { type: 'signedOut', ask: true },
      { type: 'signInFailed', message: 'no', reason: 'ALREADY_SIGNED_IN' },
      { type: 'topics', topics: [{ topic: 'gold', unread: 2, mentions: 1 }] },
      { type: 'topics', topics: [] },
      { type: 'member', name: 'luke', change: 'idle' },
      { type: 'output', lines: ['one', 'two'] },
      { type: 'notice', text: 'hello', tone: 'info' },
      { type: 'trends', trends: [{ instrument: 'SJC', closes: [1, 2, 3] }] },
      { type: 'choices', choices: new Map([['SJC', { provider: 'other', company: '', brand: '' }]]) },
      { type: 'series', asked: 'SJC', quotes: [quote('SJC', 3), quote('SJC', 4, { brand: 'x' })], by: -1 },
      { type: 'tick', now: NOW + 10_000 },
    ),
  );

  it('never throws, and keeps the state whole, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(anyAction, { maxLength: 60 }), (actions) => {
        let state: State = START;
        for (const action of actions) {
          state = reduce(state, action).state;
          const { input, forum, chart, rates, selected, help } = state;
          expect(input.cursor).to.be.within(0, [...input.text].length);
          expect(input.historyIndex ?? 0).to.be.within(0, Math.max(0, input.history.length - 1));
          if (rates.length > 0) expect(selected).to.not.equal(null);
          expect(forum.scroll).to.be.at.least(0);
          const numbers = forum.posts.map(({ number }) => number);
          expect(numbers).to.deep.equal([...new Set(numbers)].sort((a, b) => a - b));
          if (chart.crosshair !== null) {
            expect(chart.crosshair).to.be.within(0, Math.max(0, chart.candles.length - 1));
          }
          expect(help?.scroll ?? 0).to.be.within(0, 1000);
          expect(PANES).to.include(state.focus);
        }
        const lines = renderFrame(state, THEME_BY_NAME[state.theme], { colours: 0 });
        expect(lines).to.have.length(state.rows);
      }),
      { numRuns: 400 },
    );
  });
});
