import { Encoded, type Handlers } from '../handler.ts';
import type { Services } from '../services.ts';

export function upkeepHandlers({
  backup,
  reload,
  log,
  now,
  serverName,
}: Services): Pick<Handlers<'admin'>, 'admin.backup' | 'admin.reload'> {
  return {
    'admin.reload': async () => {
      const { changed, restart } = await reload();
      return { changed: [...changed], restart: [...restart] };
    },
    'admin.backup': async ({ after, upTo }, session) => {
      const { seq, records } = await backup.page({ after, upTo });
      if (upTo === undefined) {
        log.info(
          { event: 'admin.backup', seq, address: session.address, by: session.member?.name ?? 'owner' },
          'a backup begins',
        );
      }
      const head = JSON.stringify({ seq, at: now(), server: serverName });
      // Records are text already: they are not made objects once more.
      return new Encoded(`${head.slice(0, -1)},"records":[${records.join(',')}]}`);
    },
  };
}
