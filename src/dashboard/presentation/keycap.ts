import { type Command, type Context, KEYS } from '../keys.ts';

const NAMES: Readonly<Record<string, string>> = {
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  enter: 'Enter',
  escape: 'Esc',
  tab: 'Tab',
  space: 'Space',
  backspace: 'Backspace',
  delete: 'Del',
};

/** A key of the table as it is printed on keyboards: `C-c` is `^C`, `S-tab` is `Shift-Tab`. */
export function keycap(key: string): string {
  if (key.length > 2 && key.startsWith('C-'))
    return key.length === 3 ? `^${key[2]!.toUpperCase()}` : `Ctrl-${keycap(key.slice(2))}`;
  if (key.length > 2 && key.startsWith('M-')) return `Alt-${keycap(key.slice(2))}`;
  if (key.length > 2 && key.startsWith('S-')) return `Shift-${keycap(key.slice(2))}`;
  return NAMES[key] ?? (/^f\d+$/.test(key) ? key.toUpperCase() : key);
}

/** The first key of a command, as it is printed; empty when it has none. */
export function keyFor(command: Command, context?: Context): string {
  const found = KEYS.find((each) => each.command === command && (context === undefined || each.context === context));
  return found?.keys[0] === undefined ? '' : keycap(found.keys[0]);
}
