import { CHART_RANGES } from '../repl/grammar.ts';
import type { ActionOf, DashboardAction, Step } from './action.ts';
import { applyEdit, insertText, setText } from './editor.ts';
import { commandForKey, type KeyCommand } from './key-bindings.ts';
import { computeLayout, innerSize } from './layout.ts';
import { candleAt } from './presentation/chart-pane.ts';
import { helpHeight } from './presentation/help-overlay.ts';
import { helpOverlayBox } from './presentation/overlay-layout.ts';
import { instrumentAt } from './presentation/rates-pane.ts';
import { transferAt } from './presentation/transfers-pane.ts';
import { editForm, insertInForm, submitForm, withForm, withSignInError } from './reducers/form.ts';
import { markReadEffect, onPost, scrollForum, switchTopic, withPostPage } from './reducers/forum.ts';
import { completeInput, submitLine } from './reducers/input.ts';
import {
  moveCrosshair,
  moveSelectedRate,
  onCandles,
  onChartFailed,
  onQuote,
  onRates,
  onSeries,
  openChart,
  requestSeries,
  withTrends,
} from './reducers/rates.ts';
import { effectIf, neighbour, step, withNotice } from './reducers/step.ts';
import { answerTransfer, moveSelection, withListing, withListings, withTransfers } from './reducers/transfers.ts';
import { PANES, type Pane, type State, THEME_NAMES } from './state.ts';

const NOTICE_DURATION_MS = 6000;

/** Computes the next state and the effects to run. A pure function: the controller runs the effects. */
export function reduce(state: State, action: DashboardAction): Step {
  switch (action.type) {
    case 'tick': {
      const isExpired = state.notice !== null && action.now - state.notice.at > NOTICE_DURATION_MS;
      return step({ ...state, now: action.now, notice: isExpired ? null : state.notice });
    }
    case 'resize':
      return step({ ...state, columns: action.columns, rows: action.rows });
    case 'key':
      return onKey(state, action);
    case 'paste':
      if (state.form) return step({ ...state, form: insertInForm(state.form, action.text) });
      return step({ ...state, input: insertText(state.input, action.text), focus: 'input' });
    case 'click':
      return onClick(state, action);
    case 'wheel':
      if (state.form) return step(state);
      if (state.help) return moveBy(state, action.by);
      return scrollPane(
        { ...state, focus: action.pane === 'input' ? state.focus : action.pane },
        action.pane,
        action.by,
      );
    case 'connection':
      return onConnection(state, action);
    case 'signedIn': {
      const member = { name: action.name, role: action.role };
      return step(withNotice({ ...state, member, form: null }, `Welcome, ${action.name}.`, 'good'), {
        type: 'refresh',
      });
    }
    case 'signedOut':
      return step(
        action.ask && !state.form ? withForm({ ...state, member: null }, 'signIn') : { ...state, member: null },
      );
    case 'signInFailed':
      return step({ ...state, form: state.form && withSignInError(state.form, action) });
    case 'providers':
      return step({ ...state, providers: action.providers });
    case 'rates':
      return onRates(state, action.quotes);
    case 'trends':
      return step(withTrends(state, action.trends));
    case 'choices':
      return step({ ...state, choices: action.choices }, ...effectIf(state.hasLoadedRates, { type: 'loadRates' }));
    case 'series':
      return onSeries(state, action);
    case 'quote':
      return onQuote(state, action.quote);
    case 'candles':
      return onCandles(state, action);
    case 'chartFailed':
      return onChartFailed(state, action);
    case 'posts':
      return step({ ...state, forum: withPostPage(state.forum, action) });
    case 'post':
      return onPost(state, action.post);
    case 'topics':
      return step({ ...state, forum: { ...state.forum, topics: action.topics } });
    case 'members': {
      const { members } = action;
      const idleNames = state.idleNames.filter((name) => members.some((member) => member.name === name));
      return step({ ...state, members, hasLoadedMembers: true, idleNames });
    }
    case 'member': {
      const { name, change } = action;
      const others = state.idleNames.filter((each) => each !== name);
      const members = change === 'left' ? state.members.filter((member) => member.name !== name) : state.members;
      return step({ ...state, members, idleNames: change === 'idle' ? [...others, name] : others });
    }
    case 'files':
      return step({ ...state, files: withTransfers(state.files, action) });
    case 'listings':
      return step({ ...state, files: withListings(state.files, action.names) });
    case 'listing':
      return step({ ...state, files: withListing(state.files, action) });
    case 'output':
      return step({ ...state, output: action.lines.length > 0 ? action.lines : null });
    case 'notice':
      return step(withNotice(state, action.text, action.tone));
  }
}

function onConnection(state: State, { connection, address = state.address }: ActionOf<'connection'>): Step {
  const isBack = connection.phase === 'online' && state.connection.phase !== 'online';
  return step({ ...state, address, connection }, ...effectIf(isBack, { type: 'refresh' }));
}

function onKey(state: State, { key }: ActionOf<'key'>): Step {
  const command = commandForKey(key, state);
  if (command) return runCommand({ ...state, notice: null }, command);
  if (key.text === undefined || key.ctrl || key.meta) return step(state);
  if (state.form) return step({ ...state, form: insertInForm(state.form, key.text) });
  if (state.help || state.focus !== 'input') return step(state);
  return step({ ...state, input: insertText(state.input, key.text), output: null });
}

