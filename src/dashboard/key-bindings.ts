import type { KeyPress } from './action.ts';
import type { Pane, State } from './state.ts';

/**
 * Where a binding applies: in one pane, in all panes except the input, everywhere, in the sign-in form, in the box of
 * help and long answers, in its search line, while the history of the input is searched, or while the filter of the
 * rates is typed.
 */
export type KeyContext = Pane | 'panes' | 'global' | 'form' | 'help' | 'search' | 'historySearch' | 'filter';

/** Contexts in which characters are typed, so that a key must not be a character. */
export const TYPING_CONTEXTS: readonly KeyContext[] = ['global', 'input', 'form', 'search', 'historySearch', 'filter'];

export interface KeyBinding<Command = KeyCommand> {
  /** In the notation of `keyName`. */
  readonly keys: readonly string[];
  readonly context: KeyContext;
  readonly command: Command;
  /** For the help screen. */
  readonly help: string;
  /** For the status bar; bindings without one are not shown there. */
  readonly hint?: string;
}

/** One key for each range, the shortest first. */
const RANGE_KEYS = ['1', '2', '3', '4', '5', '6', '7'] as const;

/**
 * The only table of keys: for input, help screen, key bar and the settings of users. The first matching row applies.
 */
const TABLE = [
  { keys: ['C-c', 'C-q'], context: 'global', command: 'quit', help: 'quit; the daemon keeps running', hint: 'quit' },
  { keys: ['f1'], context: 'global', command: 'toggleHelp', help: 'this help', hint: 'help' },
  { keys: ['f2'], context: 'global', command: 'openSignIn', help: 'sign in', hint: 'sign in' },
  { keys: ['f3'], context: 'global', command: 'openSignUp', help: 'sign up' },
  { keys: ['f5'], context: 'global', command: 'refresh', help: 'refresh; reconnect now when offline' },
  { keys: ['f6'], context: 'global', command: 'nextTheme', help: 'next theme: dark, light, contrast, plain' },
  {
    keys: ['f7'],
    context: 'global',
    command: 'toggleMouse',
    help: 'mouse off, so that the terminal selects text; again: on',
  },
  { keys: ['C-l'], context: 'global', command: 'redraw', help: 'redraw the screen' },
  { keys: ['C-z'], context: 'global', command: 'suspend', help: 'suspend; resume with fg' },

  { keys: ['up', 'k'], context: 'help', command: 'up', help: 'scroll up' },
  { keys: ['down', 'j'], context: 'help', command: 'down', help: 'scroll down' },
  { keys: ['pageup'], context: 'help', command: 'pageUp', help: 'page up' },
  { keys: ['pagedown', 'space'], context: 'help', command: 'pageDown', help: 'page down' },
  { keys: ['home', 'g'], context: 'help', command: 'first', help: 'first line' },
  { keys: ['end', 'G'], context: 'help', command: 'last', help: 'last line' },
  { keys: ['/', 'C-f'], context: 'help', command: 'search', help: 'search', hint: 'search' },
  { keys: ['n'], context: 'help', command: 'nextMatch', help: 'next match' },
  { keys: ['N'], context: 'help', command: 'previousMatch', help: 'previous match' },
  { keys: ['escape', 'q', 'enter', '?'], context: 'help', command: 'back', help: 'close', hint: 'close' },

  { keys: ['enter'], context: 'search', command: 'submit', help: 'find', hint: 'find' },
  { keys: ['backspace'], context: 'search', command: 'deleteBack', help: 'delete a character' },
  { keys: ['C-u'], context: 'search', command: 'deleteToStart', help: 'clear the text' },
  { keys: ['escape'], context: 'search', command: 'back', help: 'stop searching', hint: 'stop searching' },

  { keys: ['enter'], context: 'form', command: 'submit', help: 'next field, then submit', hint: 'submit' },
  { keys: ['tab', 'S-tab', 'up', 'down'], context: 'form', command: 'nextField', help: 'other field', hint: 'field' },
  { keys: ['C-t'], context: 'form', command: 'toggleForm', help: 'switch to sign-up or sign-in', hint: 'sign up/in' },
  { keys: ['left', 'C-b'], context: 'form', command: 'cursorLeft', help: 'one character left' },
  { keys: ['right', 'C-f'], context: 'form', command: 'cursorRight', help: 'one character right' },
  { keys: ['home', 'C-a'], context: 'form', command: 'cursorStart', help: 'start of the field' },
  { keys: ['end', 'C-e'], context: 'form', command: 'cursorEnd', help: 'end of the field' },
  { keys: ['backspace'], context: 'form', command: 'deleteBack', help: 'delete before the cursor' },
  { keys: ['delete', 'C-d'], context: 'form', command: 'deleteForward', help: 'delete under the cursor' },
  { keys: ['C-w', 'M-backspace'], context: 'form', command: 'deleteWord', help: 'delete a word' },
  { keys: ['C-u'], context: 'form', command: 'deleteToStart', help: 'delete to the start' },
  { keys: ['escape'], context: 'form', command: 'back', help: 'close', hint: 'close' },

  { keys: ['enter'], context: 'input', command: 'submit', help: 'send the line', hint: 'send' },
  {
    keys: ['tab'],
    context: 'input',
    command: 'complete',
    help: 'complete; if empty, next pane',
    hint: 'complete/next pane',
  },
  { keys: ['S-tab'], context: 'input', command: 'focusPrevious', help: 'previous pane' },
  { keys: ['M-enter'], context: 'input', command: 'newLine', help: 'start another line of the same message' },
  { keys: ['C-x C-e'], context: 'input', command: 'openEditor', help: 'write the message in $EDITOR' },
  { keys: ['up', 'C-p'], context: 'input', command: 'older', help: 'line above, or earlier input', hint: 'history' },
  { keys: ['down', 'C-n'], context: 'input', command: 'newer', help: 'line below, or later input' },
  { keys: ['C-r'], context: 'input', command: 'searchHistory', help: 'search in earlier input' },
  { keys: ['left', 'C-b'], context: 'input', command: 'cursorLeft', help: 'one character left' },
  { keys: ['right', 'C-f'], context: 'input', command: 'cursorRight', help: 'one character right' },
  { keys: ['C-left', 'M-b'], context: 'input', command: 'wordLeft', help: 'one word left' },
  { keys: ['C-right', 'M-f'], context: 'input', command: 'wordRight', help: 'one word right' },
  { keys: ['home', 'C-a'], context: 'input', command: 'cursorStart', help: 'start of the line' },
  { keys: ['end', 'C-e'], context: 'input', command: 'cursorEnd', help: 'end of the line' },
  { keys: ['backspace'], context: 'input', command: 'deleteBack', help: 'delete before the cursor' },
  { keys: ['delete', 'C-d'], context: 'input', command: 'deleteForward', help: 'delete under the cursor' },
  { keys: ['C-w', 'M-backspace'], context: 'input', command: 'deleteWord', help: 'delete a word' },
  { keys: ['M-d'], context: 'input', command: 'deleteWordForward', help: 'delete the next word' },
  { keys: ['C-u'], context: 'input', command: 'deleteToStart', help: 'delete to the start' },
  { keys: ['C-k'], context: 'input', command: 'deleteToEnd', help: 'delete to the end' },
  { keys: ['pageup'], context: 'input', command: 'pageUp', help: 'scroll the forum up' },
  { keys: ['pagedown'], context: 'input', command: 'pageDown', help: 'scroll the forum down' },
  { keys: ['escape'], context: 'input', command: 'back', help: 'close output, clear line, mark posts read' },

  { keys: ['C-r', 'up', 'C-p'], context: 'historySearch', command: 'searchOlder', help: 'older match', hint: 'older' },
  { keys: ['down', 'C-n'], context: 'historySearch', command: 'searchNewer', help: 'newer match' },
  {
    keys: ['enter', 'tab', 'right'],
    context: 'historySearch',
    command: 'acceptSearch',
    help: 'take the line that was found',
    hint: 'take',
  },
  { keys: ['backspace'], context: 'historySearch', command: 'shortenSearch', help: 'delete a character' },
  { keys: ['escape', 'C-g'], context: 'historySearch', command: 'cancelSearch', help: 'close', hint: 'close' },

  { keys: ['enter'], context: 'rates', command: 'openChart', help: 'chart the instrument', hint: 'chart' },
  { keys: RANGE_KEYS, context: 'rates', command: 'chooseRange', help: 'range of the chart: 1d 1w 1m 3m 1y 5y all' },
  { keys: ['s'], context: 'rates', command: 'sortByNextColumn', help: 'sort by the next column', hint: 'sort' },
  { keys: ['S'], context: 'rates', command: 'reverseSort', help: 'reverse the order' },
  { keys: ['/'], context: 'rates', command: 'startFilter', help: 'show only rates with a text', hint: 'filter' },
  { keys: ['n'], context: 'rates', command: 'nextShownRate', help: 'next rate that the filter shows' },
  { keys: ['N'], context: 'rates', command: 'previousShownRate', help: 'previous rate that the filter shows' },
  { keys: ['w'], context: 'rates', command: 'toggleWatched', help: 'add to your watch list, or remove', hint: 'watch' },
  { keys: ['W'], context: 'rates', command: 'toggleWatchListOnly', help: 'only your watch list, or all rates' },

  { keys: ['enter', 'tab'], context: 'filter', command: 'submit', help: 'keep the filter', hint: 'keep' },
  { keys: ['up'], context: 'filter', command: 'up', help: 'previous rate' },
  { keys: ['down'], context: 'filter', command: 'down', help: 'next rate' },
  { keys: ['backspace'], context: 'filter', command: 'deleteBack', help: 'delete a character' },
  { keys: ['C-u'], context: 'filter', command: 'deleteToStart', help: 'clear the filter' },
  { keys: ['escape'], context: 'filter', command: 'back', help: 'show all rates', hint: 'show all' },

  { keys: ['left', 'h'], context: 'chart', command: 'left', help: 'crosshair to older values', hint: 'crosshair' },
  { keys: ['right', 'l'], context: 'chart', command: 'right', help: 'crosshair to newer values' },
  { keys: ['[', 'down', 'j'], context: 'chart', command: 'shorterRange', help: 'shorter range' },
  { keys: [']', 'up', 'k'], context: 'chart', command: 'longerRange', help: 'longer range', hint: 'range' },
  { keys: RANGE_KEYS, context: 'chart', command: 'chooseRange', help: '1d 1w 1m 3m 1y 5y all' },
  { keys: ['<', 'pageup'], context: 'chart', command: 'earlier', help: 'earlier, by half the range' },
  { keys: ['>', 'pagedown'], context: 'chart', command: 'later', help: 'later, by half the range' },
  { keys: ['end', 'G'], context: 'chart', command: 'untilNow', help: 'until now' },
  { keys: ['b'], context: 'chart', command: 'toggleSide', help: 'switch between buy and sell', hint: 'buy/sell' },
  { keys: ['v'], context: 'chart', command: 'compareNext', help: 'compare with the next instrument', hint: 'compare' },
  { keys: ['V'], context: 'chart', command: 'comparePrevious', help: 'compare with the previous instrument' },
  { keys: ['c'], context: 'chart', command: 'toggleCandles', help: 'switch between line and candles', hint: 'candles' },
  { keys: ['s'], context: 'chart', command: 'nextSeries', help: 'next series (provider or branch)', hint: 'series' },
  { keys: ['S'], context: 'chart', command: 'previousSeries', help: 'previous series' },

  { keys: ['up', 'k'], context: 'forum', command: 'previousPost', help: 'cursor to the previous post' },
  { keys: ['down', 'j'], context: 'forum', command: 'nextPost', help: 'cursor to the next post' },
  { keys: ['home', 'g'], context: 'forum', command: 'oldestPost', help: 'oldest post that is loaded; loads more' },
  { keys: ['end', 'G'], context: 'forum', command: 'newestPost', help: 'newest post' },
  { keys: ['r'], context: 'forum', command: 'replyToPost', help: 'reply to the post', hint: 'reply' },
  {
    keys: ['enter'],
    context: 'forum',
    command: 'openPost',
    help: "the post's thread; from there or from a search: its place in the topic",
    hint: 'thread',
  },
  { keys: ['p'], context: 'forum', command: 'jumpToParent', help: 'post that this one replies to' },
  { keys: ['e'], context: 'forum', command: 'editPost', help: 'edit your post', hint: 'edit' },
  { keys: ['d'], context: 'forum', command: 'deletePost', help: 'delete your post; asks first', hint: 'delete' },
  { keys: ['y'], context: 'forum', command: 'copyPost', help: 'copy the text of the post', hint: 'copy' },
  {
    keys: ['m'],
    context: 'forum',
    command: 'nextConversation',
    help: 'direct messages, unread first',
    hint: 'messages',
  },
  { keys: ['t', 'right', 'l'], context: 'forum', command: 'nextTopic', help: 'next topic', hint: 'topic' },
  { keys: ['T', 'left', 'h'], context: 'forum', command: 'previousTopic', help: 'previous topic' },

  { keys: ['enter'], context: 'members', command: 'writeToMember', help: 'messages with the member', hint: 'message' },
  { keys: ['s'], context: 'members', command: 'sendToMember', help: 'send the member a file', hint: 'send file' },
  {
    keys: ['a'],
    context: 'members',
    command: 'toggleAddresses',
    help: 'show or hide addresses and ports',
    hint: 'addresses',
  },

  {
    keys: ['enter'],
    context: 'transfers',
    command: 'openTransfer',
    help: 'accept the offer at the cursor; tell more about a transfer',
    hint: 'accept',
  },
  { keys: ['a'], context: 'transfers', command: 'accept', help: 'accept the offer' },
  { keys: ['d'], context: 'transfers', command: 'decline', help: 'decline the offer', hint: 'decline' },
  {
    keys: ['x', 'delete'],
    context: 'transfers',
    command: 'cancel',
    help: 'cancel the transfer; remove finished ones',
    hint: 'cancel',
  },

  { keys: ['tab'], context: 'panes', command: 'focusNext', help: 'next pane', hint: 'next pane' },
  { keys: ['S-tab'], context: 'panes', command: 'focusPrevious', help: 'previous pane' },
  { keys: ['i', ':', '/'], context: 'panes', command: 'focusInput', help: 'type a line', hint: 'type' },
  { keys: ['z'], context: 'panes', command: 'zoom', help: 'zoom the pane; again to restore', hint: 'zoom' },
  { keys: ['up', 'k'], context: 'panes', command: 'up', help: 'up' },
  { keys: ['down', 'j'], context: 'panes', command: 'down', help: 'down' },
  { keys: ['pageup'], context: 'panes', command: 'pageUp', help: 'page up' },
  { keys: ['pagedown', 'space'], context: 'panes', command: 'pageDown', help: 'page down' },
  { keys: ['home', 'g'], context: 'panes', command: 'first', help: 'first' },
  { keys: ['end', 'G'], context: 'panes', command: 'last', help: 'last' },
  { keys: ['?'], context: 'panes', command: 'toggleHelp', help: 'help' },
  { keys: ['q'], context: 'panes', command: 'quit', help: 'quit' },
  { keys: ['escape'], context: 'panes', command: 'back', help: 'back' },
] as const satisfies readonly KeyBinding<string>[];

