import { plain } from '../domain/fold.ts';
import { MARKETS } from '../domain/instrument.ts';
import { seriesId } from '../domain/quote.ts';
import { sameSeries, seriesName, seriesOf } from '../domain/series.ts';
import { isOver, type Transfer } from '../domain/transfer.ts';
import { complete, GrammarError, type Known, parse, RANGES } from '../repl/grammar.ts';
import type { Action, Effect, Step, Trend } from './action.ts';
import { edit, replace, sent, type as typeText } from './editor.ts';
import { type Command, commandOf } from './keys.ts';
import { type Box, layout } from './layout.ts';
import { candleAt } from './presentation/chart.ts';
import { feedHeight } from './presentation/forum.ts';
import { helpHeight } from './presentation/help.ts';
import { helpBox } from './presentation/overlay.ts';
import { instrumentAt } from './presentation/rates.ts';
import { shownIds, transferAt } from './presentation/transfers.ts';
import {
  type ChartState,
  type FilesState,
  type ForumState,
  PANES,
  type Pane,
  type Post,
  type Quote,
  type Rate,
  type State,
  THEMES,
  withChoice,
} from './state.ts';

/** Posts that the screen holds; older ones are read again when somebody scrolls up to them. */
const POSTS = 500;
const FAR_BACK = POSTS * 2;
/** Transfers that are over, and names of files, that the screen holds. */
const OVER = 50;
const LISTINGS = 500;
/** How long a notice stands. */
const NOTICE_MS = 6000;

type Result = Step<State>;

const only = (state: State, ...effects: Effect[]): Result => ({ state, effects });

/** What happens to the screen when something happens in the world: a pure function, all effects are told, not done. */
export function reduce(state: State, action: Action): Result {
  switch (action.type) {
    case 'tick': {
      const over = state.notice !== null && action.now - state.notice.at > NOTICE_MS;
      return only({ ...state, now: action.now, notice: over ? null : state.notice });
    }
    case 'resized':
      return only({ ...state, columns: action.columns, rows: action.rows });
    case 'key':
      return keyed(state, action);
    case 'pasted':
      if (state.form) return only({ ...state, form: typeInForm(state.form, action.text) });
      return only({ ...state, input: typeText(state.input, action.text), focus: 'input' });
    case 'clicked':
      return clicked(state, action);
    case 'wheel':
      if (state.form) return only(state);
      if (state.help) return move(state, action.by);
      return scroll({ ...state, focus: action.pane === 'input' ? state.focus : action.pane }, action.pane, action.by);
    case 'link':
      return linked(action.address === undefined ? state : { ...state, address: action.address }, action.link);
    case 'signedIn':
      return only(
        told(
          { ...state, member: { name: action.name, role: action.role }, form: null },
          `Welcome, ${action.name}.`,
          'good',
        ),
        { type: 'refresh' },
      );
    case 'signedOut':
      return only(opened({ ...state, member: null }, action.ask && !state.form ? 'signIn' : null));
    case 'signInFailed':
      return only({ ...state, form: state.form && failed(state.form, action) });
    case 'providers':
      return only({ ...state, providers: action.providers });
    case 'rates':
      return listed(state, action.quotes);
    case 'trends':
      return only(trended(state, action.trends));
    case 'choices':
      return only({ ...state, choices: action.choices }, ...loading(state.ratesLoaded, { type: 'loadRates' }));
    case 'series':
      return nextSeries(state, action);
    case 'quote':
      return quoted(state, action.quote);
    case 'candles':
      if (action.instrument !== state.chart.instrument || action.range !== state.chart.range) return only(state);
      if (!sameSeries(action.choice, state.choices.get(action.instrument) ?? null)) return only(state);
      return only({
        ...state,
        chart: {
          ...state.chart,
          series: action.series,
          candles: action.candles,
          currency: action.currency,
          unit: action.unit,
          loading: false,
          error: null,
          crosshair: within(state.chart.crosshair, action.candles.length),
        },
      });
    case 'chartFailed':
      if (action.instrument !== state.chart.instrument || action.range !== state.chart.range) return only(state);
      return only({ ...state, chart: { ...state.chart, loading: false, error: action.message } });
    case 'posts':
      return only({ ...state, forum: paged(state.forum, action) });
    case 'post':
      return posted(state, action.post);
    case 'topics':
      return only({ ...state, forum: { ...state.forum, topics: action.topics } });
    case 'members':
      return only({
        ...state,
        members: action.members,
        membersLoaded: true,
        idle: state.idle.filter((name) => action.members.some((member) => member.name === name)),
      });
    case 'member': {
      const idle = state.idle.filter((name) => name !== action.name);
      const members =
        action.change === 'left' ? state.members.filter(({ name }) => name !== action.name) : state.members;
      return only({ ...state, members, idle: action.change === 'idle' ? [...idle, action.name] : idle });
    }
    case 'files':
      return only({ ...state, files: sorted(state.files, action) });
    case 'listings':
      return only({ ...state, files: { ...state.files, listings: action.names.slice(0, LISTINGS) } });
    case 'listing': {
      const others = state.files.listings.filter((name) => name !== action.name);
      const listings = action.change === 'published' ? [action.name, ...others].slice(0, LISTINGS) : others;
      return only({ ...state, files: { ...state.files, listings } });
    }
    case 'answered':
      return only({ ...state, answer: action.lines.length > 0 ? action.lines : null });
    case 'notice':
      return only(told(state, action.text, action.tone));
  }
}

