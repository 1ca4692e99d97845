import type { ActionOf, DashboardAction, KeyPress, Step } from './action.ts';
import { applyEdit, insertText, setText } from './editor.ts';

import { commandForKey, firstKeyOf, type KeyCommand, keyPosition } from './key-bindings.ts';
import { computeLayout } from './layout.ts';
import { memberAt } from './presentation/members-pane.ts';
import { instrumentAt } from './presentation/rates-pane.ts';
import { fitsStatusLine } from './presentation/status-bar.ts';
import { openBox } from './presentation/text-box.ts';
import { transferAt } from './presentation/transfers-pane.ts';
import {
  chooseRange,
  clickChart,
  compareWithNext,
  moveChartEnd,
  moveCrosshair,
  onCandles,
  onChartFailed,
  openChart,
  toggleSide,
  zoomRange,
} from './reducers/chart.ts';
import { editForm, insertInForm, submitForm, withForm, withSignInError } from './reducers/form.ts';
import { markReadEffect, onDirectMessage, onPost, withPostPage } from './reducers/forum.ts';
import { copyPost, deletePost, editPost, replyToPost } from './reducers/forum-actions.ts';
import { clickPost, moveForumCursor, scrollForum } from './reducers/forum-scroll.ts';
import { closeView, jumpToParent, nextConversation, openPost, switchTopic } from './reducers/forum-views.ts';
import { editHistorySearch, openHistorySearch, typeInHistorySearch } from './reducers/history-search.ts';
import { completeInput, submitLine, withHistory } from './reducers/input.ts';
import {
  moveSelectedMember,
  onMemberChange,
  onMembers,
  onRole,
  sendToMember,
  writeToMember,
} from './reducers/members.ts';
import { moveSelectedRate, onQuote, onRates, onSeries, requestSeries, withTrends } from './reducers/rates.ts';
import {
  clearFilter,
  editFilter,
  insertInFilter,
  isTypingFilter,
  reverseSort,
  selectMatch,
  sortByNextColumn,
  startFilter,
  submitFilter,
  toggleWatched,
  toggleWatchListOnly,
  withWatchList,
} from './reducers/rates-view.ts';
import { effectIf, neighbour, step, withNotice } from './reducers/step.ts';
import { boxPageRows, runBoxCommand, scrollBox, typeInSearch, withAnswerBox } from './reducers/text-box.ts';
import {
  answerTransfer,
  moveSelection,
  openTransfer,
  withListing,
  withListings,
  withoutExpired,
  withTransfers,
} from './reducers/transfers.ts';
import { PANES, type Pane, type State, THEME_NAMES } from './state.ts';

const NOTICE_DURATION_MS = 6000;
/** After the reason why a connection ended, the status line says how to reconnect. */
const END_ADVICE_COLUMNS = 30;

/** Computes the next state and the effects to run. A pure function: the controller runs the effects. */
export function reduce(state: State, action: DashboardAction): Step {
  const { state: after, effects } = reduceAction(state, action);
  return { state: withAnswerBox(state, after), effects };
}

function reduceAction(state: State, action: DashboardAction): Step {
  switch (action.type) {
    case 'tick': {
      const isExpired = state.notice !== null && action.now - state.notice.at > NOTICE_DURATION_MS;
      const files = withoutExpired(state.files, action.now);
      return step({ ...state, now: action.now, files, notice: isExpired ? null : state.notice });
    }
    case 'resize':
      return step({ ...state, columns: action.columns, rows: action.rows });
    case 'glyphs':
      return step({ ...state, unicode: action.unicode });
    case 'key':
      return onKey(state, action);
    case 'paste':
      if (openBox(state)) return step(typeInSearch(state, action.text) ?? state);
      if (state.form) return step({ ...state, form: insertInForm(state.form, action.text) });
      if (isTypingFilter(state)) return insertInFilter(state, action.text);
      return onPaste(state, action);
    case 'click':
      return onClick(state, action);
    case 'wheel':
      if (openBox(state)) return moveBy(state, action.by);
      if (state.form) return step(state);
      if (action.pane === 'chart') return zoomRange({ ...state, focus: 'chart' }, action.by < 0 ? -1 : 1);
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
    case 'watchList':
      return step(withWatchList(state, action.instruments));
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
    case 'directMessage':
      return onDirectMessage(state, action.message);
    case 'conversations':
      return step({ ...state, conversations: action.conversations });
    case 'topics':
      return step({ ...state, forum: { ...state.forum, topics: action.topics } });
    case 'members':
      return onMembers(state, action.members);
    case 'member':
      return onMemberChange(state, action);
    case 'role':
      return onRole(state, action);
    case 'files':
      return step({ ...state, files: withTransfers(state.files, action, state.now) });
    case 'listings':
      return step({ ...state, files: withListings(state.files, action.names) });
    case 'listing':
      return step({ ...state, files: withListing(state.files, action) });
    case 'output':
      return step({ ...state, output: action.lines.length > 0 ? action.lines : null });
    case 'history':
      return step({ ...state, input: withHistory(state.input, action.lines) });
    case 'edited':
      return step({ ...state, input: insertText(setText(state.input, ''), action.text.trimEnd()), focus: 'input' });
    case 'notice':
      // An error must not be cut: if it does not fit into the status line, it is shown as an answer.
      if (action.tone === 'bad' && !fitsStatusLine(action.text, state)) {
        return step({ ...state, output: [action.text] });
      }
      return step(withNotice(state, action.text, action.tone));
  }
}