/** Everything that a key can do. The reducer handles each. */
export type KeyCommand = (typeof TABLE)[number]['command'];

/** The bindings in use: the table, as the user's settings change it. Set before the first frame, and constant then. */
export let KEY_BINDINGS: readonly KeyBinding[] = TABLE;

export const DEFAULT_KEY_BINDINGS: readonly KeyBinding[] = TABLE;

export function useKeyBindings(bindings: readonly KeyBinding[]): void {
  KEY_BINDINGS = bindings;
}

/** The name of a key in the table: `C-c`, `M-b`, `S-tab`, `up`, or the character that it types. */
export function keyName({ name, text, ctrl, meta, shift }: KeyPress): string {
  if (ctrl) return `C-${name}`;
  if (meta) return `M-${name}`;
  if (text !== undefined && text !== ' ') return text;
  if (name === 'return') return 'enter';
  return shift && name.length > 1 ? `S-${name}` : name;
}

/** What decides which bindings apply. */
type KeyState = Pick<State, 'help' | 'form' | 'focus'> &
  Partial<Pick<State, 'answer' | 'input' | 'firstKey' | 'ratesView'>>;

/** The contexts whose bindings apply, the most specific first. */
export function activeContexts({ help, answer, form, focus, input, ratesView }: KeyState): readonly KeyContext[] {
  const box = help ?? (form ? null : answer);
  if (box) return [box.search?.isTyping ? 'search' : 'help', 'global'];
  if (form) return ['form', 'global'];
  if (focus === 'input' && input?.search) return ['historySearch', 'global'];
  if (focus === 'rates' && ratesView?.isTyping) return ['filter', 'global'];
  return focus === 'input' ? ['input', 'global'] : [focus, 'panes', 'global'];
}