/** The instruments that completion knows. */
export function instrumentsOf(state: State): string[] {
  return state.rates.map(({ quote }) => quote.instrument);
}

function knownOf({ members, files, member }: State): Known {
  return {
    members: members.flatMap(({ name }) => (name === member?.name ? [] : [name])),
    listings: files.listings,
    offers: files.offers.map(({ id }) => id),
    transfers: files.transfers.flatMap((transfer) => (isOver(transfer) ? [] : [transfer.id])),
  };
}

function linked(state: State, link: State['link']): Result {
  if (link.phase === 'online' && state.link.phase !== 'online') return only({ ...state, link }, { type: 'refresh' });
  return only({ ...state, link });
}

function keyed(state: State, { key }: Extract<Action, { type: 'key' }>): Result {
  const command = commandOf(key, state);
  if (command) return commanded({ ...state, notice: null }, command);
  if (key.text === undefined || key.ctrl || key.meta) return only(state);
  if (state.form) return only({ ...state, form: typeInForm(state.form, key.text) });
  if (state.help || state.focus !== 'input') return only(state);
  return only({ ...state, input: typeText(state.input, key.text), answer: null });
}

function commanded(state: State, command: Command): Result {
  switch (command) {
    case 'quit':
    case 'suspend':
    case 'redraw':
      return only(state, { type: command });
    case 'refresh':
      return only(state, { type: state.link.phase === 'online' ? 'refresh' : 'retry' });
    case 'retry':
      return only(state, { type: 'retry' });
    case 'toggleHelp':
      return only({ ...state, help: state.help ? null : { scroll: 0 } });
    case 'nextTheme':
      return only({ ...state, theme: next(THEMES, state.theme, 1) });
    case 'openSignIn':
      return only(opened(state, 'signIn'));
    case 'openSignUp':
      return only(opened(state, 'signUp'));
    case 'focusNext':
      return focused(state, 1);
    case 'focusPrevious':
      return focused(state, -1);
    case 'focusInput':
      return only({ ...state, focus: 'input', zoomed: null });
    case 'zoom':
      return only({ ...state, zoomed: state.zoomed === null ? state.focus : null });
    case 'back':
      return back(state);
    case 'submit':
      return state.form ? sendForm(state) : submit(state);
    case 'complete':
      return completed(state);
    case 'nextField':
      return only({
        ...state,
        form: state.form && { ...state.form, field: state.form.field === 'name' ? 'password' : 'name' },
      });
    case 'toggleForm':
      return only({
        ...state,
        form: state.form && {
          ...state.form,
          kind: state.form.kind === 'signIn' ? 'signUp' : 'signIn',
          error: null,
          takeOver: false,
        },
      });
    case 'up':
      return move(state, -1);
    case 'down':
      return move(state, 1);
    case 'pageUp':
      return move(state, -page(state));
    case 'pageDown':
      return move(state, page(state));
    case 'first':
      return move(state, Number.NEGATIVE_INFINITY);
    case 'last':
      return move(state, Number.POSITIVE_INFINITY);
    case 'openChart':
      return state.selected === null
        ? only(state)
        : chart({ ...state, focus: 'chart' }, { instrument: state.selected });
    case 'left':
      return only({ ...state, chart: crosshair(state.chart, 1) });
    case 'right':
      return only({ ...state, chart: crosshair(state.chart, -1) });
    case 'shorterRange':
      return chart(state, { range: next(RANGES, state.chart.range, -1, false) });
    case 'longerRange':
      return chart(state, { range: next(RANGES, state.chart.range, 1, false) });
    case 'toggleCandles':
      return only({ ...state, chart: { ...state.chart, mode: state.chart.mode === 'line' ? 'candles' : 'line' } });
    case 'nextSeries':
      return seriesKey(state, 1);
    case 'previousSeries':
      return seriesKey(state, -1);
    case 'accept':
    case 'decline':
    case 'cancel':
      return answer(state, command);
    case 'nextTopic':
      return topic(state, 1);
    case 'previousTopic':
      return topic(state, -1);
    default:
      return edited(state, command);
  }
}