function onConnection(state: State, { connection, address = state.address }: ActionOf<'connection'>): Step {
  const isBack = connection.phase === 'online' && state.connection.phase !== 'online';
  // An earlier notice would hide why the connection is lost. After it ended, nobody is signed in here.
  const isLost = connection.phase !== state.connection.phase && connection.phase !== 'online';
  const notice = isLost ? null : state.notice;
  const member = connection.phase === 'ended' ? null : state.member;
  const hasEnded = connection.phase === 'ended' && state.connection.phase !== 'ended';
  const isLong = hasEnded && !fitsStatusLine(connection.reason, state, END_ADVICE_COLUMNS);
  return step(
    { ...state, address, connection, notice, member, ...(isLong ? { output: [connection.reason] } : {}) },
    ...effectIf(isBack, { type: 'refresh' }),
  );
}

function onKey(before: State, { key }: ActionOf<'key'>): Step {
  const command = commandForKey(key, before);
  const state = before.firstKey === null ? before : { ...before, firstKey: null };
  if (command) return runCommand(withoutQuestions({ ...state, notice: null }, command), command, key);
  const firstKey = firstKeyOf(key, state);
  if (firstKey !== undefined) return step({ ...state, firstKey });
  // The second key of a sequence that does not exist types nothing.
  if (before.firstKey !== null || key.text === undefined || key.ctrl || key.meta) return step(state);
  if (openBox(state)) return step(typeInSearch(state, key.text) ?? state);
  if (state.form) return step({ ...state, form: insertInForm(state.form, key.text) });
  if (isTypingFilter(state)) return insertInFilter(state, key.text);
  if (state.focus !== 'input') return step(state);
  return typeInInput(state, key.text);
}

function onPaste(before: State, { text }: ActionOf<'paste'>): Step {
  const state: State = { ...before, firstKey: null, focus: 'input' };
  // The end of the last line is no empty line.
  return typeInInput(state, text.replace(/[\r\n]+$/, ''));
}

function typeInInput(state: State, text: string): Step {
  const { input } = state;
  if (input.search) return step({ ...state, input: typeInHistorySearch(input, input.search, text) });
  return step({ ...state, input: insertText(input, text), output: null });
}

/** Any other key than the one that asked takes a question back. */
function withoutQuestions(state: State, command: KeyCommand): State {
  const { forum } = state;
  return forum.deletion === null || command === 'deletePost'
    ? state
    : { ...state, forum: { ...forum, deletion: null } };
}

