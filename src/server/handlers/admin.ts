import { isWithin } from '../../domain/address.ts';
import { Failure } from '../../domain/failure.ts';
import type { Handlers } from '../handler.ts';
import type { Services } from '../services.ts';
import { upkeepHandlers } from './upkeep.ts';

const MINUTE = 60_000;

export function adminHandlers(services: Services): Handlers<'admin'> {
  const { accounts, addressBans, daemons, presence, sessions, gatherer, log, now } = services;
  daemons.answer('quitAll', ({ reason }: { reason: string }) => {
    const dropped = sessions.endAll(reason);
    log.info({ event: 'admin.quitAll', dropped }, reason);
    return dropped;
  });
  daemons.answer('kick', ({ name, reason }: { name: string; reason: string }) => presence.end(name, reason));
  /** What the other daemons of the room dropped, and which of them did not say. */
  const elsewhere = async (question: string, params: object) => {
    const { answers, silent } = await daemons.askAll(question, params);
    const dropped = [...answers.values()].reduce<number>((sum, count) => sum + Number(count), 0);
    return { dropped, silent: silent.length === 0 ? {} : { silent: silent.map(({ address }) => address) } };
  };

  return {
    ...upkeepHandlers(services),
    'admin.status': () => services.status(),
    'admin.quitAll': async ({ reason = 'The owner ends all connections.' }, session) => {
      const here = sessions.endAll(reason, { except: session });
      log.info({ event: 'admin.quitAll', dropped: here }, reason);
      const { dropped, silent } = await elsewhere('quitAll', { reason });
      return { dropped: here + dropped, ...silent };
    },
    'admin.kick': async ({ name, reason = 'The owner ends this connection.' }, session) => {
      const account = accounts.get(name);
      const here = presence.end(account.name, reason, session);
      const { dropped, silent } = await elsewhere('kick', { name: account.name, reason });
      log.info({ event: 'admin.kick', name: account.name, dropped: here + dropped }, reason);
      return { dropped: here + dropped, ...silent };
    },
    'admin.ban': async ({ name, address, banned = true, minutes, reason }, session) => {
      const until = minutes === undefined || !banned ? undefined : now() + minutes * MINUTE;
      const by = session.member?.name ?? 'owner';
      const ended = { banned, until: until ?? null };
      const said = reason ?? (banned ? 'banned' : 'let in again');
      if (name !== undefined && address === undefined) {
        const dropped = banned ? presence.connections(name).length : 0; // the doorkeeper of each daemon ends them
        const account = await accounts.ban({ name, banned, reason, until, by });
        log.info({ event: 'admin.ban', name: account.name, banned, until, dropped }, said);
        return { name: account.name, address: null, ...ended, dropped };
      }
      if (address !== undefined && name === undefined) {
        const from = session.local ? undefined : session.address;
        const all = [...sessions, ...presence.afar()].filter(({ local }) => !local).map((each) => each.address);
        const range = await addressBans.ban({ address, banned, reason, until, by, from });
        const dropped = banned ? all.filter((each) => isWithin(range, each)).length : 0;
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
