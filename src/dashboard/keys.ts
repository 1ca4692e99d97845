import type { Key } from './action.ts';
import type { Pane, State } from './state.ts';

/** Everything that a key can do. The reducer has one case for each. */
export type Command =
  | 'quit'
  | 'suspend'
  | 'redraw'
  | 'refresh'
  | 'retry'
  | 'toggleHelp'
  | 'nextTheme'
  | 'openSignIn'
  | 'openSignUp'
  | 'focusNext'
  | 'focusPrevious'
  | 'focusInput'
  | 'zoom'
  | 'back'
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'first'
  | 'last'
  | 'openChart'
  | 'accept'
  | 'decline'
  | 'cancel'
  | 'nextTopic'
  | 'previousTopic'
  | 'left'
  | 'right'
  | 'shorterRange'
  | 'longerRange'
  | 'toggleCandles'
  | 'nextSeries'
  | 'previousSeries'
  | 'submit'
  | 'complete'
  | 'older'
  | 'newer'
  | 'cursorLeft'
  | 'cursorRight'
  | 'wordLeft'
  | 'wordRight'
  | 'cursorStart'
  | 'cursorEnd'
  | 'deleteBack'
  | 'deleteForward'
  | 'deleteWord'
  | 'deleteToStart'
  | 'deleteToEnd'
  | 'nextField'
  | 'toggleForm';

/** Where a binding holds: one pane, every pane but the input, everywhere, or what lies over the panes. */
export type Context = Pane | 'panes' | 'global' | 'form' | 'help';

export interface Binding {
  /** As `keyName` gives them. */
  readonly keys: readonly string[];
  readonly context: Context;
  readonly command: Command;
  /** What it does, for the help screen; left out where a row above says it. */
  readonly help: string;
  /** A word for the status line; left out where there is no room for it. */
  readonly short?: string;
}