function edited(state: State, command: Command): Result {
  if (state.form) {
    const { form } = state;
    if (command !== 'deleteBack' && command !== 'deleteToStart') return only(state);
    const rest = command === 'deleteBack' ? [...form[form.field]].slice(0, -1).join('') : '';
    return only({ ...state, form: { ...form, [form.field]: rest } });
  }
  const input = edit(state.input, command);
  return only(input ? { ...state, input } : state);
}

/** Escape: closes what lies on top, one thing a press. */
function back(state: State): Result {
  if (state.help) return only({ ...state, help: null });
  if (state.form) return only({ ...state, form: null });
  if (state.answer) return only({ ...state, answer: null });
  if (state.zoomed) return only({ ...state, zoomed: null });
  if (state.focus === 'chart' && state.chart.crosshair !== null) {
    return only({ ...state, chart: { ...state.chart, crosshair: null } });
  }
  if (state.focus === 'input') {
    return state.input.text === '' ? only(state, read(state)) : only({ ...state, input: replace(state.input, '') });
  }
  return only({ ...state, focus: 'input' });
}

function opened(state: State, kind: 'signIn' | 'signUp' | null): State {
  if (kind === null) return state;
  const form = { kind, field: 'name', name: '', password: '', busy: false, error: null, takeOver: false } as const;
  return { ...state, form, help: null };
}

function typeInForm(form: NonNullable<State['form']>, text: string): NonNullable<State['form']> {
  if (form.busy) return form;
  const value = (form[form.field] + text.replace(/\p{Cc}/gu, '')).slice(0, 256);
  return { ...form, [form.field]: value, error: null, takeOver: false };
}

function sendForm(state: State): Result {
  const form = state.form!;
  if (form.busy) return only(state);
  if (form.name === '') return only({ ...state, form: { ...form, field: 'name', error: 'A name, please.' } });
  if (form.field === 'name' || form.password === '') return only({ ...state, form: { ...form, field: 'password' } });
  const { kind, name, password, takeOver } = form;
  return only({ ...state, form: { ...form, busy: true, error: null } }, { type: kind, name, password, takeOver });
}

function failed(
  form: NonNullable<State['form']>,
  { message, reason }: { message: string; reason: string },
): NonNullable<State['form']> {
  if (reason === 'ALREADY_SIGNED_IN') {
    return { ...form, busy: false, takeOver: true, error: `${message} Enter again to take over from there.` };
  }
  return { ...form, busy: false, error: message, takeOver: false, password: '', field: 'password' };
}

function submit(state: State): Result {
  const line = state.input.text.trim();
  if (line === '') return only(state);
  const after: State = { ...state, input: sent(state.input), answer: null };
  const parsed = parse(line);
  if (parsed instanceof GrammarError) {
    // What was typed comes back, to be mended.
    return only({ ...after, input: replace(after.input, line), answer: [parsed.message] });
  }
  switch (parsed.verb) {
    case 'quit':
      return only(after, { type: 'quit' });
    case 'help':
      return only({ ...after, help: { scroll: 0 } });
    case 'signIn':
    case 'signUp':
      return only(opened(after, parsed.verb));
    case 'chart': {
      const instrument = instrumentsOf(state).find((id) => id === parsed.instrument.toUpperCase()) ?? parsed.instrument;
      return chart({ ...after, selected: instrument }, { instrument, range: parsed.range });
    }
    case 'post':
      // Who answers has read what is there.
      return only(after, { type: 'submit', line }, read(state));
    default:
      return only(after, { type: 'submit', line });
  }
}

