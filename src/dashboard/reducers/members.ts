import { canonicalName } from '../../domain/account.ts';
import type { ActionOf, Step } from '../action.ts';
import { setText } from '../editor.ts';
import { selectedMemberIndex } from '../presentation/members-pane.ts';
import type { OnlineMember, State } from '../state.ts';
import { openMessages } from './forum-views.ts';
import { step, withNotice } from './step.ts';

/** A member's own entry has their current role: it may have changed since they signed in. */
export function onMembers(state: State, members: readonly OnlineMember[]): Step {
  const isOnline = (name: string | null): boolean => members.some((member) => member.name === name);
  const idleNames = state.idleNames.filter(isOnline);
  const selectedMember = isOnline(state.selectedMember) ? state.selectedMember : null;
  const after = { ...state, members, hasLoadedMembers: true, idleNames, selectedMember };
  const { member } = state;
  const own = member && members.find(({ name }) => canonicalName(name) === canonicalName(member.name));
  return own?.role ? step(withOwnRole(after, own.role)) : step(after);
}

export function onMemberChange(state: State, { name, change }: ActionOf<'member'>): Step {
  const others = state.idleNames.filter((each) => each !== name);
  const members = change === 'left' ? state.members.filter((member) => member.name !== name) : state.members;
  const selectedMember = change === 'left' && state.selectedMember === name ? null : state.selectedMember;
  return step({ ...state, members, selectedMember, idleNames: change === 'idle' ? [...others, name] : others });
}

export function onRole(state: State, { name, role }: ActionOf<'role'>): Step {
  const isSame = (other: string): boolean => canonicalName(other) === canonicalName(name);
  const members = state.members.map((member) => (isSame(member.name) ? { ...member, role } : member));
  const after = { ...state, members };
  return step(state.member && isSame(state.member.name) ? withOwnRole(after, role) : after);
}

function withOwnRole(state: State, role: NonNullable<State['member']>['role']): State {
  const { member } = state;
  if (member === null || member.role === role) return state;
  const text = `Your role is now ${role === 'member' ? 'that of a member' : role}.`;
  return withNotice({ ...state, member: { ...member, role } }, text, 'info');
}

/** Moves the cursor of the members pane. */
export function moveSelectedMember(state: State, by: number): Step {
  const { members } = state;
  if (members.length === 0) return step(state);
  const at = Math.min(Math.max(selectedMemberIndex(state) + by, 0), members.length - 1);
  return step({ ...state, selectedMember: members[at]!.name });
}

/** Opens the messages with the member at the cursor; the next line goes to them. */
export function writeToMember(state: State): Step {
  const member = state.members[selectedMemberIndex(state)];
  if (!member || member.name === state.member?.name) return step(withNotice(state, 'Choose another member.', 'info'));
  return openMessages({ ...state, focus: 'input', zoomed: null }, member.name);
}

/** Begins the line that sends a file. */
export function sendToMember(state: State): Step {
  const member = state.members[selectedMemberIndex(state)];
  if (!member || member.name === state.member?.name) return step(withNotice(state, 'Choose another member.', 'info'));
  return step({ ...state, focus: 'input', zoomed: null, input: setText(state.input, `UPD ${member.name} `) });
}