/** The one table of keys: input, help screen and status line are made from it. The first row that fits counts. */
export const KEYS: readonly Binding[] = [
  { keys: ['C-c', 'C-q'], context: 'global', command: 'quit', help: 'quit', short: 'quit' },
  { keys: ['f1'], context: 'global', command: 'toggleHelp', help: 'this help', short: 'help' },
  { keys: ['f2'], context: 'global', command: 'openSignIn', help: 'sign in', short: 'sign in' },
  { keys: ['f3'], context: 'global', command: 'openSignUp', help: 'make an account' },
  { keys: ['f5'], context: 'global', command: 'refresh', help: 'read everything anew; when offline, try now' },
  { keys: ['f6'], context: 'global', command: 'nextTheme', help: 'next theme: dark, light, contrast, plain' },
  { keys: ['C-l'], context: 'global', command: 'redraw', help: 'paint the screen anew' },
  { keys: ['C-z'], context: 'global', command: 'suspend', help: 'suspend; fg brings it back' },

  { keys: ['up', 'k'], context: 'help', command: 'up', help: 'scroll up' },
  { keys: ['down', 'j'], context: 'help', command: 'down', help: 'scroll down' },
  { keys: ['pageup'], context: 'help', command: 'pageUp', help: 'a page up' },
  { keys: ['pagedown', 'space'], context: 'help', command: 'pageDown', help: 'a page down' },
  { keys: ['escape', 'q', 'enter', '?'], context: 'help', command: 'back', help: 'close', short: 'close' },

  { keys: ['enter'], context: 'form', command: 'submit', help: 'next field, then send', short: 'send' },
  { keys: ['tab', 'S-tab', 'up', 'down'], context: 'form', command: 'nextField', help: 'other field', short: 'field' },
  {
    keys: ['C-t'],
    context: 'form',
    command: 'toggleForm',
    help: 'sign up instead of in, and back',
    short: 'sign up/in',
  },
  { keys: ['backspace'], context: 'form', command: 'deleteBack', help: 'delete a character' },
  { keys: ['C-u'], context: 'form', command: 'deleteToStart', help: 'empty the field' },
  { keys: ['escape'], context: 'form', command: 'back', help: 'close', short: 'close' },

  { keys: ['enter'], context: 'input', command: 'submit', help: 'send the line', short: 'send' },
  {
    keys: ['tab'],
    context: 'input',
    command: 'complete',
    help: 'complete; on an empty line, next pane',
    short: 'complete/next pane',
  },
  { keys: ['S-tab'], context: 'input', command: 'focusPrevious', help: 'previous pane' },
  { keys: ['up', 'C-p'], context: 'input', command: 'older', help: 'older line', short: 'history' },
  { keys: ['down', 'C-n'], context: 'input', command: 'newer', help: 'newer line' },
  { keys: ['left', 'C-b'], context: 'input', command: 'cursorLeft', help: 'a character left' },
  { keys: ['right', 'C-f'], context: 'input', command: 'cursorRight', help: 'a character right' },
  { keys: ['C-left', 'M-b'], context: 'input', command: 'wordLeft', help: 'a word left' },
  { keys: ['C-right', 'M-f'], context: 'input', command: 'wordRight', help: 'a word right' },
  { keys: ['home', 'C-a'], context: 'input', command: 'cursorStart', help: 'start of the line' },
  { keys: ['end', 'C-e'], context: 'input', command: 'cursorEnd', help: 'end of the line' },
  { keys: ['backspace'], context: 'input', command: 'deleteBack', help: 'delete before the cursor' },
  { keys: ['delete', 'C-d'], context: 'input', command: 'deleteForward', help: 'delete under the cursor' },
  { keys: ['C-w', 'M-backspace'], context: 'input', command: 'deleteWord', help: 'delete a word' },
  { keys: ['C-u'], context: 'input', command: 'deleteToStart', help: 'delete to the start' },
  { keys: ['C-k'], context: 'input', command: 'deleteToEnd', help: 'delete to the end' },
  { keys: ['pageup'], context: 'input', command: 'pageUp', help: 'scroll the forum up' },
  { keys: ['pagedown'], context: 'input', command: 'pageDown', help: 'scroll the forum down' },
  {
    keys: ['escape'],
    context: 'input',
    command: 'back',
    help: 'close what lies open, empty the line, mark posts read',
  },

  { keys: ['enter'], context: 'rates', command: 'openChart', help: 'chart the instrument', short: 'chart' },

  { keys: ['left', 'h'], context: 'chart', command: 'left', help: 'crosshair to older values', short: 'crosshair' },
  { keys: ['right', 'l'], context: 'chart', command: 'right', help: 'crosshair to newer values' },
  { keys: ['[', 'down', 'j'], context: 'chart', command: 'shorterRange', help: 'shorter range' },
  { keys: [']', 'up', 'k'], context: 'chart', command: 'longerRange', help: 'longer range', short: 'range' },
  { keys: ['c'], context: 'chart', command: 'toggleCandles', help: 'line or candles', short: 'candles' },
  {
    keys: ['s'],
    context: 'chart',
    command: 'nextSeries',
    help: 'next series: other providers and branches',
    short: 'series',
  },
  { keys: ['S'], context: 'chart', command: 'previousSeries', help: 'previous series' },

  { keys: ['t', 'right', 'l'], context: 'forum', command: 'nextTopic', help: 'next topic', short: 'topic' },
  { keys: ['T', 'left', 'h'], context: 'forum', command: 'previousTopic', help: 'previous topic' },

  { keys: ['a'], context: 'transfers', command: 'accept', help: 'take what is offered', short: 'accept' },
  { keys: ['d'], context: 'transfers', command: 'decline', help: 'refuse it', short: 'decline' },
  { keys: ['x', 'delete'], context: 'transfers', command: 'cancel', help: 'end the transfer', short: 'cancel' },

  { keys: ['tab'], context: 'panes', command: 'focusNext', help: 'next pane', short: 'next pane' },
  { keys: ['S-tab'], context: 'panes', command: 'focusPrevious', help: 'previous pane' },
  { keys: ['i', ':', '/'], context: 'panes', command: 'focusInput', help: 'type a line', short: 'type' },
  { keys: ['z'], context: 'panes', command: 'zoom', help: 'the pane alone, and back', short: 'zoom' },
  { keys: ['up', 'k'], context: 'panes', command: 'up', help: 'up' },
  { keys: ['down', 'j'], context: 'panes', command: 'down', help: 'down' },
  { keys: ['pageup'], context: 'panes', command: 'pageUp', help: 'a page up' },
  { keys: ['pagedown', 'space'], context: 'panes', command: 'pageDown', help: 'a page down' },
  { keys: ['home', 'g'], context: 'panes', command: 'first', help: 'to the first' },
  { keys: ['end', 'G'], context: 'panes', command: 'last', help: 'to the last' },
  { keys: ['?'], context: 'panes', command: 'toggleHelp', help: 'help' },
  { keys: ['q'], context: 'panes', command: 'quit', help: 'quit' },
  { keys: ['escape'], context: 'panes', command: 'back', help: 'back' },
];

/** A key by its name in the table: `C-c`, `M-b`, `S-tab`, `up`, or the character that it types. */
export function keyName({ name, text, ctrl, meta, shift }: Key): string {
  if (ctrl) return `C-${name}`;
  if (meta) return `M-${name}`;
  if (text !== undefined && text !== ' ') return text;
  if (name === 'return') return 'enter';
  return shift && name.length > 1 ? `S-${name}` : name;
}

/** Contexts whose bindings hold in a state, the nearest first. */
export function contexts({ help, form, focus }: Pick<State, 'help' | 'form' | 'focus'>): readonly Context[] {
  if (help) return ['help', 'global'];
  if (form) return ['form', 'global'];
  return focus === 'input' ? ['input', 'global'] : [focus, 'panes', 'global'];
}

/** What a key does in a state; undefined: it types its character, or nothing. */
export function commandOf(key: Key, state: Pick<State, 'help' | 'form' | 'focus'>): Command | undefined {
  const name = keyName(key);
  for (const context of contexts(state)) {
    const found = KEYS.find((binding) => binding.context === context && binding.keys.includes(name));
    if (found) return found.command;
  }
  return undefined;
}
