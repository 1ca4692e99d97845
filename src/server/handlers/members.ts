import type { Handlers } from '../handler.ts';
import type { Services } from '../services.ts';

export function membersHandlers({ presence }: Services): Handlers<'members'> {
  return {
    'members.active': () => ({ members: presence.active() }),
  };
}
