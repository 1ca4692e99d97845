import type { Services } from '../services.ts';
import type { HandlerTable } from '../session.ts';
import { accountHandlers } from './account.ts';
import { adminHandlers } from './admin.ts';
import { filesHandlers } from './files.ts';
import { forumHandlers } from './forum.ts';
import { membersHandlers } from './members.ts';
import { messagesHandlers } from './messages.ts';
import { peersHandlers } from './peers.ts';
import { ratesHandlers } from './rates.ts';
import { roomHandlers } from './room.ts';

/** The handler of every method: the compiler sees that none is missing. */
export function handlerTable(services: Services): HandlerTable {
  return {
    ...roomHandlers(services),
    ...accountHandlers(services),
    ...ratesHandlers(services),
    ...forumHandlers(services),
    ...messagesHandlers(services),
    ...filesHandlers(services),
    ...peersHandlers(services),
    ...membersHandlers(services),
    ...adminHandlers(services),
  };
}
