import { type EditedText, graphemeClusters } from '../../repl/line-edit.ts';
import { KEY_BINDINGS } from '../key-bindings.ts';
import type { FormField, SignInForm, State } from '../state.ts';
import { type StyledLine, span } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { editedLineSpans } from './edited-text.ts';
import { paragraphs } from './empty-state.ts';
import { keyLabel } from './key-label.ts';
import { fitSegments, fitToPane } from './line-layout.ts';

const LABEL_COLUMNS = 10;

export function signInTitle({ form }: State, width: number): StyledLine {
  return fitSegments([[[span(form?.kind === 'signUp' ? 'Sign up' : 'Sign in', 'title')]]], [], width);
}

/** The rows that the form needs at a width, so that no message is cut. */
export function signInHeight(state: State, width: number): number {
  if (!state.form || width <= 0) return 0;
  const message = paragraphs(formMessage(state, state.form), width);
  return 2 + 1 + message.length + 1 + paragraphs([formKeys()], width).length;
}

/** Name and password, a message, and the keys. The password is never shown. */
export function signInLines(state: State, width: number, height: number): StyledLine[] {
  const { form } = state;
  if (!form || width <= 0 || height <= 0) return [];
  const name = fieldLine(form, 'name', { text: form.name, cursor: form.cursor }, width);
  // One dot per cluster, so that a lost key press is noticed.
  const toDots = (text: string): string => '•'.repeat(graphemeClusters(text).length);
  const dots = { text: toDots(form.password), cursor: toDots(form.password.slice(0, form.cursor)).length };
  const password = fieldLine(form, 'password', dots, width);
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

const FIELD_LABELS: Readonly<Record<FormField, string>> = { name: 'Name', password: 'Password' };

/** @param edited its cursor counts only in the active field */
function fieldLine({ field, isBusy }: SignInForm, own: FormField, edited: EditedText, width: number): StyledLine {
  const isActive = field === own && !isBusy;
  const indent = width >= LABEL_COLUMNS * 2 ? LABEL_COLUMNS : 0;
  const room = Math.max(1, width - indent);
  const value = editedLineSpans(isActive ? edited : { ...edited, cursor: 0 }, room, isActive);
  return [
    ...(indent > 0 ? [span(FIELD_LABELS[own].padEnd(indent), isActive ? 'gold' : 'muted')] : []),
    ...value.map(({ text, tone }) => span(text, tone === 'text' ? 'strong' : tone)),
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
