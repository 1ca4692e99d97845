import { defined } from '../../domain/defined.ts';
import type { HandlerTable } from '../handler.ts';
import type { Services } from '../services.ts';
import { accountHandlers } from './account.ts';
import { adminHandlers } from './admin.ts';
import { filesHandlers } from './files.ts';
import { forumHandlers } from './forum.ts';
import { messagesHandlers } from './messages.ts';
import { peersHandlers } from './peers.ts';
import { ratesHandlers } from './rates.ts';
import { systemHandlers } from './system.ts';

/** The handler of every method; the compiler reports missing ones. */
export function handlerTable(services: Services): HandlerTable {
  return {
    ...systemHandlers(services),
    ...accountHandlers(services),
    ...ratesHandlers(services),
    ...forumHandlers(services),
    ...messagesHandlers(services),
    ...filesHandlers(services),
    ...peersHandlers(services),
    'members.active': () => ({
      members: services.presence
        .listActive()
        .map((member) => ({ ...member, ...defined({ role: services.view.accounts.roleOf(member.name) }) })),
    }),
    ...adminHandlers(services),
  };
}