function runCommand(state: State, command: KeyCommand): Step {
  switch (command) {
    case 'quit':
    case 'suspend':
    case 'redraw':
      return step(state, { type: command });
    case 'refresh':
      return step(state, { type: state.connection.phase === 'online' ? 'refresh' : 'retry' });
    case 'toggleHelp':
      return step({ ...state, help: state.help ? null : { scroll: 0 } });
    case 'nextTheme':
      return step({ ...state, theme: neighbour(THEME_NAMES, state.theme, 1) });
    case 'openSignIn':
      return step(withForm(state, 'signIn'));
    case 'openSignUp':
      return step(withForm(state, 'signUp'));
    case 'focusNext':
      return moveFocus(state, 1);
    case 'focusPrevious':
      return moveFocus(state, -1);
    case 'focusInput':
      return step({ ...state, focus: 'input', zoomed: null });
    case 'zoom':
      return step({ ...state, zoomed: state.zoomed === null ? state.focus : null });
    case 'back':
      return closeTop(state);
    case 'submit':
      return state.form ? submitForm(state, state.form) : submitLine(state);
    case 'complete':
      return state.input.text === '' ? moveFocus(state, 1) : completeInput(state);
    case 'up':
      return moveBy(state, -1);
    case 'down':
      return moveBy(state, 1);
    case 'pageUp':
      return moveBy(state, -pageRows(state));
    case 'pageDown':
      return moveBy(state, pageRows(state));
    case 'first':
      return moveBy(state, Number.NEGATIVE_INFINITY);
    case 'last':
      return moveBy(state, Number.POSITIVE_INFINITY);
    case 'openChart':
      if (state.selected === null) return step(state);
      return openChart({ ...state, focus: 'chart' }, { instrument: state.selected });
    case 'left':
      return moveCrosshair(state, 1);
    case 'right':
      return moveCrosshair(state, -1);
    case 'shorterRange':
      return openChart(state, { range: neighbour(CHART_RANGES, state.chart.range, -1, false) });
    case 'longerRange':
      return openChart(state, { range: neighbour(CHART_RANGES, state.chart.range, 1, false) });
    case 'toggleCandles':
      return step({ ...state, chart: { ...state.chart, mode: state.chart.mode === 'line' ? 'candles' : 'line' } });
    case 'nextSeries':
      return requestSeries(state, 1);
    case 'previousSeries':
      return requestSeries(state, -1);
    case 'accept':
    case 'decline':
    case 'cancel':
      return answerTransfer(state, command);
    case 'nextTopic':
      return switchTopic(state, 1);
    case 'previousTopic':
      return switchTopic(state, -1);
    default: {
      if (state.form) return step({ ...state, form: editForm(state.form, command) });
      return step({ ...state, input: applyEdit(state.input, command) ?? state.input });
    }
  }
}

/** Escape: closes the topmost thing, one per key press. */
function closeTop(state: State): Step {
  if (state.help) return step({ ...state, help: null });
  if (state.form) return step({ ...state, form: null });
  if (state.output) return step({ ...state, output: null });
  if (state.zoomed) return step({ ...state, zoomed: null });
  if (state.focus === 'chart' && state.chart.crosshair !== null) {
    return step({ ...state, chart: { ...state.chart, crosshair: null } });
  }
  if (state.focus !== 'input') return step({ ...state, focus: 'input' });
  return state.input.text === ''
    ? step(state, markReadEffect(state))
    : step({ ...state, input: setText(state.input, '') });
}

/** Focuses the next or previous pane that the layout has room for. */
function moveFocus(state: State, by: 1 | -1): Step {
  const boxes = computeLayout({ ...state, zoomed: null });
  const visible = PANES.filter((pane) => pane === 'input' || (boxes[pane]?.height ?? 0) > 0);
  const focus = neighbour(visible, state.focus, by);
  const zoomed = state.zoomed === null || focus === 'input' ? null : focus;
  return step({ ...state, focus, zoomed }, ...effectIf(focus === 'forum', markReadEffect(state)));
}

function onClick(state: State, { pane, row, column, width, height }: ActionOf<'click'>): Step {
  if (state.help || state.form) return step(state);
  const focused = { ...state, focus: pane };
  switch (pane) {
    case 'chart': {
      const crosshair = candleAt(state, width, height, column);
      return step(crosshair === undefined ? focused : { ...focused, chart: { ...state.chart, crosshair } });
    }
    case 'rates': {
      const instrument = instrumentAt(state, height, row);
      return instrument === undefined ? step(focused) : openChart({ ...focused, selected: instrument }, { instrument });
    }
    case 'transfers': {
      const selected = transferAt(state, width, height, row) ?? state.files.selected;
      return step({ ...focused, files: { ...state.files, selected } });
    }
    default:
      return step(focused, ...effectIf(pane === 'forum', markReadEffect(state)));
  }
}

function pageRows(state: State): number {
  const pane = state.focus === 'input' ? 'forum' : state.focus;
  return Math.max(1, (computeLayout(state)[pane]?.height ?? state.rows) - 3);
}

function moveBy(state: State, by: number): Step {
  if (state.help) {
    const { width, height } = innerSize(helpOverlayBox(state));
    const last = Math.max(0, helpHeight(width) - height);
    return step({ ...state, help: { scroll: Math.min(Math.max(0, state.help.scroll + by), last) } });
  }
  return scrollPane(state, state.focus === 'input' ? 'forum' : state.focus, by);
}

function scrollPane(state: State, pane: Pane, by: number): Step {
  switch (pane) {
    case 'forum':
      return scrollForum(state, by);
    case 'transfers':
      return step({ ...state, files: moveSelection(state.files, by) });
    case 'rates':
      return moveSelectedRate(state, by);
    default:
      return step(state);
  }
}