function runCommand(state: State, command: KeyCommand, key: KeyPress): Step {
  const inBox = runBoxCommand(state, command);
  if (inBox) return inBox;
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
    case 'toggleMouse':
      return step({ ...state, mouse: !state.mouse });
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
      if (state.form) return submitForm(state, state.form);
      return isTypingFilter(state) ? submitFilter(state) : submitLine(state);
    case 'newLine':
      return typeInInput(state, '\n');
    case 'openEditor':
      return step(state, { type: 'openEditor', text: state.input.text });
    case 'searchHistory':
      return step({ ...state, input: openHistorySearch(state.input) });
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
    case 'sortByNextColumn':
      return sortByNextColumn(state);
    case 'reverseSort':
      return reverseSort(state);
    case 'startFilter':
      return startFilter(state);
    case 'nextShownRate':
      return selectMatch(state, 1);
    case 'previousShownRate':
      return selectMatch(state, -1);
    case 'toggleWatched':
      return toggleWatched(state);
    case 'toggleWatchListOnly':
      return toggleWatchListOnly(state);
    case 'writeToMember':
      return writeToMember(state);
    case 'sendToMember':
      return sendToMember(state);
    case 'toggleAddresses':
      return step({ ...state, showsAddresses: !state.showsAddresses });
    case 'left':
      return moveCrosshair(state, 1);
    case 'right':
      return moveCrosshair(state, -1);
    case 'shorterRange':
      return zoomRange(state, -1);
    case 'longerRange':
      return zoomRange(state, 1);
    case 'chooseRange':
      return chooseRange(state, keyPosition(key, state));
    case 'earlier':
      return moveChartEnd(state, -1);
    case 'later':
      return moveChartEnd(state, 1);
    case 'untilNow':
      return openChart(state, { end: null });
    case 'toggleSide':
      return toggleSide(state);
    case 'compareNext':
      return compareWithNext(state, 1);
    case 'comparePrevious':
      return compareWithNext(state, -1);
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
    case 'previousPost':
      return moveForumCursor(state, -1);
    case 'nextPost':
      return moveForumCursor(state, 1);
    case 'oldestPost':
      return moveForumCursor(state, Number.NEGATIVE_INFINITY);
    case 'newestPost':
      return moveForumCursor(state, Number.POSITIVE_INFINITY);
    case 'openPost':
      return openPost(state);
    case 'jumpToParent':
      return jumpToParent(state);
    case 'replyToPost':
      return replyToPost(state);
    case 'editPost':
      return editPost(state);
    case 'deletePost':
      return deletePost(state);
    case 'copyPost':
      return copyPost(state);
    case 'nextConversation':
      return nextConversation(state);
    case 'openTransfer':
      return openTransfer(state);
    case 'nextTopic':
      return switchTopic(state, 1);
    case 'previousTopic':
      return switchTopic(state, -1);
    default: {
      if (state.form) return step({ ...state, form: editForm(state.form, command) });
      if (isTypingFilter(state)) return editFilter(state, command);
      const { input } = state;
      const edited = input.search ? editHistorySearch(input, input.search, command) : applyEdit(input, command);
      return step({ ...state, input: edited ?? input });
    }
  }
}

/** Escape: closes the topmost thing, one per key press. */
function closeTop(state: State): Step {
  if (state.form) return step({ ...state, form: null });
  if (state.output) return step({ ...state, output: null, input: { ...state.input, questioned: null } });
  if (isTypingFilter(state)) return clearFilter(state);
  if (state.zoomed) return step({ ...state, zoomed: null });
  if (state.focus === 'rates' && state.ratesView.filter !== '') return clearFilter(state);
  if (state.focus === 'chart' && state.chart.crosshair !== null) {
    return step({ ...state, chart: { ...state.chart, crosshair: null } });
  }
  const isViewOpen = state.forum.view.kind !== 'topic';
  if (isViewOpen && (state.focus === 'forum' || (state.focus === 'input' && state.input.text === ''))) {
    return closeView(state);
  }
  if (state.focus === 'chart' && state.chart.versus !== null) return openChart(state, { versus: null });
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

function onClick(state: State, action: ActionOf<'click'>): Step {
  if (openBox(state) || state.form) return step(state);
  const { pane, row, width, height } = action;
  const focused = { ...state, focus: pane, ratesView: { ...state.ratesView, isTyping: false } };
  switch (pane) {
    case 'chart':
      return clickChart(focused, action);
    case 'rates': {
      const instrument = instrumentAt(state, height, row);
      return instrument === undefined ? step(focused) : openChart({ ...focused, selected: instrument }, { instrument });
    }
    case 'members':
      return step({ ...focused, selectedMember: memberAt(state, height, row) ?? state.selectedMember });
    case 'transfers': {
      const selected = transferAt(state, width, height, row) ?? state.files.selected;
      return step({ ...focused, files: { ...state.files, selected } });
    }
    case 'forum': {
      const { state: clicked, effects } = clickPost(focused, row);
      return step(clicked, markReadEffect(state), ...effects);
    }
    default:
      return step(focused);
  }
}

function pageRows(state: State): number {
  const boxRows = boxPageRows(state);
  if (boxRows !== undefined) return boxRows;
  const pane = state.focus === 'input' ? 'forum' : state.focus;
  return Math.max(1, (computeLayout(state)[pane]?.height ?? state.rows) - 3);
}

function moveBy(state: State, by: number): Step {
  const scrolled = scrollBox(state, by);
  return scrolled ? step(scrolled) : scrollPane(state, state.focus === 'input' ? 'forum' : state.focus, by);
}

function scrollPane(state: State, pane: Pane, by: number): Step {
  switch (pane) {
    case 'forum':
      return scrollForum(state, by);
    case 'transfers':
      return step({ ...state, files: moveSelection(state.files, by) });
    case 'rates':
      return moveSelectedRate(state, by);
    case 'members':
      return moveSelectedMember(state, by);
    default:
      return step(state);
  }
}
