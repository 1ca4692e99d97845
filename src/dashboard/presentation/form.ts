import { clusters, displayWidth } from '../../repl/width.ts';
import { KEYS } from '../keys.ts';
import type { SignInForm, State } from '../state.ts';
import { type StyledLine, span } from '../styled.ts';
import { sentences } from './empty.ts';
import { keycap } from './keycap.ts';
import { finish, squeeze } from './lines.ts';
import { safe, safeLine } from './text.ts';

const LABEL = 10;

export function title({ form }: State, width: number): StyledLine {
  return squeeze([[[span(form?.kind === 'signUp' ? 'Make an account' : 'Sign in', 'title')]]], [], width);
}

/** Name and password, what went wrong, and the keys. The password is never shown. */
export function form(state: State, width: number, height: number): StyledLine[] {
  const { form } = state;
  if (!form || width <= 0 || height <= 0) return [];
  const name = field('Name', safeLine(form.name), form.field === 'name' && !form.busy, width);
  // Dots for what is typed, so that a key that did not come through is noticed.
  const dots = '•'.repeat([...form.password].length);
  const password = field('Password', dots, form.field === 'password' && !form.busy, width);
  const news = sentences(newsOf(state, form), width, form.takeOver ? 'warn' : form.error === null ? 'muted' : 'bad');
  const fields: StyledLine[] = [name, password];
  const keys = sentences([keysOf()], width, 'muted');
  const room = height - fields.length - news.length;
  if (room < keys.length) return finish([...fields, ...news], state, width, height);
  const gap: StyledLine[] = room > keys.length + 1 ? [[]] : [];
  return finish([...fields, ...gap, ...news, ...(room > keys.length + 2 ? [[]] : []), ...keys], state, width, height);
}

function field(label: string, value: string, isActive: boolean, width: number): StyledLine {
  const indent = width >= LABEL * 2 ? LABEL : 0;
  const room = Math.max(1, width - indent);
  const pieces = clusters(value);
  let shown = '';
  let used = 1; // the cursor
  for (let i = pieces.length - 1; i >= 0; i--) {
    used += displayWidth(pieces[i]!);
    if (used > room) break;
    shown = pieces[i]! + shown;
  }
  return [
    ...(indent > 0 ? [span(label.padEnd(indent), isActive ? 'gold' : 'muted')] : []),
    span(shown, 'strong'),
    ...(isActive ? [span(' ', 'cursor')] : []),
  ];
}

function newsOf({ address, link }: State, { kind, name, busy, error, takeOver }: SignInForm): string[] {
  if (busy) return [kind === 'signUp' ? 'Making the account…' : 'Signing in…'];
  if (error !== null) return [safe(error)];
  if (takeOver) return [`${safe(name)} is signed in elsewhere. Enter takes over from there.`];
  if (link.phase !== 'online') return ['There is no connection yet.'];
  const where = address === '' ? '' : ` on ${safe(address)}`;
  return [kind === 'signUp' ? `A new account${where}.` : `Your account${where}.`];
}

function keysOf(): string {
  return KEYS.filter((each) => each.context === 'form' && each.short)
    .map((each) => `${keycap(each.keys[0]!)} ${each.short}`)
    .join('   ');
}