function completed(state: State): Result {
  if (state.input.text === '') return focused(state, 1);
  const [candidates, part] = complete(state.input.text, instrumentsOf(state), knownOf(state));
  if (candidates.length === 0) return only(state);
  const stem = state.input.text.slice(0, state.input.text.length - part.length);
  if (candidates.length === 1) return only({ ...state, input: replace(state.input, stem + candidates[0]!) });
  const shared = commonStart(candidates);
  const input = shared.length > part.length ? replace(state.input, stem + shared) : state.input;
  return only({ ...state, input: { ...input, candidates } });
}

function commonStart(words: readonly string[]): string {
  let end = words[0]!.length;
  for (const word of words) {
    while (!word.toLowerCase().startsWith(words[0]!.slice(0, end).toLowerCase())) end--;
  }
  return words[0]!.slice(0, end);
}

/** The next pane that has room. */
function focused(state: State, by: 1 | -1): Result {
  const boxes = layout({ ...state, zoomed: null });
  const shown = PANES.filter((pane) => pane === 'input' || (boxes[pane]?.height ?? 0) > 0);
  const focus = next(shown, state.focus, by);
  const zoomed = state.zoomed === null || focus === 'input' ? null : focus;
  return only({ ...state, focus, zoomed }, ...(focus === 'forum' ? [read(state)] : []));
}

function clicked(state: State, { pane, row, column, width, height }: Extract<Action, { type: 'clicked' }>): Result {
  if (state.help || state.form) return only(state);
  const focus = { ...state, focus: pane };
  if (pane === 'chart') {
    const at = candleAt(state, width, height, column);
    return only(at === undefined ? focus : { ...focus, chart: { ...state.chart, crosshair: at } });
  }
  if (pane === 'rates') {
    const instrument = instrumentAt(state, height, row);
    return instrument === undefined ? only(focus) : chart({ ...focus, selected: instrument }, { instrument });
  }
  if (pane === 'transfers') {
    const selected = transferAt(state, width, height, row) ?? state.files.selected;
    return only({ ...focus, files: { ...state.files, selected } });
  }
  return only(focus, ...(pane === 'forum' ? [read(state)] : []));
}

const read = (state: State): Effect => ({ type: 'markRead', topic: state.forum.topic });

function page(state: State): number {
  const pane = state.focus === 'input' ? 'forum' : state.focus;
  return Math.max(1, (layout(state)[pane]?.height ?? state.rows) - 3);
}

/** Columns and rows inside a border. */
function inside(box: Box | undefined): { width: number; height: number } {
  return { width: Math.max(0, (box?.width ?? 0) - 2), height: Math.max(0, (box?.height ?? 0) - 2) };
}

function move(state: State, by: number): Result {
  if (state.help) {
    const { width, height } = inside(helpBox(state));
    const last = Math.max(0, helpHeight(width) - height);
    return only({ ...state, help: { scroll: Math.min(Math.max(0, state.help.scroll + by), last) } });
  }
  return scroll(state, state.focus === 'input' ? 'forum' : state.focus, by);
}

function scroll(state: State, pane: Pane, by: number): Result {
  if (pane === 'forum') {
    const { forum } = state;
    const lines = Math.min(Math.max(0, forum.scroll - by), scrollLimit(state));
    if (lines === 0 && forum.scroll > 0 && forum.posts.length >= FAR_BACK) {
      return only(
        { ...state, forum: { ...forum, posts: [], loaded: false, more: false, scroll: 0 } },
        { type: 'loadPosts', before: null, topic: forum.topic },
      );
    }
    const oldest = forum.posts[0];
    const wants = by < 0 && forum.more && oldest !== undefined && lines === scrollLimit(state);
    return only(
      { ...state, forum: { ...forum, scroll: lines } },
      ...(wants ? [{ type: 'loadPosts', before: oldest.number, topic: forum.topic } as const] : []),
    );
  }
  if (pane === 'transfers') return only({ ...state, files: stepped(state.files, by) });
  if (pane !== 'rates' || state.rates.length === 0) return only(state);
  const at = state.rates.findIndex(({ quote }) => quote.instrument === state.selected);
  const to = Math.min(Math.max(at + by, 0), state.rates.length - 1);
  const instrument = state.rates[to]!.quote.instrument;
  return chart({ ...state, selected: instrument }, { instrument });
}

