import { canonicalName } from '../../domain/account.ts';
import { AppError } from '../../domain/app-error.ts';
import type { Account } from '../../projections/accounts.ts';
import type { MethodParams, MethodResult } from '../../protocol/methods.ts';
import { type NewSession, tokenHash } from '../../room/accounts.ts';
import { isUnread } from '../../room/direct-messages.ts';
import type { HandlerGroup } from '../handler.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session.ts';

type PeerParam = MethodParams<'account.signIn'>['peer'];

/** The address that a password comes from, and the signal that its client has gone. */
function requestOrigin({ address, signal }: Session): { address: string; signal: AbortSignal } {
  return { address, signal };
}

export function accountHandlers(services: Services): HandlerGroup<'account'> {
  const { accounts, accountExport, catchUp, files, headSeq, log, presence, view } = services;
  /** Signs in with a new token. */
  const openSession = async (
    session: Session,
    account: Account,
    { peer, takeOver = false }: { peer?: PeerParam; takeOver?: boolean | undefined },
  ) => {
    const release = takeOver ? undefined : await presence.reserveSignIn(account.name, undefined);
    let opened: NewSession;
    try {
      opened = await accounts.openSession(account);
      const { hash } = opened;
      try {
        session.signIn({ name: account.name, token: hash }, { peer: peer && { ...peer, local: [] }, takeOver });
      } catch (error) {
        await accounts.closeSession(hash); // nobody has received the token
        throw error;
      }
    } finally {
      release?.();
    }
    const { name, role } = opened.account;
    return { name, role, token: opened.token, seq: headSeq() };
  };

  return {
    'account.export': async ({ name: requestedName, cursor }, session) => {
      const name = requestedName ?? session.writer.name;
      const isOwn = session.memberKey !== undefined && session.memberKey === canonicalName(name);
      if (!(isOwn || session.isOwner)) {
        throw new AppError('NOT_ALLOWED', 'Only the owner can export the data of others. Omit the name for your own.');
      }
      const account = accounts.get(name);
      if (cursor === undefined) {
        log.info({ event: 'account.export', name: account.name, by: session.actor }, 'export started');
      }
      const page = await accountExport.page(account.name, { messages: isOwn, cursor });
      const { role, createdAt, banned } = account;
      return {
        account: { name: account.name, role, createdAt, banned },
        posts: page.posts,
        messages: page.messages.map((message) => ({ ...message, unread: isUnread(view, account.name, message) })),
        listings: page.listings.map((listing) => files.withOnline(listing)),
        cursor: page.cursor,
      };
    },
    'account.signUp': async ({ name, password, peer, takeOver }, session) => {
      const account = await accounts.signUp({ name, password, ...requestOrigin(session), local: session.local });
      const opened = await openSession(session, account, { peer, takeOver });
      const { name: member, role } = opened;
      log.info({ event: 'account.signUp', name: member, role, address: session.address }, 'signed up');
      return { status: 201, ...opened } satisfies MethodResult<'account.signUp'>;
    },
    'account.signIn': async ({ name, password, peer, takeOver }, session) => {
      await catchUp(); // another daemon may have created the account a moment ago
      const account = await accounts.signIn({ name, password, ...requestOrigin(session) });
      const opened = await openSession(session, account, { peer, takeOver });
      log.info({ event: 'account.signIn', name: account.name, address: session.address }, 'signed in');
      return { status: 200, ...opened } satisfies MethodResult<'account.signIn'>;
    },
    'account.resume': async ({ token, peer, takeOver = false }, session) => {
      await catchUp();
      const hash = tokenHash(token);
      const { name } = accounts.resume(token, session.address);
      const release = takeOver ? undefined : await presence.reserveSignIn(name, hash);
      try {
        const { role } = accounts.resume(token, session.address); // it may have been revoked meanwhile
        session.signIn({ name, token: hash }, { peer: peer && { ...peer, local: [] }, takeOver });
        return { status: 200, name, role, token, seq: headSeq() };
      } finally {
        release?.();
      }
    },
    'account.signOut': async (_, session) => {
      const { name, token } = session.writer;
      session.isSigningOut = true;
      try {
        await accounts.closeSession(token); // the access enforcer of each daemon ends other connections of this token
      } finally {
        session.isSigningOut = false;
      }
      session.signOut();
      log.info({ event: 'account.signOut', name, address: session.address }, 'signed out');
      return {};
    },
    'account.changePassword': async ({ password, newPassword }, session) => {
      const { name, token } = session.writer;
      await accounts.changePassword({ name, password, newPassword, ...requestOrigin(session), keepToken: token });
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
      log.info({ event: 'account.setRole', name: account.name, role, by: session.actor }, 'role changed');
      return { name: account.name, role };
    },
    'account.import': async ({ accounts: rows }) => {
      await catchUp(); // somebody may have signed in at another daemon a moment ago
      const results = await accounts.importAccounts(rows);
      const namesOf = (wanted: string) => results.flatMap(({ name, outcome }) => (outcome === wanted ? [name] : []));
      const created = namesOf('created').length;
      log.info({ event: 'account.import', created, repaired: namesOf('repaired') }, 'imported');
      return { results: [...results] };
    },
  };
}
