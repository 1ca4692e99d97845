import { type EditedText, editText, insertAtCursor, takeClusters } from '../../repl/line-edit.ts';
import type { ActionOf, Step } from '../action.ts';
import { isEditCommand } from '../editor.ts';
import type { KeyCommand } from '../key-bindings.ts';
import type { FormField, SignInForm, State } from '../state.ts';
import { step } from './step.ts';

/** In code points. */
const MAX_FIELD_LENGTH = 256;

export function withForm(state: State, kind: SignInForm['kind']): State {
  const form: SignInForm = {
    kind,
    field: 'name',
    name: '',
    password: '',
    cursor: 0,
    isBusy: false,
    error: null,
    takeOver: false,
  };
  return { ...state, form, help: null };
}

/** Inserts text at the cursor, if there is room for it. */
export function insertInForm(form: SignInForm, text: string): SignInForm {
  if (form.isBusy) return form;
  const value = form[form.field];
  const added = takeClusters(text.replace(/\p{Cc}/gu, ''), MAX_FIELD_LENGTH - [...value].length);
  const edited = insertAtCursor({ text: value, cursor: form.cursor }, added);
  return { ...withField(form, edited), error: null, takeOver: false };
}

export function editForm(form: SignInForm, command: KeyCommand): SignInForm {
  switch (command) {
    case 'nextField':
      return inField(form, form.field === 'name' ? 'password' : 'name');
    case 'toggleForm':
      return { ...form, kind: form.kind === 'signIn' ? 'signUp' : 'signIn', error: null, takeOver: false };
    default:
      if (!isEditCommand(command)) return form;
      return withField(form, editText({ text: form[form.field], cursor: form.cursor }, command));
  }
}

function inField(form: SignInForm, field: FormField): SignInForm {
  return { ...form, field, cursor: form[field].length };
}

function withField(form: SignInForm, { text, cursor }: EditedText): SignInForm {
  return { ...form, [form.field]: text, cursor };
}

export function submitForm(state: State, form: SignInForm): Step {
  if (form.isBusy) return step(state);
  if (form.name === '') return step({ ...state, form: { ...inField(form, 'name'), error: 'Enter a name.' } });
  if (form.field === 'name' || form.password === '') return step({ ...state, form: inField(form, 'password') });
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
  return { ...form, isBusy: false, error: message, takeOver: false, password: '', field: 'password', cursor: 0 };
}
