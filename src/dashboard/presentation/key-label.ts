import { KEY_BINDINGS, type KeyBinding, type KeyCommand, type KeyContext } from '../key-bindings.ts';

const KEY_LABELS: Readonly<Record<string, string>> = {
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

/** The label of a key in the table: `^C` for `C-c`, `Shift-Tab` for `S-tab`, `^X ^E` for `C-x C-e`. */
export function keyLabel(key: string): string {
  if (key.includes(' ')) return key.split(' ').map(keyLabel).join(' ');
  if (key.length > 2 && key.startsWith('C-'))
    return key.length === 3 ? `^${key[2]!.toUpperCase()}` : `Ctrl-${keyLabel(key.slice(2))}`;
  if (key.length > 2 && key.startsWith('M-')) return `Alt-${keyLabel(key.slice(2))}`;
  if (key.length > 2 && key.startsWith('S-')) return `Shift-${keyLabel(key.slice(2))}`;
  return KEY_LABELS[key] ?? (/^f\d+$/.test(key) ? key.toUpperCase() : key);
}

/** The label of the first key of a command; empty if it has none. */
export function keyOf(command: KeyCommand, context?: KeyContext): string {
  const isMatch = (binding: KeyBinding) =>
    binding.command === command && (context ?? binding.context) === binding.context;
  const key = KEY_BINDINGS.find(isMatch)?.keys[0];
  return key === undefined ? '' : keyLabel(key);
}
