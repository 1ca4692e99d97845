import { createHash, randomBytes } from 'node:crypto';
import { canonicalName, parseMemberName, parsePassword, type Role } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import type { Logger } from '../domain/logger.ts';
import { rateLimitKey } from '../domain/rate-limit-key.ts';
import { sanitizeText } from '../domain/text.ts';
import { type EpochMs, formatDuration } from '../domain/time.ts';
import { accountSubject } from '../projections/account-subject.ts';
import type { Account } from '../projections/accounts.ts';
import { AccountImporter, type AccountImportRow, type ImportedAccount, isUnusedImport } from './account-importer.ts';
import { AccountWriter, accountExistsError } from './account-writer.ts';
import { appendNow, appendToJournal, type RoomContext } from './append-to-journal.ts';
import type { LoginThrottle } from './login-throttle.ts';
import type { PasswordHasher } from './password-hasher.ts';
import { SignUpLimiter } from './sign-up-limiter.ts';
import { formatRetryDelay } from './sliding-window-limiter.ts';

export interface PasswordCredentials {
  readonly name: string;
  readonly password: string;
  readonly address: string;
  /** Aborts when the connection closes: a waiting password is not checked any more. */
  readonly signal?: AbortSignal | undefined;
}

/** A new token. The client receives it once; only its hash is stored. */
export interface NewSession {
  readonly account: Account;
  readonly token: string;
  readonly hash: string;
  readonly expires: EpochMs;
}

export interface AccountSummary {
  readonly name: string;
  readonly role: Role;
  readonly createdAt: EpochMs;
  readonly banned: boolean;
}

export interface BannedAccount {
  readonly name: string;
  readonly reason?: string | undefined;
  readonly until?: EpochMs | undefined;
}

const TOKEN_BYTES = 32;
const TOKEN_LIFETIME_MS = 30 * 86_400_000;
/**
 * The accounts of the room: who may sign in, and with which role. Who is online is tracked by Presence. Races are
 * resolved by the journal (`expect` on the account's subject), and by the read model for rules about all accounts (one
 * first owner, never none). Refused sign-ups and sign-ins are logged here, for all protocols.
 */
export class Accounts {
  readonly #room: RoomContext & { hasher: PasswordHasher; throttle: LoginThrottle; log: Logger };
  readonly #writer: AccountWriter;
  readonly #importer: AccountImporter;
  readonly #signUps: SignUpLimiter;

  /** @param room.monotonic in ms; measures the hour of the sign-up limits */
  constructor(
    room: RoomContext & {
      hasher: PasswordHasher;
      throttle: LoginThrottle;
      log: Logger;
      monotonic?: () => number;
      limits: { signUpsPerHour: number; signUpsInAllPerHour: number };
    },
  ) {
    this.#room = room;
    this.#writer = new AccountWriter(room);
    this.#importer = new AccountImporter(room, this.#writer);
    this.#signUps = new SignUpLimiter(room.limits, room.monotonic);
  }

