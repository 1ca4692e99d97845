import { isWithin } from '../../domain/address.ts';
import { Failure } from '../../domain/failure.ts';
import type { Handlers } from '../handler.ts';
import type { Services } from '../services.ts';
import { upkeepHandlers } from './upkeep.ts';

const MINUTE = 60_000;

export function adminHandlers(services: Services): Handlers<'admin'> {
  const { accounts, addressBans, presence, rendezvous, sessions, gatherer, log, now } = services;
  return {
    ...upkeepHandlers(services),
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
    'admin.ban': async ({ name, address, banned = true, minutes, reason }, session) => {
      const until = minutes === undefined || !banned ? undefined : now() + minutes * MINUTE;
      const by = session.member?.name ?? 'owner';
      const ended = { banned, until: until ?? null };
      const said = reason ?? (banned ? 'banned' : 'let in again');
      if (name !== undefined && address === undefined) {
        const account = await accounts.ban({ name, banned, reason, until, by });
        const dropped = banned ? presence.end(account.name, reason ?? 'The owner banned this account.', session) : 0;
        log.info({ event: 'admin.ban', name: account.name, banned, until, dropped }, said);
        return { name: account.name, address: null, ...ended, dropped };
      }
      if (address !== undefined && name === undefined) {
        const from = session.local ? undefined : session.address;
        const range = await addressBans.ban({ address, banned, reason, until, by, from });
        let dropped = 0;
        if (banned) {
          rendezvous.forgetAddress((place) => isWithin(range, place));
          for (const other of [...sessions]) {
            if (other.local || !isWithin(range, other.address)) continue;
            other.keepOut(reason);
            dropped += 1;
          }
        }
        log.info({ event: 'admin.ban', address: range.text, banned, until, dropped }, said);
        return { name: null, address: range.text, ...ended, dropped };
      }
      throw new Failure('INVALID_PARAMS', 'Give either "name" or "address".', { data: { path: '/name' } });
    },
    'admin.bans': async () => ({
      bans: [
        ...(await accounts.bans()).map(({ name, until = null, reason = null }) => ({
          name,
          address: null,
          until,
          reason,
        })),
        ...addressBans.list().map(({ range, until = null, reason = null }) => ({
          name: null,
          address: range,
          until,
          reason,
        })),
      ],
    }),
    'admin.refresh': async ({ provider }) => {
      await gatherer.refresh(provider);
      return {};
    },
    'admin.stop': ({ retryAfterMs }) => {
      services.stop(retryAfterMs);
      return {};
    },
  };
}