/** The command of a key; undefined: the key types its character, if any. */
export function commandForKey(key: KeyPress, state: KeyState): KeyCommand | undefined {
  return bindingForKey(key, state)?.command;
}

/**
 * The position of a key among those of its binding: of a command that does something else for each of its keys. The table
 * counts first, because settings may give one of the keys to another command.
 */
export function keyPosition(key: KeyPress, state: KeyState): number {
  const binding = bindingForKey(key, state);
  if (!binding) return -1;
  const { context, command } = binding;
  const original = DEFAULT_KEY_BINDINGS.find((each) => each.context === context && each.command === command);
  const sequence = keySequence(key, state);
  const position = original?.keys.indexOf(sequence) ?? -1;
  return position >= 0 ? position : binding.keys.indexOf(sequence);
}

function bindingForKey(key: KeyPress, state: KeyState): KeyBinding | undefined {
  const sequence = keySequence(key, state);
  return findBinding(state, (keys) => keys.includes(sequence));
}

/** The key, if it is the first one of a sequence such as `C-x C-e`. */
export function firstKeyOf(key: KeyPress, state: KeyState): string | undefined {
  const name = keyName(key);
  return findBinding(state, (keys) => keys.some((each) => each.startsWith(`${name} `))) && name;
}

function keySequence(key: KeyPress, { firstKey }: KeyState): string {
  return firstKey ? `${firstKey} ${keyName(key)}` : keyName(key);
}

function findBinding(state: KeyState, isMatch: (keys: readonly string[]) => boolean): KeyBinding | undefined {
  for (const context of activeContexts(state)) {
    const found = KEY_BINDINGS.find((binding) => binding.context === context && isMatch(binding.keys));
    if (found) return found;
  }
  return undefined;
}
