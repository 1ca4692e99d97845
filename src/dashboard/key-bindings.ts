import type { KeyPress } from './action.ts';
import type { Pane, State } from './state.ts';

/** Where a binding applies: in one pane, in all panes except the input, everywhere, or in an overlay. */
export type KeyContext = Pane | 'panes' | 'global' | 'form' | 'help';

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

/** The only table of keys: for input, help screen and status bar. The first matching row applies. */
const TABLE = [
  { keys: ['C-c', 'C-q'], context: 'global', command: 'quit', help: 'quit', hint: 'quit' },
  { keys: ['f1'], context: 'global', command: 'toggleHelp', help: 'this help', hint: 'help' },
  { keys: ['f2'], context: 'global', command: 'openSignIn', help: 'sign in', hint: 'sign in' },
  { keys: ['f3'], context: 'global', command: 'openSignUp', help: 'sign up' },
  { keys: ['f5'], context: 'global', command: 'refresh', help: 'refresh; reconnect now when offline' },
  { keys: ['f6'], context: 'global', command: 'nextTheme', help: 'next theme: dark, light, contrast, plain' },
  { keys: ['C-l'], context: 'global', command: 'redraw', help: 'redraw the screen' },
  { keys: ['C-z'], context: 'global', command: 'suspend', help: 'suspend; resume with fg' },

  { keys: ['up', 'k'], context: 'help', command: 'up', help: 'scroll up' },
  { keys: ['down', 'j'], context: 'help', command: 'down', help: 'scroll down' },
  { keys: ['pageup'], context: 'help', command: 'pageUp', help: 'page up' },
  { keys: ['pagedown', 'space'], context: 'help', command: 'pageDown', help: 'page down' },
  { keys: ['escape', 'q', 'enter', '?'], context: 'help', command: 'back', help: 'close', hint: 'close' },

  { keys: ['enter'], context: 'form', command: 'submit', help: 'next field, then submit', hint: 'submit' },
  { keys: ['tab', 'S-tab', 'up', 'down'], context: 'form', command: 'nextField', help: 'other field', hint: 'field' },
  { keys: ['C-t'], context: 'form', command: 'toggleForm', help: 'switch to sign-up or sign-in', hint: 'sign up/in' },
  { keys: ['backspace'], context: 'form', command: 'deleteBack', help: 'delete a character' },
  { keys: ['C-u'], context: 'form', command: 'deleteToStart', help: 'clear the field' },
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
  { keys: ['up', 'C-p'], context: 'input', command: 'older', help: 'previous line of the history', hint: 'history' },
  { keys: ['down', 'C-n'], context: 'input', command: 'newer', help: 'next line of the history' },
  { keys: ['left', 'C-b'], context: 'input', command: 'cursorLeft', help: 'one character left' },
  { keys: ['right', 'C-f'], context: 'input', command: 'cursorRight', help: 'one character right' },
  { keys: ['C-left', 'M-b'], context: 'input', command: 'wordLeft', help: 'one word left' },
  { keys: ['C-right', 'M-f'], context: 'input', command: 'wordRight', help: 'one word right' },
  { keys: ['home', 'C-a'], context: 'input', command: 'cursorStart', help: 'start of the line' },
  { keys: ['end', 'C-e'], context: 'input', command: 'cursorEnd', help: 'end of the line' },
  { keys: ['backspace'], context: 'input', command: 'deleteBack', help: 'delete before the cursor' },
  { keys: ['delete', 'C-d'], context: 'input', command: 'deleteForward', help: 'delete under the cursor' },
  { keys: ['C-w', 'M-backspace'], context: 'input', command: 'deleteWord', help: 'delete a word' },
  { keys: ['C-u'], context: 'input', command: 'deleteToStart', help: 'delete to the start' },
  { keys: ['C-k'], context: 'input', command: 'deleteToEnd', help: 'delete to the end' },
  { keys: ['pageup'], context: 'input', command: 'pageUp', help: 'scroll the forum up' },
  { keys: ['pagedown'], context: 'input', command: 'pageDown', help: 'scroll the forum down' },
  { keys: ['escape'], context: 'input', command: 'back', help: 'close output, clear line, mark posts read' },

  { keys: ['enter'], context: 'rates', command: 'openChart', help: 'chart the instrument', hint: 'chart' },

  { keys: ['left', 'h'], context: 'chart', command: 'left', help: 'crosshair to older values', hint: 'crosshair' },
  { keys: ['right', 'l'], context: 'chart', command: 'right', help: 'crosshair to newer values' },
  { keys: ['[', 'down', 'j'], context: 'chart', command: 'shorterRange', help: 'shorter range' },
  { keys: [']', 'up', 'k'], context: 'chart', command: 'longerRange', help: 'longer range', hint: 'range' },
  { keys: ['c'], context: 'chart', command: 'toggleCandles', help: 'switch between line and candles', hint: 'candles' },
  { keys: ['s'], context: 'chart', command: 'nextSeries', help: 'next series (provider or branch)', hint: 'series' },
  { keys: ['S'], context: 'chart', command: 'previousSeries', help: 'previous series' },

  { keys: ['t', 'right', 'l'], context: 'forum', command: 'nextTopic', help: 'next topic', hint: 'topic' },
  { keys: ['T', 'left', 'h'], context: 'forum', command: 'previousTopic', help: 'previous topic' },

  { keys: ['a'], context: 'transfers', command: 'accept', help: 'accept the offer', hint: 'accept' },
  { keys: ['d'], context: 'transfers', command: 'decline', help: 'decline the offer', hint: 'decline' },
  { keys: ['x', 'delete'], context: 'transfers', command: 'cancel', help: 'cancel the transfer', hint: 'cancel' },

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

export const KEY_BINDINGS: readonly KeyBinding[] = TABLE;

/** The name of a key in the table: `C-c`, `M-b`, `S-tab`, `up`, or the character that it types. */
export function keyName({ name, text, ctrl, meta, shift }: KeyPress): string {
  if (ctrl) return `C-${name}`;
  if (meta) return `M-${name}`;
  if (text !== undefined && text !== ' ') return text;
  if (name === 'return') return 'enter';
  return shift && name.length > 1 ? `S-${name}` : name;
}

/** The contexts whose bindings apply, the most specific first. */
export function activeContexts({ help, form, focus }: Pick<State, 'help' | 'form' | 'focus'>): readonly KeyContext[] {
  if (help) return ['help', 'global'];
  if (form) return ['form', 'global'];
  return focus === 'input' ? ['input', 'global'] : [focus, 'panes', 'global'];
}

/** The command of a key; undefined: the key types its character, if any. */
export function commandForKey(key: KeyPress, state: Pick<State, 'help' | 'form' | 'focus'>): KeyCommand | undefined {
  const name = keyName(key);
  for (const context of activeContexts(state)) {
    const found = KEY_BINDINGS.find((binding) => binding.context === context && binding.keys.includes(name));
    if (found) return found.command;
  }
  return undefined;
}