function stepped(files: FilesState, by: number): FilesState {
  const ids = shownIds(files);
  if (ids.length === 0) return files;
  const at = files.selected === null ? 0 : Math.max(0, ids.indexOf(files.selected));
  return { ...files, selected: ids[Math.min(Math.max(at + by, 0), ids.length - 1)]! };
}

/** What is offered stands first; what is over gives way, the oldest first. */
function sorted(files: FilesState, { offers, transfers }: Extract<Action, { type: 'files' }>): FilesState {
  const waiting = new Set(offers.map(({ id }) => id));
  const others = transfers.filter(({ id }) => !waiting.has(id));
  const over = others.filter(isOver).sort((a, b) => ended(b) - ended(a));
  const after = { ...files, offers, transfers: [...others.filter((each) => !isOver(each)), ...over.slice(0, OVER)] };
  return shownIds(after).includes(files.selected ?? 0) ? after : { ...after, selected: null };
}

function ended({ endedAt, startedAt }: Transfer): number {
  return endedAt ?? startedAt;
}

/** A key of the transfers pane: about what is chosen in it, else the first that it can be about. */
function answer(state: State, verb: 'accept' | 'decline' | 'cancel'): Result {
  const { offers, transfers, selected } = state.files;
  const fit = verb === 'cancel' ? transfers.filter((each) => !isOver(each)) : offers;
  const one = fit.find(({ id }) => id === selected) ?? (selected === null || fit.length === 1 ? fit[0] : undefined);
  if (one) return only(state, { type: 'answer', verb, id: one.id });
  const none = verb === 'cancel' ? 'There is no transfer under way to cancel.' : 'There is no offer to answer.';
  return only(told(state, fit.length > 0 ? 'Choose one with the arrow keys first.' : none, 'info'));
}

/** How far up the forum can be scrolled. */
function scrollLimit(state: State): number {
  const { width, height } = inside(layout(state).forum);
  return Math.max(0, feedHeight(state, width) - height);
}

/** Another instrument or range: its candles are asked for. */
function chart(state: State, wanted: { instrument?: string; range?: ChartState['range'] }): Result {
  const instrument = wanted.instrument ?? state.chart.instrument;
  const range = wanted.range ?? state.chart.range;
  if (instrument === null) return only(state);
  if (instrument === state.chart.instrument && range === state.chart.range && state.chart.error === null)
    return only(state);
  return charted(state, instrument, range);
}

function charted(state: State, instrument: string, range: ChartState['range']): Result {
  const empty = { series: null, candles: [], loading: true, error: null, crosshair: null };
  return only(
    { ...state, chart: { ...state.chart, ...empty, instrument, range } },
    { type: 'loadChart', instrument, range },
  );
}

function seriesKey(state: State, by: 1 | -1): Result {
  const { instrument } = state.chart;
  return instrument === null ? only(state) : only(state, { type: 'loadSeries', instrument, by });
}

/** The neighbour of the shown series. The reference series follows the last one; it is shown without a choice. */
function nextSeries(state: State, { asked, quotes, by }: Extract<Action, { type: 'series' }>): Result {
  const [reference] = quotes;
  if (asked !== state.chart.instrument || !reference) return only(state);
  const { instrument } = reference;
  const all = quotes.filter((quote) => quote.instrument === instrument);
  if (all.length === 1) {
    const name = plain(seriesName(reference));
    return only(told(state, `${plain(instrument)} has only one series: ${name}.`, 'info'));
  }
  const choice = state.choices.get(instrument) ?? null;
  const at = Math.max(
    0,
    all.findIndex((quote) => sameSeries(quote, choice)),
  );
  const to = (at + by + all.length) % all.length;
  const quote = all[to]!;
  const series = to === 0 ? null : seriesOf(quote);
  const rates = state.rates.map((rate) => (rate.quote.instrument === instrument ? reseried(rate, quote) : rate));
  const choices = withChoice(state.choices, instrument, series);
  const name = `${plain(instrument)}: ${plain(seriesName(quote))} (${to + 1} of ${all.length})`;
  const chosen = told({ ...state, rates, choices }, name, 'info');
  const { state: after, effects } = charted(chosen, instrument, state.chart.range);
  return only(after, ...effects, { type: 'loadTrends' }, { type: 'saveChoice', instrument, series });
}

