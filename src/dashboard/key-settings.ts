import { suggestSetting } from '../settings-file.ts';
import { DEFAULT_KEY_BINDINGS, type KeyBinding, TYPING_CONTEXTS } from './key-bindings.ts';

/** A problem of a setting: its path in the file, and what is wrong and how to fix it, without a full stop. */
export interface SettingProblem {
  readonly path: readonly string[];
  readonly problem: string;
}

const KEY_NAMES = [
  'up',
  'down',
  'left',
  'right',
  'pageup',
  'pagedown',
  'home',
  'end',
  'insert',
  'delete',
  'enter',
  'escape',
  'tab',
  'space',
  'backspace',
  ...Array.from({ length: 12 }, (_, i) => `f${i + 1}`),
];
const MAX_KEYS_PER_COMMAND = 8;
const KEY_FORMAT = 'use a character, a name such as f9 or pageup, or C-x (Ctrl), M-x (Alt), S-tab (Shift)';

/**
 * Applies the setting `keys`: by command (`quit`) or by context and command (`forum.up`), the keys that replace those of
 * the table. A key that the user assigns is taken away from the other commands of its context.
 */
export function applyKeySettings(
  keys: Readonly<Record<string, unknown>>,
  onProblem: (problem: SettingProblem) => void,
): readonly KeyBinding[] {
  const rows = [...DEFAULT_KEY_BINDINGS];
  const assigned = new Map<number, string>();
  for (const [name, value] of Object.entries(keys)) {
    const fail = (problem: string): void => onProblem({ path: ['keys', name], problem });
    const matching = rows.flatMap(({ context, command }, i) =>
      name === command || name === `${context}.${command}` ? [i] : [],
    );
    if (matching.length === 0) {
      fail(`is not a command${suggestSetting(name, commandNames(), '; docs/operating.md lists the commands')}`);
      continue;
    }
    const wanted = parseKeys(value);
    if (typeof wanted === 'string') {
      fail(wanted);
      continue;
    }
    for (const i of matching) {
      const { context, command } = rows[i]!;
      const character = TYPING_CONTEXTS.includes(context)
        ? wanted.find((key) => [...key.split(' ')[0]!].length === 1)
        : undefined;
      if (character !== undefined) {
        const limited = rows.some((row) => row.context === 'panes' && row.command === command && name === command);
        const advice = limited ? `, or limit it to the panes: "panes.${command}"` : '';
        fail(`is "${character}", which types a character; use a key such as C-x, M-x or f9${advice}`);
        continue;
      }
      rows[i] = { ...rows[i]!, keys: wanted };
      assigned.set(i, name);
    }
  }
  const bindings = withoutStolenKeys(rows, assigned, onProblem);
  if (!bindings.some(({ context, command, keys }) => context === 'global' && command === 'quit' && keys.length > 0)) {
    onProblem({ path: ['keys', 'quit'], problem: 'leaves no key to quit; name one, such as "C-c"' });
  }
  return bindings;
}

/** Every name that `keys` accepts, without those of contexts. */
export function commandNames(): string[] {
  return [...new Set(DEFAULT_KEY_BINDINGS.map(({ command }) => command))].sort();
}

function withoutStolenKeys(
  rows: readonly KeyBinding[],
  assigned: ReadonlyMap<number, string>,
  onProblem: (problem: SettingProblem) => void,
): KeyBinding[] {
  const owners = new Map<string, string>();
  for (const [i, name] of assigned) {
    const { context, command, keys } = rows[i]!;
    for (const key of keys) {
      const owner = owners.get(`${context} ${key}`);
      if (owner !== undefined && owner !== name) {
        const problem = `uses ${key}, as "${owner}" does in the same place; use another key`;
        onProblem({ path: ['keys', name], problem });
      }
      owners.set(`${context} ${key}`, owner ?? name ?? command);
    }
  }
  return rows.map((row, i) =>
    assigned.has(i) ? row : { ...row, keys: row.keys.filter((key) => !owners.has(`${row.context} ${key}`)) },
  );
}

/** @returns the keys, or what is wrong */
function parseKeys(value: unknown): string[] | string {
  const list = Array.isArray(value) ? value : [value];
  if (list.length > MAX_KEYS_PER_COMMAND) return `has ${list.length} keys; use ${MAX_KEYS_PER_COMMAND} at most`;
  const keys: string[] = [];
  for (const each of list) {
    const key = typeof each === 'string' ? normalizeKey(each) : undefined;
    if (key === undefined) return `has the key ${JSON.stringify(each)?.slice(0, 40) ?? 'nothing'}; ${KEY_FORMAT}`;
    keys.push(key);
  }
  return keys;
}

/** The key, or the sequence of two (`C-x C-e`), as the table names it; undefined: there is no such key. */
function normalizeKey(text: string): string | undefined {
  const keys = text.split(' ').map(normalizeOneKey);
  return keys.length > 2 || keys.includes(undefined) ? undefined : keys.join(' ');
}

function normalizeOneKey(text: string): string | undefined {
  const [, prefix = '', rest = ''] = /^((?:(?:C|M|S|Ctrl|Alt|Meta|Shift)-)?)(.+)$/iu.exec(text) ?? [];
  const modifier = { c: 'C-', m: 'M-', a: 'M-', s: 'S-' }[prefix[0]?.toLowerCase() ?? ''] ?? '';
  const name = KEY_NAMES.find((each) => each === rest.toLowerCase());
  const isCharacter = [...rest].length === 1 && !/[\p{Cc}\p{Z}]/u.test(rest);
  if (name === undefined && !isCharacter) return undefined;
  if (modifier === 'S-' && name === undefined) return rest.toUpperCase(); // Shift and a letter types the capital
  return modifier + (name ?? (modifier === '' ? rest : rest.toLowerCase()));
}
