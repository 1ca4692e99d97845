import { Failure } from '../../domain/failure.ts';
import { nameKey } from '../../domain/name.ts';
import { isUnread } from '../../room/messages.ts';
import type { Handlers } from '../handler.ts';
import type { Services } from '../services.ts';

export function exportHandlers({
  accounts,
  accountExport,
  files,
  view,
  log,
}: Services): Pick<Handlers<'account'>, 'account.export'> {
  return {
    'account.export': async ({ name: wanted, cursor }, session) => {
      const name = wanted ?? session.writer.name;
      const own = session.memberKey !== undefined && session.memberKey === nameKey(name);
      if (!(own || session.isOwner)) {
        throw new Failure('NOT_ALLOWED', 'Only the owner may have what others wrote. Leave the name out for your own.');
      }
      const account = accounts.get(name);
      if (cursor === undefined) {
        log.info(
          { event: 'account.export', name: account.name, by: session.member?.name ?? 'owner' },
          'an export begins',
        );
      }
      const page = await accountExport.page(account.name, { messages: own, cursor });
      const { role, createdAt, banned } = account;
      return {
        account: { name: account.name, role, createdAt, banned },
        posts: page.posts,
        messages: page.messages.map((message) => ({ ...message, unread: isUnread(view, account.name, message) })),
        listings: page.listings.map((listing) => files.seen(listing)),
        cursor: page.cursor,
      };
    },
  };
}