/** A line of the table with a quote that may be of another series: its closes are not those of the shown one. */
function reseried(rate: Rate, quote: Quote): Rate {
  if (sameSeries(rate.quote, quote)) return { ...rate, quote };
  return { quote, closes: [], movedAt: null, direction: 0 };
}

/** Closes of the series that is shown; those of another one tell no change. */
function trended(state: State, trends: readonly Trend[]): State {
  // A daemon that does not name the series means the reference series.
  const known = new Map(trends.map((trend) => [trendId(trend), trend.closes]));
  const closesOf = ({ quote }: Rate): readonly number[] => {
    const { instrument } = quote;
    return known.get(seriesId(quote)) ?? (state.choices.has(instrument) ? [] : (known.get(instrument) ?? []));
  };
  return { ...state, rates: state.rates.map((rate) => ({ ...rate, closes: closesOf(rate) })) };
}

function trendId({ instrument, series }: Trend): string {
  return series ? seriesId({ instrument, ...series }) : instrument;
}

function loading(wanted: boolean, effect: Effect): Effect[] {
  return wanted ? [effect] : [];
}

/** A place counted from the newest candle, where there are so many; null where there are none. */
function within(at: number | null, count: number): number | null {
  return at === null || count === 0 ? null : Math.min(at, count - 1);
}

function crosshair(chart: ChartState, by: 1 | -1): ChartState {
  if (chart.candles.length === 0) return chart;
  const at = chart.crosshair === null ? 0 : chart.crosshair + by;
  return { ...chart, crosshair: Math.min(Math.max(at, 0), chart.candles.length - 1) };
}

function topic(state: State, by: 1 | -1): Result {
  const topics = [null, ...state.forum.topics.map((found) => found.topic)];
  const chosen = next(topics, state.forum.topic, by);
  const forum: ForumState = { ...state.forum, topic: chosen, posts: [], loaded: false, more: false, scroll: 0 };
  return only(
    { ...state, forum },
    { type: 'loadPosts', before: null, topic: chosen },
    { type: 'markRead', topic: chosen },
  );
}

function listed(state: State, quotes: Extract<Action, { type: 'rates' }>['quotes']): Result {
  const before = new Map(state.rates.map((rate) => [rate.quote.instrument, rate]));
  const rates = quotes
    .map((quote): Rate => {
      const known = before.get(quote.instrument);
      return known ? reseried(known, quote) : { quote, closes: [], movedAt: null, direction: 0 };
    })
    .sort(byMarket);
  const kept = rates.some(({ quote }) => quote.instrument === state.selected) ? state.selected : null;
  const selected = kept ?? rates[0]?.quote.instrument ?? null;
  const after = { ...state, rates, ratesLoaded: true, selected };
  if (selected !== null && state.chart.instrument === null) return chart(after, { instrument: selected });
  // A chart of something that is not in the list (CHART of an alias) is left alone.
  const { instrument, range, series } = state.chart;
  const row = rates.find(({ quote }) => quote.instrument === instrument);
  const isOtherChart = row !== undefined && series !== null && !sameSeries(row.quote, series);
  const isOtherTrend = rates.some(({ quote }) => !sameSeries(before.get(quote.instrument)?.quote ?? null, quote));
  return only(
    after,
    ...loading(isOtherTrend && state.ratesLoaded, { type: 'loadTrends' }),
    ...(isOtherChart ? [{ type: 'loadChart', instrument: row.quote.instrument, range } as const] : []),
  );
}

/**
 * A new quote of any series of an instrument. Which series is shown, only the daemon decides: it is asked where that may be
 * another one now.
 */
