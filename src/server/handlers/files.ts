import { AppError } from '../../domain/app-error.ts';
import type { HandlerGroup } from '../handler.ts';
import type { Services } from '../services.ts';

export function filesHandlers({ files, log }: Services): HandlerGroup<'files'> {
  return {
    'files.publish': async ({ key: given, ...listing }, session) => {
      const { name, address } = session.author;
      const key = given ?? session.peer?.key;
      if (key === undefined) {
        throw new AppError(
          'INVALID_PARAMS',
          'The parameter "key" is missing, and no peer is registered on this connection.',
          { data: { path: '/key' } },
        );
      }
      const seq = await files.publish(name, { ...listing, key }, address);
      log.info({ event: 'files.publish', member: name, file: listing.name, size: listing.size }, 'published');
      return { status: 202, seq };
    },
    'files.unpublish': async ({ name }, session) => {
      const { name: member, address } = session.author;
      await files.unpublish(member, name, address);
      log.info({ event: 'files.unpublish', member, file: name }, 'unpublished');
      return {};
    },
    'files.discover': (discovery) => files.discover(discovery),
    'files.find': async ({ name }) => ({ status: 204, sources: await files.find(name) }),
  };
}