  /**
   * Creates an account.
   * @param local from the control socket: not limited, and creates the owner while the room has none
   * @throws AppError INVALID_REQUEST, ACCOUNT_EXISTS, TOO_MANY_REQUESTS
   */
  async signUp({ local, address, signal, ...wanted }: PasswordCredentials & { local: boolean }): Promise<Account> {
    const name = parseMemberName(wanted.name);
    const password = parsePassword(wanted.password);
    const source = rateLimitKey(address);
    const check = () => {
      if (this.#room.readModel.accounts.byName(name)) throw accountExistsError();
      if (!local) this.#signUps.assertAllowed(source);
    };
    let isCounted = false;
    try {
      check();
      const hash = await this.#room.hasher.hash(password, {
        ...{ source, account: canonicalName(name), signal },
        begin: () => {
          check();
          if (local) return;
          this.#signUps.add(source);
          isCounted = true;
        },
      });
      const role = local && this.#room.readModel.accounts.owners === 0 ? 'owner' : 'member';
      return await this.#writer.create({ name, role, password: hash, passwordFrom: 'member' });
    } catch (thrown) {
      if (isCounted) this.#signUps.refund(source);
      const reason = AppError.from(thrown).code;
      this.#room.log.info({ event: 'account.signUp', name, address, reason }, 'sign-up refused');
      throw thrown;
    }
  }

  /**
   * Checks name and password.
   * @throws AppError NO_SUCH_ACCOUNT, WRONG_PASSWORD (`data.attemptsLeft`), LOCKED_OUT (`data.retryAfterMs`),
   * NOT_ALLOWED (banned), NOT_SIGNED_IN (the password was changed meanwhile), TOO_MANY_REQUESTS, INVALID_REQUEST, and
   * what `Journal.append` throws, because the first sign-in is recorded
   */
  async signIn({ name, password, address, signal }: PasswordCredentials): Promise<Account> {
    try {
      const proved = this.get(name);
      const normalized = parsePassword(password);
      await this.#verifyPassword(proved, normalized, { address, signal });
      this.#checkBan(proved);
      const account = await this.#recordSignIn(proved);
      if (this.#room.hasher.needsRehash(account.password))
        await this.#rehash(account, normalized, rateLimitKey(address));
      return this.assertUnchanged(account);
    } catch (thrown) {
      const reason = AppError.from(thrown).code;
      // Log existing names only: an unknown one may be a password that was typed into the wrong field.
      const known = this.#room.readModel.accounts.byName(name)?.name;
      this.#room.log.warn({ event: 'account.signIn', name: known, address, reason }, 'sign-in refused');
      throw thrown;
    }
  }

  /**
   * Creates a token for a member who has just signed in or up.
   * @param account from `signIn` or `signUp`
   * @throws AppError NOT_ALLOWED, NOT_SIGNED_IN when the account was banned or its password changed since
   */
  async openSession(account: Account): Promise<NewSession> {
    this.assertUnchanged(account);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const hash = tokenHash(token);
    const now = this.#room.now();
    const expires = now + TOKEN_LIFETIME_MS;
    await appendToJournal(this.#room.journal, 'session.opened', now, { name: account.name, token: hash, expires });
    try {
      // A ban or a password change may have come first. One that comes later finds the token and voids it.
      return { account: this.assertUnchanged(account), token, hash, expires };
    } catch (refusal) {
      await this.closeSession(hash);
      throw refusal;
    }
  }

  /**
   * The account of a token.
   * @throws AppError NOT_SIGNED_IN, NOT_ALLOWED (banned)
   */
  resume(token: string, address: string): Account {
    const { log } = this.#room;
    const stored = this.#room.readModel.accounts.token(tokenHash(token));
    const account = stored && this.#room.readModel.accounts.byName(stored.name);
    if (!account || stored.expires <= this.#room.now()) {
      log.info({ event: 'account.resume', name: stored?.name, address, reason: 'NOT_SIGNED_IN' }, 'token refused');
      throw new AppError('NOT_SIGNED_IN', 'This token is no longer valid. Sign in again.');
    }
    try {
      this.#checkBan(account);
    } catch (refusal) {
      log.warn({ event: 'account.resume', name: account.name, address, reason: 'NOT_ALLOWED' }, 'token refused');
      throw refusal;
    }
    return account;
  }

  async closeSession(hash: string): Promise<void> {
    const token = this.#room.readModel.accounts.token(hash);
    if (token) await appendNow(this.#room, 'session.closed', { name: token.name, token: hash });
  }

  /**
   * Changes the password and voids all tokens but one.
   * @param change.keepToken hash of the token that stays valid
   * @throws AppError NO_SUCH_ACCOUNT, WRONG_PASSWORD, LOCKED_OUT, TOO_MANY_REQUESTS, INVALID_REQUEST, CONFLICT
   */
  async changePassword(
    change: PasswordCredentials & { newPassword: string; keepToken?: string | undefined },
  ): Promise<void> {
    const { address, keepToken, signal } = change;
    try {
      const newPassword = parsePassword(change.newPassword);
      const account = this.get(change.name);
      await this.#verifyPassword(account, parsePassword(change.password), { address, signal });
      const queueKeys = { source: rateLimitKey(address), account: canonicalName(account.name) };
      const password = await this.#room.hasher.hash(newPassword, { ...queueKeys, signal });
      await this.#writer.update(account.name, 'account.password', (current) => {
        if (current.passwordSeq !== account.passwordSeq) {
          throw new AppError('CONFLICT', 'The password was changed elsewhere in the meantime.');
        }
        const keep = keepToken === undefined ? {} : { keep: keepToken };
        return { name: current.name, password, ...keep, passwordFrom: 'member' };
      });
    } catch (thrown) {
      const reason = AppError.from(thrown).code;
      this.#room.log.warn(
        { event: 'account.changePassword', name: sanitizeText(change.name), address, reason },
        'password change refused',
      );
      throw thrown;
    }
  }

  /** @throws AppError NO_SUCH_ACCOUNT, CONFLICT when the room would have no owner, or a banned one */
  async setRole({ name, role }: { name: string; role: Role }): Promise<Account> {
    const account = await this.#writer.update(name, 'account.role', (current) => {
      if (current.role === role) return undefined;
      if (current.role === 'owner' && this.#room.readModel.accounts.owners === 1) throw lastOwnerError(current.name);
      if (this.#isBanned(current) && role === 'owner') {
        throw new AppError('CONFLICT', `${current.name} is banned. Lift the ban first.`);
      }
      return { name: current.name, role };
    });
    if (account.role === role) return account;
    throw lastOwnerError(account.name); // two owners gave up the role at once: the read model kept the second one
  }

  /**
   * Bans a member or lifts the ban. The caller disconnects them.
   * @param ban.until when the ban expires; undefined: when somebody lifts it
   * @param ban.by name of the author
   * @throws AppError NO_SUCH_ACCOUNT, CONFLICT for an owner
   */
  async ban(ban: {
    name: string;
    banned: boolean;
    reason?: string | undefined;
    until?: EpochMs | undefined;
    by: string;
  }): Promise<Account> {
    const { banned, until, by } = ban;
    const reason = sanitizeText(ban.reason ?? '');
    return await this.#writer.update(ban.name, 'account.banned', (current) => {
      if (banned && current.role === 'owner') {
        throw new AppError('CONFLICT', `${current.name} is an owner. Change the role before banning.`);
      }
      if (!banned && !current.banned) return undefined;
      return {
        name: current.name,
        banned,
        by,
        ...(banned && reason !== '' ? { reason } : {}),
        ...(banned && until !== undefined ? { until } : {}),
      };
    });
  }

  /** @throws AppError NO_SUCH_ACCOUNT */
  get(name: string): Account {
    return this.#writer.get(name);
  }

  async list(): Promise<AccountSummary[]> {
    const summaries: AccountSummary[] = [];
    for await (const account of this.#room.readModel.accounts.all()) {
      const { name, role, createdAt } = account;
      summaries.push({ name, role, createdAt, banned: this.#isBanned(account) });
    }
    return summaries;
  }

  async listBans(): Promise<BannedAccount[]> {
    const bans: BannedAccount[] = [];
    for await (const account of this.#room.readModel.accounts.all()) {
      if (this.#isBanned(account))
        bans.push({ name: account.name, reason: account.banReason, until: account.banUntil });
    }
    return bans;
  }

  importAccounts(rows: readonly AccountImportRow[]): Promise<ImportedAccount[]> {
    return this.#importer.import(rows);
  }

  /**
   * Records the first sign-in to an account that an import may have created. After it, no import changes the password.
   * @throws AppError NOT_SIGNED_IN when an import has just changed it, and what `Journal.append` throws
   */
  async #recordSignIn(account: Account): Promise<Account> {
    if (!isUnusedImport(account)) return account;
    return await this.#writer.update(account.name, 'account.rehashed', () => {
      const current = this.assertUnchanged(account);
      if (current.everSignedIn) return undefined;
      return { name: current.name, password: current.password, firstSignIn: true };
    });
  }

  /**
   * Checks a password unless the account is locked for this address. The lock is checked again when the password's turn
   * comes, so that simultaneous guesses count like consecutive ones.
   */
  async #verifyPassword(
    account: Account,
    password: string,
    { address, signal }: Pick<PasswordCredentials, 'address' | 'signal'>,
  ): Promise<void> {
    const check = () => this.#room.throttle.assertNotLocked(account.name, address);
    check();
    let attemptsLeft = 0;
    const isRight = await this.#room.hasher.verify(password, account.password, {
      ...{ source: rateLimitKey(address), account: canonicalName(account.name), signal },
      begin: check,
      end: (isRight) => {
        if (isRight) this.#room.throttle.recordSuccess(account.name, address);
        else attemptsLeft = this.#room.throttle.recordFailure(account.name, address);
      },
    });
    if (isRight) return;
    const retryAfterMs = this.#room.throttle.waitMs(account.name, address);
    if (attemptsLeft === 0) {
      throw new AppError('WRONG_PASSWORD', `The password is wrong. Try again in ${formatRetryDelay(retryAfterMs)}.`, {
        data: { attemptsLeft, retryAfterMs },
      });
    }
    throw new AppError(
      'WRONG_PASSWORD',
      `The password is wrong. ${attemptsLeft} ${attemptsLeft === 1 ? 'attempt' : 'attempts'} left.`,
      { data: { attemptsLeft } },
    );
  }

  /** A failure does not refuse the sign-in: the next one tries again. */
  async #rehash(account: Account, password: string, source: string): Promise<void> {
    try {
      const hash = await this.#room.hasher.hash(password, { source });
      const options = { subject: accountSubject(account.name), expect: account.seq };
      await appendNow(this.#room, 'account.rehashed', { name: account.name, password: hash }, options);
    } catch (thrown) {
      const reason = AppError.from(thrown).code;
      this.#room.log.info({ event: 'account.rehashed', name: account.name, reason }, 'password hash not upgraded');
    }
  }

  /** Returns the current account if ban and password still allow it. @throws AppError NOT_ALLOWED, NOT_SIGNED_IN */
  assertUnchanged(account: Account): Account {
    const current = this.get(account.name);
    this.#checkBan(current);
    if (current.passwordSeq !== account.passwordSeq) {
      throw new AppError('NOT_SIGNED_IN', 'The password was changed in the meantime. Sign in again.');
    }
    return current;
  }

  #isBanned({ banned, banUntil }: Account): boolean {
    return banned && (banUntil === undefined || banUntil > this.#room.now());
  }

  #checkBan(account: Account): void {
    if (!this.#isBanned(account)) return;
    const { banReason, banUntil } = account;
    const left = banUntil === undefined ? '' : ` for ${formatDuration(banUntil - this.#room.now())} more`;
    throw new AppError(
      'NOT_ALLOWED',
      `This account is banned${left}${banReason === undefined ? '' : ` (${banReason})`}. Ask the owner of the room.`,
      {
        data: {
          ...defined({ banReason, banUntil }),
        },
      },
    );
  }
}

/** The stored form of a token. A plain hash is enough: tokens are random and cannot be guessed from it. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function lastOwnerError(name: string): AppError {
  return new AppError('CONFLICT', `${name} is the last owner of the room. Make another member owner first.`);
}
