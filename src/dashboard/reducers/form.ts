import type { ActionOf, Step } from '../action.ts';
import type { KeyCommand } from '../key-bindings.ts';
import type { SignInForm, State } from '../state.ts';
import { step } from './step.ts';

const MAX_FIELD_LENGTH = 256;

export function withForm(state: State, kind: SignInForm['kind']): State {
  const form = { kind, field: 'name', name: '', password: '', isBusy: false, error: null, takeOver: false } as const;
  return { ...state, form, help: null };
}

export function insertInForm(form: SignInForm, text: string): SignInForm {
  if (form.isBusy) return form;
  const value = (form[form.field] + text.replace(/\p{Cc}/gu, '')).slice(0, MAX_FIELD_LENGTH);
  return { ...form, [form.field]: value, error: null, takeOver: false };
}

export function editForm(form: SignInForm, command: KeyCommand): SignInForm {
  switch (command) {
    case 'nextField':
      return { ...form, field: form.field === 'name' ? 'password' : 'name' };
    case 'toggleForm':
      return { ...form, kind: form.kind === 'signIn' ? 'signUp' : 'signIn', error: null, takeOver: false };
    case 'deleteBack':
      return { ...form, [form.field]: [...form[form.field]].slice(0, -1).join('') };
    case 'deleteToStart':
      return { ...form, [form.field]: '' };
    default:
      return form;
  }
}

export function submitForm(state: State, form: SignInForm): Step {
  if (form.isBusy) return step(state);
  if (form.name === '') return step({ ...state, form: { ...form, field: 'name', error: 'Enter a name.' } });
  if (form.field === 'name' || form.password === '') return step({ ...state, form: { ...form, field: 'password' } });
  const { kind, name, password, takeOver } = form;
  return step({ ...state, form: { ...form, isBusy: true, error: null } }, { type: kind, name, password, takeOver });
}

export function withSignInError(form: SignInForm, { message, reason }: ActionOf<'signInFailed'>): SignInForm {
  if (reason === 'ALREADY_SIGNED_IN') {
    return {
      ...form,
      isBusy: false,
      takeOver: true,
      error: `${message} Press Enter again to end the other session.`,
    };
  }
  return { ...form, isBusy: false, error: message, takeOver: false, password: '', field: 'password' };
}
