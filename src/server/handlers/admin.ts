import type { Handlers } from '../handler.ts';
import type { Services } from '../services.ts';

export function adminHandlers(services: Services): Handlers<'admin'> {
  const { accounts, presence, sessions, gatherer, log } = services;
  return {
    'admin.status': () => services.status(),
    'admin.quitAll': ({ reason = 'The owner ends all connections.' }, session) => {
      const dropped = sessions.endAll(reason, { except: session });
      log.info({ event: 'admin.quitAll', dropped }, reason);
      return { dropped };
    },
    'admin.kick': ({ name, reason = 'The owner ends this connection.' }, session) => {
      const account = accounts.get(name);
      const dropped = presence.end(account.name, reason, session);
      log.info({ event: 'admin.kick', name: account.name, dropped }, reason);
      return { dropped };
    },
    'admin.ban': async ({ name, banned = true, reason }, session) => {
      const account = await accounts.ban({ name, banned, reason, by: session.member?.name ?? 'owner' });
      const dropped = banned ? presence.end(account.name, reason ?? 'The owner banned this account.', session) : 0;
      log.info(
        { event: 'admin.ban', name: account.name, banned, dropped },
        reason ?? (banned ? 'banned' : 'let in again'),
      );
      return { name: account.name, banned, dropped };
    },
    'admin.refresh': async ({ provider }) => {
      await gatherer.refresh(provider);
      return {};
    },
    'admin.stop': () => {
      services.stop();
      return {};
    },
  };
}
