import { displayWidth, graphemes } from '../../repl/text-width.ts';
import { KEY_BINDINGS } from '../key-bindings.ts';
import type { SignInForm, State } from '../state.ts';
import { type StyledLine, span } from '../styled-text.ts';
import { displayLine, displayText } from './display-text.ts';
import { paragraphs } from './empty-state.ts';
import { keyLabel } from './key-label.ts';
import { fitSegments, fitToPane } from './line-layout.ts';

const LABEL_COLUMNS = 10;

export function signInTitle({ form }: State, width: number): StyledLine {
  return fitSegments([[[span(form?.kind === 'signUp' ? 'Sign up' : 'Sign in', 'title')]]], [], width);
}

/** Name and password, a message, and the keys. The password is never shown. */
export function signInLines(state: State, width: number, height: number): StyledLine[] {
  const { form } = state;
  if (!form || width <= 0 || height <= 0) return [];
  const name = fieldLine('Name', displayLine(form.name), form.field === 'name' && !form.isBusy, width);
  // One dot per character, so that a lost key press is noticed.
  const dots = '•'.repeat([...form.password].length);
  const password = fieldLine('Password', dots, form.field === 'password' && !form.isBusy, width);
  const tone = form.takeOver ? 'warn' : form.error === null ? 'muted' : 'bad';
  const message = paragraphs(formMessage(state, form), width, tone);
  const fields: StyledLine[] = [name, password];
  const keys = paragraphs([formKeys()], width, 'muted');
  const room = height - fields.length - message.length;
  if (room < keys.length) return fitToPane([...fields, ...message], state, width, height);
  const gapAbove: StyledLine[] = room > keys.length + 1 ? [[]] : [];
  const gapBelow: StyledLine[] = room > keys.length + 2 ? [[]] : [];
  return fitToPane([...fields, ...gapAbove, ...message, ...gapBelow, ...keys], state, width, height);
}

function fieldLine(label: string, value: string, isActive: boolean, width: number): StyledLine {
  const indent = width >= LABEL_COLUMNS * 2 ? LABEL_COLUMNS : 0;
  const room = Math.max(1, width - indent);
  const characters = graphemes(value);
  let visible = '';
  let used = 1; // the cursor
  for (let i = characters.length - 1; i >= 0; i--) {
    used += displayWidth(characters[i]!);
    if (used > room) break;
    visible = characters[i]! + visible;
  }
  return [
    ...(indent > 0 ? [span(label.padEnd(indent), isActive ? 'gold' : 'muted')] : []),
    span(visible, 'strong'),
    ...(isActive ? [span(' ', 'cursor')] : []),
  ];
}

function formMessage({ address, connection }: State, { kind, name, isBusy, error, takeOver }: SignInForm): string[] {
  if (isBusy) return [kind === 'signUp' ? 'Creating the account…' : 'Signing in…'];
  if (error !== null) return [displayText(error)];
  if (takeOver) return [`${displayText(name)} is signed in elsewhere. Press Enter to end the other session.`];
  if (connection.phase !== 'online') return ['Not connected yet.'];
  const where = address === '' ? '' : ` on ${displayText(address)}`;
  return [kind === 'signUp' ? `Create an account${where}.` : `Sign in to your account${where}.`];
}

function formKeys(): string {
  return KEY_BINDINGS.filter((each) => each.context === 'form' && each.hint)
    .map((each) => `${keyLabel(each.keys[0]!)} ${each.hint}`)
    .join('   ');
}
