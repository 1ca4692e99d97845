import { expect } from 'chai';
import fc from 'fast-check';
import type { DashboardAction, Effect, KeyPress } from '../../src/dashboard/action.ts';
import { KEY_BINDINGS } from '../../src/dashboard/key-bindings.ts';
import { renderFrame } from '../../src/dashboard/presentation/screen-frame.ts';
import { THEME_BY_NAME } from '../../src/dashboard/presentation/theme.ts';
import { shownRates } from '../../src/dashboard/rate-rows.ts';
import { reduce } from '../../src/dashboard/reducer.ts';
import { instrumentIds } from '../../src/dashboard/reducers/input.ts';
import { type ForumPost, initialState, PANES, type RateQuote, type State } from '../../src/dashboard/state.ts';
import type { Candle } from '../../src/domain/candle.ts';
import type { Transfer } from '../../src/domain/transfer.ts';
import { CHART_RANGES, parseCommandLine } from '../../src/repl/grammar.ts';

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
      { type: 'saveHistory', line: 'MSG hi' },
      { type: 'runCommand', command: { verb: 'post', text: 'hi' } },
      { type: 'markRead', topic: null },
    ]);
    expect(play(state, ...press('escape')).effects).to.deep.equal([{ type: 'markRead', topic: null }]);
    expect(state.input).to.deep.include({ text: '', history: ['MSG hi'] });
  });

  const runs = (line: string): Effect[] =>
    play(START, ...typed(line), ...press('enter')).effects.filter(({ type }) => type === 'runCommand');

  it('posts text that is no command', () => {
    for (const text of [
      'Chào cả nhà!',
      'markt is up',
      'USD is up',
      '- one',
      '-5 % today',
      ':) hello',
      '/ 2 = 3',
      '#gold',
    ]) {
      expect(runs(text), text).to.deep.equal([{ type: 'runCommand', command: { verb: 'post', text } }]);
    }
    expect(runs('MSG #gold It is up')).to.deep.equal([
      { type: 'runCommand', command: { verb: 'post', text: 'It is up', topic: 'gold' } },
    ]);
  });

  it('runs a typed command as the shell does', () => {
    for (const line of [
      '2021-12-27 SJC IN USD/ozt',
      'market all',
      'MARKET BTC',
      'PROVIDERS',
      'MSG #Gold It  is up',
      'EDT #2 23 Feb 2021 15:00:01 new text',
      'DLT #7',
      'RDM 2021-02-23',
      'TOPICS',
      'DM hans hello',
      'ATU',
      'UPD yoda my lecture.mp4',
      'ACCEPT 3 ALWAYS 5MB',
      'DECLINE 3 too large',
      'CANCEL 3',
      'NOTIFY',
      'PUBLISH a.mp4 b.mp4',
      'UNPUBLISH a.mp4',
      'LIST lecture',
      'DISCOVER @yoda',
      'FETCH a.mp4 @yoda',
      'PING yoda',
      'SUM 25',
      'WATCH off',
      'OUT',
    ]) {
      expect(runs(line), line).to.deep.equal([{ type: 'runCommand', command: parseCommandLine(line) }]);
      expect(runs(`/${line}`).length, line).to.equal(/^\d/.test(line) ? 0 : 1);
    }
  });

  it('asks before it posts what is nearly a command, and posts it on the second Enter', () => {
    for (const [line, meant] of [
      ['MARKT BTC', 'MARKET'],
      ['PM hans hi', 'DM'],
      ['DN hans hi', 'DM'],
      ['-hepl', '-help'],
      ['SJC', 'MARKET SJC'],
    ] as const) {
      const asked = play(START, ...typed(line), ...press('enter'));
      expect(asked.effects, line).to.deep.equal([]);
      expect(asked.state.output?.[0], line).to.include(`Did you mean ${meant}?`);
      expect(asked.state.input.text).to.equal(line);
      const posted = play(asked.state, ...press('enter'));
      expect(posted.effects[1], line).to.deep.equal({ type: 'runCommand', command: { verb: 'post', text: line } });
      expect(play(asked.state, ...typed('!')).state.input.questioned, line).to.equal(null);
      expect(play(asked.state, ...press('escape', 'enter')).effects, line).to.deep.equal([]);
    }
  });

  it('empties the line when a command fails, and has it in the history', () => {
    const { state, effects } = play(START, ...typed('CHART'), ...press('enter'));
    expect(effects).to.deep.equal([{ type: 'saveHistory', line: 'CHART' }]);
    expect(state.input.text).to.equal('');
    expect(state.output?.[0]).to.match(/^Invalid format of CHART/);
    expect(play(state, ...press('up')).state.input.text).to.equal('CHART');
    expect(play(state, ...press('x')).state.output).to.equal(null);
    const topic = play(START, ...typed(`MSG #${'x'.repeat(40)} up`), ...press('enter'));
    expect(topic.effects.map(({ type }) => type)).to.deep.equal(['saveHistory']);
    expect(topic.state.output?.[0]).to.match(/^Nothing was posted/);
  });

  it('never posts or keeps a line with a password', () => {
    for (const line of ['-signin luke s3cret', '-sigin luke s3cret', '/login luke s3cret', 'signin luke s3cret']) {
      const { state, effects } = play(START, ...typed(line), ...press('enter', 'enter'));
      expect(effects, line).to.deep.equal([]);
      expect(JSON.stringify(state), line).to.not.include('s3cret');
      expect(state.output?.[0], line).to.match(/^Nothing was posted/);
    }
    const { state, effects } = play(START, ...typed('MSG my password is s3cret'), ...press('enter'));
    expect(effects.map(({ type }) => type)).to.deep.equal(['runCommand', 'markRead']);
    expect(state.input.history).to.have.length(1); // until the program ends
  });

  it('takes commands as other programs have them', () => {
    for (const line of ['/quit', '/quit see you', '/exit', '/q', ':q', ':q!', ':wq', 'quit', 'exit']) {
      expect(play(START, ...typed(line), ...press('enter')).effects.at(-1), line).to.deep.equal({ type: 'quit' });
    }
    for (const line of ['/help', '/h', '/?', ':help', '/help me']) {
      expect(play(START, ...typed(line), ...press('enter')).state.help, line).to.not.equal(null);
    }
    expect(play(START, ...typed('/help msg'), ...press('enter')).state.output?.[0]).to.equal('MSG [#topic] text');
    expect(runs('/msg #gold It is up')).to.deep.equal([
      { type: 'runCommand', command: { verb: 'post', text: 'It is up', topic: 'gold' } },
    ]);
    expect(runs('/whisper hans hi')).to.deep.equal([
      { type: 'runCommand', command: { verb: 'message', to: 'hans', text: 'hi' } },
    ]);
    expect(play(START, ...typed('/login'), ...press('enter')).state.form).to.include({ kind: 'signIn' });
    const unknown = play(START, ...typed('/frobnicate x'), ...press('enter'));
    expect(unknown.effects.map(({ type }) => type)).to.deep.equal(['saveHistory']);
    expect(unknown.state.output?.[0]).to.match(/^There is no command \/frobnicate\. Nothing was posted\./);
  });

  it('writes several lines by Alt-Enter, and moves between them', () => {
    const lines = [...typed('one'), ...press('M-enter'), ...typed('two')];
    const { state } = play(START, ...lines);
    expect(state.input.text).to.equal('one\ntwo');
    expect(play(state, ...press('up', 'backspace')).state.input.text).to.equal('on\ntwo');
    expect(play(state, ...press('C-a'), ...typed('x')).state.input.text).to.equal('one\nxtwo');
    expect(runs('one') && play(state, ...press('enter')).effects[1]).to.deep.equal({
      type: 'runCommand',
      command: { verb: 'post', text: 'one\ntwo' },
    });
    const pasted = play(START, { type: 'paste', text: 'one\r\ntwo\r\n' });
    expect(pasted.state.input.text).to.equal('one\ntwo');
    expect(pasted.effects).to.deep.equal([]);
  });

  it('opens the editor by two keys, and takes what was written', () => {
    const first = play(START, ...typed('hi'), ...press('C-x'));
    expect(first.effects).to.deep.equal([]);
    expect(play(first.state, ...press('C-e')).effects).to.deep.equal([{ type: 'openEditor', text: 'hi' }]);
    const other = play(first.state, ...press('q'), ...press('!'));
    expect(other.state.input.text).to.equal('hi!');
    expect(play(START, { type: 'edited', text: 'a\nb\n' }).state.input).to.include({ text: 'a\nb', cursor: 3 });
  });

  it('searches the history', () => {
    const { state } = play(START, { type: 'history', lines: ['MSG giá vàng', 'ATU', 'MARKET BTC', 'FIND vang'] });
    const found = play(state, ...press('C-r'), ...typed('vang'));
    expect(found.state.input.search).to.deep.equal({ query: 'vang', match: 3 });
    const older = play(found.state, ...press('C-r'));
    expect(older.state.input.search?.match).to.equal(0);
    expect(play(older.state, ...press('C-r')).state.input.search?.match).to.equal(0);
    expect(play(older.state, ...press('down')).state.input.search?.match).to.equal(3);
    const taken = play(older.state, ...press('enter'));
    expect(taken.effects).to.deep.equal([]);
    expect(taken.state.input).to.include({ text: 'MSG giá vàng', search: null });
    const none = play(state, ...typed('x'), ...press('C-r'), ...typed('zz'));
    expect(none.state.input.search?.match).to.equal(null);
    expect(play(none.state, ...press('enter')).state.input.text).to.equal('x');
    expect(play(none.state, ...press('escape')).state.input).to.include({ text: 'x', search: null });
    expect(play(none.state, ...press('backspace', 'backspace', 'backspace')).state.input.search).to.equal(null);
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

  const ONE_YEAR = { type: 'loadChart', instrument: 'SJC', range: '1y' } as const;
  const chartOf = (over: Partial<State['chart']> = {}): State => {
    const { state } = play(START, RATES, ...typed('CHART SJC 1y'), ...press('enter'));
    return {
      ...state,
      focus: 'chart',
      chart: { ...state.chart, candles: [candle(2, 8), candle(1, 9)], isLoading: false, ...over },
    };
  };

  it('chooses ranges by 1 to 7 in the chart and in the rates, and by the wheel', () => {
    for (const focus of ['chart', 'rates'] as const) {
      for (const [i, range] of CHART_RANGES.entries()) {
        const { effects } = play({ ...chartOf(), focus }, ...press(String(i + 1)));
        expect(effects).to.deep.equal(range === '1y' ? [] : [{ ...ONE_YEAR, range }]);
      }
    }
    const wheel = (by: number): DashboardAction => ({ type: 'wheel', pane: 'chart', by });
    expect(play(chartOf(), wheel(-3)).effects).to.deep.equal([{ ...ONE_YEAR, range: '3m' }]);
    expect(play(chartOf(), wheel(3)).effects).to.deep.equal([{ ...ONE_YEAR, range: '5y' }]);
    expect(play({ ...chartOf(), focus: 'forum' }, ...press('1')).effects).to.deep.equal([]);
  });

  it('chooses the range that is clicked in the title, and sets the crosshair in the drawing', () => {
    const size = { type: 'click', pane: 'chart', width: 82, height: 20 } as const;
    const ranges = Array.from({ length: 82 }, (_, column) => play(chartOf(), { ...size, row: -1, column }).effects[0]);
    const clicked = ranges.flatMap((effect) => (effect?.type === 'loadChart' ? [effect.range] : []));
    expect([...new Set(clicked)]).to.deep.equal(CHART_RANGES.filter((range) => range !== '1y'));
    expect(play(chartOf(), { ...size, row: 5, column: 70 }).state.chart.crosshair).to.equal(0);
  });

  it('moves a chart to earlier prices and back to now; a late answer of another period changes nothing', () => {
    const { state, effects } = play(chartOf(), ...press('<'));
    const end = NOW - (365 / 2) * 86_400_000;
    expect(effects).to.deep.equal([{ ...ONE_YEAR, end }]);
    expect(state.chart).to.deep.include({ end, candles: [], isLoading: true });
    const loaded = { choice: null, series: null, candles: [candle(1, 9)], currency: 'VND', unit: 'tael' };
    expect(play(state, { ...ONE_YEAR, ...loaded, type: 'candles' }).state).to.equal(state);
    expect(play(state, { ...ONE_YEAR, ...loaded, end, type: 'candles' }).state.chart.isLoading).to.equal(false);
    expect(play(state, ...press('>')).effects).to.deep.equal([ONE_YEAR]);
    expect(play(state, ...press('G')).effects).to.deep.equal([ONE_YEAR]);
    expect(play(chartOf(), ...press('>')).effects).to.deep.equal([]);
    expect(play({ ...state, focus: 'input' }, ...typed('CHART PNJ'), ...press('enter')).state.chart.end).to.equal(null);
  });

  it('switches between buy and sell, where there are both', () => {
    expect(play(chartOf(), ...press('b')).effects).to.deep.equal([{ ...ONE_YEAR, side: 'buy' }]);
    expect(play(chartOf(), ...press('b', 'b')).effects.at(-1)).to.deep.equal(ONE_YEAR);
    const one = play(chartOf(), { type: 'rates', quotes: [quote('SJC', 100, { buy: null })] }).state;
    const { state, effects } = play(one, ...press('b'));
    expect(effects).to.deep.equal([]);
    expect(state.notice?.text).to.equal('SJC has only one price.');
  });

  it('compares with another instrument by line and by key, until Escape or another instrument', () => {
    const typedLine = play(START, RATES, ...typed('CHART SJC BTC 5y'), ...press('enter'));
    const wanted = { ...ONE_YEAR, range: '5y', versus: 'BTC' } as const;
    expect(typedLine.effects.at(-1)).to.deep.equal(wanted);
    expect(play(chartOf(), ...press('v')).effects).to.deep.equal([{ ...ONE_YEAR, versus: 'PNJ' }]);
    expect(play(chartOf(), ...press('V')).effects).to.deep.equal([{ ...ONE_YEAR, versus: 'BTC' }]);
    expect(play(chartOf(), ...press('v', 'V')).state.chart.versus).to.equal(null);
    expect(play(chartOf({ versus: 'BTC' }), ...press('escape')).state).to.deep.include({ focus: 'chart' });
    expect(play(chartOf({ versus: 'BTC' }), ...press('escape')).state.chart.versus).to.equal(null);
    expect(play({ ...chartOf({ versus: 'BTC' }), focus: 'rates' }, ...press('up')).state.chart.versus).to.equal(null);
    const failed = play(typedLine.state, {
      ...wanted,
      type: 'candles',
      choice: null,
      series: null,
      candles: [candle(1, 9)],
      currency: 'VND',
      unit: 'tael',
      versusError: 'No such instrument.',
    }).state;
    expect(failed.chart).to.deep.include({ versus: null, candles: [candle(1, 9)] });
    expect(failed.notice).to.include({ text: 'No such instrument.', tone: 'bad' });
  });

  it('keeps the chart where a range is unknown, and says which ranges there are', () => {
    const before = { ...chartOf(), focus: 'input' as const };
    const { state, effects } = play(before, ...typed('CHART SJC 2y'), ...press('enter'));
    expect(effects.filter(({ type }) => type === 'loadChart')).to.deep.equal([]);
    expect(state.chart).to.equal(before.chart);
    expect(state.output?.join('')).to.include('"2y" is not a range').and.to.include('1d 1w 1m 3m 1y 5y all');
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
    expect(kept.forum.anchor).to.deep.equal(up.forum.anchor).and.to.not.equal(null);
    expect(kept.forum.newBelow).to.equal(1);
    const down = play(kept, { type: 'wheel', pane: 'forum', by: 1000 }).state.forum;
    expect(down).to.include({ anchor: null, newBelow: 0 });
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

  it('removes finished transfers from the screen after a while, and at once by a key', () => {
    const files: DashboardAction = {
      type: 'files',
      offers: [],
      transfers: [
        transfer(1),
        transfer(2, { state: 'done', endedAt: NOW }),
        transfer(3, { state: 'failed', endedAt: NOW }),
      ],
    };
    const ids = (state: State): number[] => state.files.transfers.map(({ id }) => id);
    const shown: State = { ...play(START, files).state, focus: 'transfers' };
    expect(ids(shown)).to.deep.equal([1, 2, 3]);
    const later = play(shown, { type: 'tick', now: NOW + 60_000 });
    expect(ids(later.state)).to.deep.equal([1, 3]);
    expect(ids(play(later.state, files).state)).to.deep.equal([1, 3]);
    expect(ids(play(shown, { type: 'tick', now: NOW + 600_000 }).state)).to.deep.equal([1]);
    const one = play(shown, ...press('down', 'x'));
    expect(ids(one.state)).to.deep.equal([1, 3]);
    expect(one.effects).to.deep.equal([]);
    expect(one.state.files.selected).to.equal(3);
    expect(ids(play(one.state, files).state)).to.deep.equal([1, 3]);
    const over: DashboardAction = { ...files, transfers: files.transfers.slice(1) };
    const none = play({ ...play(START, over).state, focus: 'transfers' }, ...press('x')).state;
    expect(ids(none)).to.deep.equal([]);
    expect(play(none, ...press('x')).state.notice?.text).to.equal('There is no transfer to cancel.');
  });

  it('accepts by Enter the offer under the cursor, and nothing else', () => {
    const { state } = play(START, { type: 'files', offers: [offer(3), offer(4)], transfers: [transfer(1)] });
    const pane: State = { ...state, focus: 'transfers' };
    expect(play(pane, ...press('enter')).effects).to.deep.equal([{ type: 'answerTransfer', verb: 'accept', id: 3 }]);
    expect(play(pane, ...press('down', 'enter')).effects).to.deep.equal([
      { type: 'answerTransfer', verb: 'accept', id: 4 },
    ]);
    const running = play(pane, ...press('down', 'down', 'enter'));
    expect(running.effects).to.deep.equal([]);
    expect(running.state.notice?.text).to.be.a('string');
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
    fc.record({ posts: fc.array(anyPost, { maxLength: 30 }), number: fc.nat(400), hasNewer: fc.boolean() }).map(
      ({ posts, number, hasNewer }): DashboardAction => ({
        type: 'posts',
        posts: [...new Map(posts.map((each) => [each.number, each])).values()].sort((a, b) => a.number - b.number),
        more: true,
        older: false,
        around: { number, hasNewer },
      }),
    ),
    fc.record({ number: fc.integer({ min: 1, max: 400 }), from: fc.constantFrom('luke', 'yoda') }).map(
      ({ number, from }): DashboardAction => ({
        type: 'directMessage',
        message: {
          number,
          from,
          to: from === 'luke' ? 'yoda' : 'luke',
          text: 'hi',
          at: NOW,
          unread: true,
          seq: number,
        },
      }),
    ),
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
          expect(input.cursor).to.be.within(0, input.text.length);
          expect(input.historyIndex ?? 0).to.be.within(0, Math.max(0, input.history.length - 1));
          if (rates.length > 0) expect(selected).to.not.equal(null);
          expect(forum.anchor?.hidden ?? 0).to.be.at.least(0);
          expect(forum.posts.length).to.be.at.most(500);
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

  const names = (state: State): string[] => shownRates(state).map(({ quote }) => quote.instrument);
  const ratesPane = (): State => ({ ...play(START, RATES).state, focus: 'rates' });

  it('sorts the rates by the next column, and in the other direction', () => {
    const buy = play(ratesPane(), ...press('s', 's')).state;
    expect(buy.ratesView).to.include({ sortBy: 'buy', isDescending: true });
    expect(names(buy)).to.deep.equal(['SJC', 'PNJ', 'BTC']);
    expect(names(play(buy, ...press('S')).state)).to.deep.equal(['BTC', 'PNJ', 'SJC']);
    expect(play(buy, ...press('s', 's', 's', 's')).state.ratesView.sortBy).to.equal(null);
    const down = play({ ...buy, selected: 'SJC' }, ...press('down')).state;
    expect(down.selected).to.equal('PNJ');
  });

  it('filters the rates while somebody types, and goes through the matches', () => {
    const typing = play(ratesPane(), ...typed('/c')).state;
    expect(typing.ratesView).to.include({ filter: 'c', isTyping: true });
    expect(typing.input.text).to.equal('');
    expect(names(typing)).to.deep.equal(['SJC', 'BTC']);
    const kept = play(typing, ...press('enter')).state;
    expect(kept.ratesView).to.include({ filter: 'c', isTyping: false });
    expect(kept.chart.instrument).to.equal('SJC');
    const next = play(kept, ...press('n')).state;
    expect(next.selected).to.equal('BTC');
    expect(play(next, ...press('n')).state.selected).to.equal('SJC');
    expect(play(next, ...press('N')).state.selected).to.equal('SJC');
    expect(play(kept, ...press('escape')).state).to.deep.include({ focus: 'rates' });
    expect(names(play(kept, ...press('escape')).state)).to.have.length(3);
    expect(names(play(typing, ...press('backspace')).state)).to.have.length(3);
    expect(names(play(typing, ...typed('q')).state)).to.deep.equal([]);
    expect(play(typing, { type: 'paste', text: 'q\n' }).state.ratesView.filter).to.equal('cq');
    const long = play(ratesPane(), ...typed('/'), { type: 'paste', text: 'x'.repeat(1000) }).state;
    expect(long.ratesView.filter.length).to.be.at.most(64);
    expect(play(ratesPane(), ...press('n')).state.notice?.text).to.include('/');
  });

  it('keeps a watch list in the order of the member, and shows it alone by a key', () => {
    const one = play({ ...ratesPane(), selected: 'SJC' }, ...press('w'));
    expect(one.effects).to.deep.equal([{ type: 'saveWatchList', instruments: ['SJC'] }]);
    const two = play({ ...one.state, selected: 'BTC' }, ...press('w'));
    expect(two.effects).to.deep.equal([{ type: 'saveWatchList', instruments: ['SJC', 'BTC'] }]);
    const only = play(two.state, ...press('W')).state;
    expect(names(only)).to.deep.equal(['SJC', 'BTC']);
    expect(names(play(only, ...press('W')).state)).to.have.length(3);
    const less = play(only, ...press('w'));
    expect(less.effects).to.deep.equal([{ type: 'saveWatchList', instruments: ['SJC'] }]);
    expect(less.state.selected).to.equal('SJC');
    const none = play(less.state, ...press('w')).state;
    expect(names(none)).to.have.length(3);
    expect(play(none, ...press('W')).state.notice?.text).to.include('empty');
    const other = play(only, { type: 'watchList', instruments: [] }).state;
    expect(other).to.deep.include({ watchList: [] });
    expect(names(other)).to.have.length(3);
  });

  it('lights up no price that is only confirmed', () => {
    const { state } = play(START, RATES);
    const same = play(state, { type: 'quote', quote: quote('SJC', 100, { id: 'x' }) }).state;
    expect(rateOf(same).movedAt).to.equal(null);
    const sell = play(state, { type: 'quote', quote: quote('SJC', 101, { buy: 99 }) }).state;
    expect(rateOf(sell)).to.deep.include({ movedAt: NOW, movedSides: ['sell'] });
  });

  const MEMBERS: DashboardAction = {
    type: 'members',
    members: ['han', 'luke'].map((name) => ({
      name,
      address: '::1',
      peerPort: null,
      activeSince: NOW,
      idleMs: 0,
      role: 'member' as const,
    })),
  };
  const SIGNED_IN: DashboardAction = { type: 'signedIn', name: 'luke', role: 'member' };

  it('shows a new role at once, and after each reading of the members', () => {
    const { state } = play(START, ONLINE, SIGNED_IN, MEMBERS);
    const told = play(state, { type: 'role', name: 'luke', role: 'moderator' }).state;
    expect(told.member).to.deep.equal({ name: 'luke', role: 'moderator' });
    expect(told.notice?.text).to.equal('Your role is now moderator.');
    expect(told.members[1]?.role).to.equal('moderator');
    const other = play(state, { type: 'role', name: 'han', role: 'owner' }).state;
    expect(other.member?.role).to.equal('member');
    expect(other.members[0]?.role).to.equal('owner');
    expect(play(told, MEMBERS).state.member?.role).to.equal('member');
  });

  it('moves a cursor over the members', () => {
    const pane: State = { ...play(START, MEMBERS).state, focus: 'members' };
    const down = play(pane, ...press('down')).state;
    expect(down.selectedMember).to.equal('luke');
    expect(play(down, ...press('down')).state.selectedMember).to.equal('luke');
    expect(play(down, ...press('up')).state.selectedMember).to.equal('han');
    expect(play(down, { type: 'member', name: 'luke', change: 'left' }).state.selectedMember).to.equal(null);
    expect(play(pane, ...press('a')).state.showsAddresses).to.equal(true);
    const click: DashboardAction = { type: 'click', pane: 'members', row: 1, column: 3, width: 20, height: 5 };
    expect(play(pane, click).state.selectedMember).to.equal('luke');
  });

  it('welcomes nobody whose session was taken over', () => {
    const { state } = play(START, ONLINE, SIGNED_IN);
    expect(state.notice?.text).to.equal('Welcome, luke.');
    const reason = 'The server ended the connection: Signed in from elsewhere.';
    const ended = play(state, { type: 'connection', connection: { phase: 'ended', reason } }).state;
    expect(ended).to.deep.include({ notice: null, member: null });
    const frame = renderFrame(ended, THEME_BY_NAME.plain, { colours: 0 }).join('\n');
    expect(frame).to.include('Signed in from elsewhere').and.not.to.include('Welcome');
    const offline: DashboardAction = {
      type: 'connection',
      connection: { phase: 'offline', since: NOW, nextTryAt: null, reason: 'gone' },
    };
    expect(play(state, offline).state).to.deep.include({ notice: null, member: state.member });
  });
});