function quoted(state: State, quote: Quote): Result {
  const at = state.rates.findIndex((rate) => rate.quote.instrument === quote.instrument);
  const before = state.rates[at];
  if (!before) {
    const rate: Rate = { quote, closes: [], movedAt: state.now, direction: 0 };
    const rates = [...state.rates, rate].sort(byMarket);
    return only({ ...state, rates, selected: state.selected ?? quote.instrument }, { type: 'loadRates' });
  }
  const isChosen = state.choices.has(quote.instrument);
  if (!sameSeries(before.quote, quote)) {
    return only(state, ...loading(before.quote.stale && !isChosen, { type: 'loadRates' }));
  }
  const [was, is] = [before.quote.sell ?? before.quote.buy ?? 0, quote.sell ?? quote.buy ?? 0];
  const rate: Rate = { ...before, quote, movedAt: state.now, direction: is > was ? 1 : is < was ? -1 : 0 };
  // An older quote: an import was undone, or quotes were removed. Their closes do not count any more.
  const isOlder = quote.at < before.quote.at;
  return only(
    { ...state, rates: state.rates.with(at, rate) },
    ...loading(isOlder || quote.stale || before.quote.stale, { type: 'loadRates' }),
    ...loading(isOlder, { type: 'loadTrends' }),
  );
}

function posted(state: State, post: Post): Result {
  const { forum } = state;
  if (forum.topic !== null && post.topic !== forum.topic) return only(state);
  const known = forum.posts.some(({ number }) => number === post.number);
  const merged = merge(forum, [post], {});
  const after = { ...state, forum: merged };
  if (forum.scroll > 0) {
    // Somebody who has scrolled up keeps his place.
    const { width } = inside(layout(state).forum);
    const grown = feedHeight(after, width) - feedHeight(state, width);
    after.forum = { ...merged, scroll: Math.min(Math.max(0, forum.scroll + grown), scrollLimit(after)) };
  }
  const mine = state.member?.name;
  const mentioned =
    mine !== undefined && post.member !== mine && !known && post.text !== null && post.mentions.includes(mine);
  if (mentioned) return only(told(after, `${post.member} mentions you in #${post.topic}.`, 'good'));
  return only(after);
}

/** A page of posts. Where it does not reach back to what is held, what is held gives way: there would be a gap. */
function paged(forum: ForumState, { posts, more, older }: Extract<Action, { type: 'posts' }>): ForumState {
  const newest = forum.posts.at(-1)?.number ?? 0;
  const isApart = !older && more && (posts[0]?.number ?? 0) > newest;
  return merge(isApart ? { ...forum, posts: [], scroll: 0 } : forum, posts, { loaded: true, more });
}

function merge(
  forum: ForumState,
  posts: readonly Post[],
  more: Partial<Pick<ForumState, 'loaded' | 'more'>>,
): ForumState {
  const [first] = posts;
  if (posts.length === 1 && forum.scroll === 0 && first!.number > (forum.posts.at(-1)?.number ?? 0)) {
    return { ...forum, ...more, posts: [...forum.posts.slice(1 - POSTS), first!] };
  }
  const byNumber = new Map(forum.posts.map((post) => [post.number, post]));
  for (const post of posts) {
    const known = byNumber.get(post.number);
    if (!known || post.seq >= known.seq) byNumber.set(post.number, post);
  }
  const sorted = [...byNumber.values()].sort((a, b) => a.number - b.number);
  // For somebody who reads far back the newest ones give way; they are read again once he is back at the end.
  const kept = forum.scroll > 0 ? sorted.slice(0, FAR_BACK) : sorted.slice(-POSTS);
  return { ...forum, ...more, posts: kept };
}

function told(state: State, text: string, tone: 'info' | 'good' | 'bad'): State {
  return { ...state, notice: { text, tone, at: state.now } };
}

function byMarket(a: Rate, b: Rate): number {
  const market = MARKETS.indexOf(a.quote.market) - MARKETS.indexOf(b.quote.market);
  return market !== 0 ? market : a.quote.instrument < b.quote.instrument ? -1 : 1;
}

/** The neighbour in a list, round its end unless told otherwise. */
function next<T>(list: readonly T[], current: T, by: 1 | -1, round = true): T {
  const at = list.indexOf(current) + by;
  if (round) return list[(at + list.length) % list.length]!;
  return list[Math.min(Math.max(at, 0), list.length - 1)]!;
}
