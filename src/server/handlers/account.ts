import type { Params, Result } from '../../protocol/methods.ts';
import { type OpenedSession, tokenHash } from '../../room/accounts.ts';
import type { Account } from '../../view/accounts.ts';
import type { Handlers } from '../handler.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session.ts';
import { exportHandlers } from './export.ts';

type Peer = Params<'account.signIn'>['peer'];

/** Where a password comes from, and until when somebody waits for it. */
function whence({ address, signal }: Session): { address: string; signal: AbortSignal } {
  return { address, signal };
}

export function accountHandlers(services: Services): Handlers<'account'> {
  const { accounts, presence, log, head, catchUp } = services;
  /** Joins the room by a new token. */
  const enter = async (
    session: Session,
    account: Account,
    { peer, takeOver = false }: { peer?: Peer; takeOver?: boolean | undefined },
  ) => {
    const claimed = takeOver ? undefined : await presence.claim(account.name, undefined);
    let opened: OpenedSession;
    try {
      opened = await accounts.openSession(account);
      const { hash } = opened;
      try {
        session.signIn({ name: account.name, token: hash }, { peer: peer && { ...peer, local: [] }, takeOver });
      } catch (failure) {
        await accounts.closeSession(hash); // nobody has heard of the token
        throw failure;
      }
    } finally {
      claimed?.();
    }
    const {
      token,
      account: { name, role },
    } = opened;
    return { name, role, token, seq: head() };
  };

  return {
    ...exportHandlers(services),
    'account.signUp': async ({ name, password, peer, takeOver }, session) => {
      const account = await accounts.signUp({ name, password, ...whence(session), local: session.local });
      const entered = await enter(session, account, { peer, takeOver });
      log.info(
        { event: 'account.signUp', name: account.name, role: entered.role, address: session.address },
        'signed up',
      );
      return { status: 201, ...entered } satisfies Result<'account.signUp'>;
    },
    'account.signIn': async ({ name, password, peer, takeOver }, session) => {
      await catchUp(); // the account may have been made by another daemon a moment ago
      const account = await accounts.signIn({ name, password, ...whence(session) });
      const entered = await enter(session, account, { peer, takeOver });
      log.info({ event: 'account.signIn', name: account.name, address: session.address }, 'signed in');
      return { status: 200, ...entered } satisfies Result<'account.signIn'>;
    },
    'account.resume': async ({ token, peer, takeOver = false }, session) => {
      await catchUp();
      const hash = tokenHash(token);
      const { name } = accounts.resume(token, session.address);
      const claimed = takeOver ? undefined : await presence.claim(name, hash);
      try {
        const { role } = accounts.resume(token, session.address); // it may have become void meanwhile
        session.signIn({ name, token: hash }, { peer: peer && { ...peer, local: [] }, takeOver });
        return { status: 200, name, role, token, seq: head() };
      } finally {
        claimed?.();
      }
    },
    'account.signOut': async (_, session) => {
      const { name, token } = session.writer;
      session.leaving = true;
      try {
        await accounts.closeSession(token); // the doorkeeper of each daemon ends what else came by it
      } finally {
        session.leaving = false;
      }
      session.signOut();
      log.info({ event: 'account.signOut', name, address: session.address }, 'signed out');
      return {};
    },
    'account.changePassword': async ({ password, newPassword }, session) => {
      const { name, token } = session.writer;
      await accounts.changePassword({ name, password, newPassword, ...whence(session), keepToken: token });
      log.info({ event: 'account.changePassword', name, address: session.address }, 'password changed');
      return {};
    },
    'account.list': async () => ({
      accounts: (await accounts.list()).map(({ name, role, createdAt, banned }) => ({
        name,
        role,
        createdAt,
        banned,
        signedIn: presence.isActive(name),
      })),
    }),
    'account.setRole': async ({ name, role }, session) => {
      const account = await accounts.setRole({ name, role });
      log.info(
        { event: 'account.setRole', name: account.name, role, by: session.member?.name ?? 'owner' },
        'role changed',
      );
      return { name: account.name, role };
    },
    'account.import': async ({ accounts: rows }) => {
      await catchUp(); // somebody may have signed in at another daemon a moment ago
      const results = await accounts.importAccounts(rows);
      const namesOf = (wanted: string) => results.flatMap(({ name, outcome }) => (outcome === wanted ? [name] : []));
      log.info(
        { event: 'account.import', created: namesOf('created').length, repaired: namesOf('repaired') },
        'imported',
      );
      return { results: [...results] };
    },
  };
}
