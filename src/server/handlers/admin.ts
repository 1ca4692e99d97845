import { cidrContains } from '../../domain/address.ts';
import { AppError } from '../../domain/app-error.ts';
import type { HandlerGroup } from '../handler.ts';
import { PreEncodedResult } from '../method-table.ts';
import type { Services } from '../services.ts';

const MINUTE_MS = 60_000;

export function adminHandlers(services: Services): HandlerGroup<'admin'> {
  const { accounts, addressBans, backup, cluster, clusterProviderHealth, connections, log, now, presence } = services;
  cluster.handle('quitAll', ({ reason }: { reason: string }) => {
    const dropped = connections.endAll(reason);
    log.info({ event: 'admin.quitAll', dropped }, reason);
    return dropped;
  });
  cluster.handle('kick', ({ name, reason }: { name: string; reason: string }) => presence.end(name, reason));
  /** What the other daemons of the cluster dropped, and which of them did not respond. */
  const requestOthers = async (question: string, params: object) => {
    const { replies, unresponsive } = await cluster.requestAll(question, params);
    const dropped = [...replies.values()].reduce<number>((sum, count) => sum + Number(count), 0);
    return { dropped, silent: unresponsive.length === 0 ? {} : { silent: unresponsive.map(({ address }) => address) } };
  };

  return {
    'admin.reload': async () => {
      const { changed, restart } = await services.reload();
      return { changed: [...changed], restart: [...restart] };
    },
    'admin.backup': async ({ after, upTo }, session) => {
      const { seq, records } = await backup.page({ after, upTo });
      if (upTo === undefined) {
        log.info({ event: 'admin.backup', seq, address: session.address, by: session.actor }, 'backup started');
      }
      const head = JSON.stringify({ seq, at: now(), server: services.serverName });
      // Records are text already: they are not made objects once more.
      return new PreEncodedResult(`${head.slice(0, -1)},"records":[${records.join(',')}]}`);
    },
    'admin.status': () => services.status(),
    'admin.quitAll': async ({ reason = 'The owner ended all connections.' }, session) => {
      const droppedHere = connections.endAll(reason, { except: session });
      log.info({ event: 'admin.quitAll', dropped: droppedHere }, reason);
      const { dropped, silent: unresponsive } = await requestOthers('quitAll', { reason });
      return { dropped: droppedHere + dropped, ...unresponsive };
    },
    'admin.kick': async ({ name, reason = 'The owner ended this connection.' }, session) => {
      const account = accounts.get(name);
      const droppedHere = presence.end(account.name, reason, session);
      const { dropped, silent: unresponsive } = await requestOthers('kick', { name: account.name, reason });
      log.info({ event: 'admin.kick', name: account.name, dropped: droppedHere + dropped }, reason);
      return { dropped: droppedHere + dropped, ...unresponsive };
    },
    'admin.ban': async ({ name, address, banned = true, minutes, reason }, session) => {
      const until = minutes === undefined || !banned ? undefined : now() + minutes * MINUTE_MS;
      const by = session.actor;
      const result = { banned, until: until ?? null };
      const reasonText = reason ?? (banned ? 'banned' : 'unbanned');
      if (name !== undefined && address === undefined) {
        const dropped = banned ? presence.connections(name).length : 0; // the access enforcer of each daemon ends them
        const account = await accounts.ban({ name, banned, reason, until, by });
        log.info({ event: 'admin.ban', name: account.name, banned, until, dropped }, reasonText);
        return { name: account.name, address: null, ...result, dropped };
      }
      if (address !== undefined && name === undefined) {
        const from = session.local ? undefined : session.address;
        const all = [...connections, ...presence.remoteConnections()]
          .filter(({ local }) => !local)
          .map((each) => each.address);
        const range = await addressBans.ban({ address, banned, reason, until, by, from });
        const dropped = banned ? all.filter((each) => cidrContains(range, each)).length : 0;
        log.info({ event: 'admin.ban', address: range.text, banned, until, dropped }, reasonText);
        return { name: null, address: range.text, ...result, dropped };
      }
      throw new AppError('INVALID_PARAMS', 'Specify either "name" or "address".', { data: { path: '/name' } });
    },
    'admin.bans': async () => ({
      bans: [
        ...(await accounts.listBans()).map(({ name, ...ban }) => ({ name, address: null, ...banFields(ban) })),
        ...addressBans.list().map(({ range, ...ban }) => ({ name: null, address: range, ...banFields(ban) })),
      ],
    }),
    'admin.refresh': async ({ provider }) => {
      await clusterProviderHealth.refresh(provider);
      return {};
    },
    'admin.stop': ({ retryAfterMs }) => {
      services.stop(retryAfterMs);
      return {};
    },
  };
}

function banFields({ until, reason }: { until?: number | undefined; reason?: string | undefined }) {
  return { until: until ?? null, reason: reason ?? null };
}
