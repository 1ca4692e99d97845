import { createHash, randomBytes } from 'node:crypto';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { formatSpan, type Instant } from '../domain/instant.ts';
import { nameKey, parseName, parsePassword, type Role } from '../domain/name.ts';
import { normalForm } from '../domain/normal-form.ts';
import { sourceOf } from '../domain/source-key.ts';
import type { Change, Journal } from '../engine/contract.ts';
import type { Log } from '../rates/log.ts';
import type { Account } from '../view/accounts.ts';
import type { Records } from '../view/records.ts';
import { accountSubject } from '../view/subject.ts';
import type { View } from '../view/view.ts';
import { AccountUse } from './account-use.ts';
import { append } from './append.ts';
import type { Lockout } from './lockout.ts';
import type { Passwords } from './passwords.ts';
import { RollingWindow } from './rolling-window.ts';
import { timeLeft } from './time-left.ts';

export interface Credentials {
  readonly name: string;
  readonly password: string;
  readonly address: string;
  /** The connection is closed: a password that waits is not checked any more. */
  readonly signal?: AbortSignal | undefined;
}

/** A token just made. It is told to the client once; only its hash is kept. */
export interface OpenedSession {
  readonly account: Account;
  readonly token: string;
  /** `tokenHash(token)`. */
  readonly hash: string;
  readonly expires: Instant;
}

/** What an owner sees of an account. */
export interface AccountSummary {
  readonly name: string;
  readonly role: Role;
  readonly createdAt: Instant;
  readonly banned: boolean;
}

/** An account that is kept out now. */
export interface AccountBan {
  readonly name: string;
  readonly reason?: string | undefined;
  readonly until?: Instant | undefined;
}

export interface ImportRow {
  readonly name: string;
  readonly password: string;
  /** What an earlier version took for the password. Default: a space and the password. */
  readonly misread?: string | undefined;
}

export interface ImportResult {
  readonly name: string;
  readonly outcome: 'created' | 'repaired' | 'exists' | 'refused';
  /** Why it was refused, a sentence. */
  readonly reason?: string;
}

type AccountKind = 'account.password' | 'account.rehashed' | 'account.role' | 'account.banned';

const HOUR = 3_600_000;
const TOKEN_BYTES = 32;
const TOKEN_LIFE = 30 * 24 * HOUR;
/** The key of sign-ups of all addresses. */
const ALL = '';
/** Addresses whose sign-ups are counted. */
const SOURCES = 10_000;
/** How often a change is tried again because another one of the same account came first. */
const TRIES = 20;
/** An import hashes one password after another, and waits its turn behind those who sign in. */
const PATIENT = { patient: true };

/**
 * The accounts of the room: who may come in, and as what. Who is in at this moment is presence's business. Checks and
 * changes that race are settled by the journal: `expect` on the account's subject, and by the view where a rule is
 * about all accounts (one first owner, never none). What is refused at the door is logged here, whoever asked.
 */
export class Accounts {
  readonly #journal: Journal;
  readonly #view: View;
  readonly #passwords: Passwords;
  readonly #lockout: Lockout;
  readonly #use: AccountUse;
  readonly #now: () => Instant;
  readonly #signUps: RollingWindow;
  readonly #allSignUps: RollingWindow;
  readonly #log: Log;

  /** @param room.monotonic ms; counts the hour of sign-ups */
  constructor(room: {
    journal: Journal;
    view: View;
    passwords: Passwords;
    lockout: Lockout;
    now: () => Instant;
    monotonic?: () => number;
    limits: { signUpsPerHour: number; signUpsInAllPerHour: number };
    log: Log;
  }) {
    this.#journal = room.journal;
    this.#view = room.view;
    this.#passwords = room.passwords;
    this.#lockout = room.lockout;
    this.#use = new AccountUse(room.journal);
    this.#now = room.now;
    this.#allSignUps = new RollingWindow({
      get limit() {
        return room.limits.signUpsInAllPerHour;
      },
      span: HOUR,
      keys: 1,
      now: room.monotonic ?? (() => performance.now()),
    });
    this.#signUps = new RollingWindow({
      get limit() {
        return room.limits.signUpsPerHour; // may be set anew
      },
      span: HOUR,
      keys: SOURCES,
      now: room.monotonic ?? (() => performance.now()),
    });
    this.#log = room.log;
  }

  /**
   * Makes an account.
   * @param local it comes over the control socket: not throttled, and the owner while the room has none
   * @throws Failure INVALID_REQUEST, ACCOUNT_EXISTS, TOO_MANY_REQUESTS
   */
  async signUp({ local, address, signal, ...wanted }: Credentials & { local: boolean }): Promise<Account> {
    const name = parseName(wanted.name);
    const password = parsePassword(wanted.password);
    const source = sourceOf(address);
    const check = () => {
      if (this.#view.accounts.byName(name)) throw exists();
      if (!local) this.#checkSignUps(source);
    };
    let counted = false;
    try {
      check();
      const hash = await this.#passwords.hash(password, {
        ...{ source, account: nameKey(name), signal },
        begin: () => {
          check();
          if (local) return;
          this.#signUps.add(source);
          this.#allSignUps.add(ALL);
          counted = true;
        },
      });
      const first = local && this.#view.accounts.owners === 0;
      return await this.#create({ name, role: first ? 'owner' : 'member', password: hash, passwordFrom: 'member' });
    } catch (thrown) {
      if (counted) {
        this.#signUps.takeBack(source);
        this.#allSignUps.takeBack(ALL);
      }
      const reason = Failure.from(thrown).code;
      this.#log.info({ event: 'account.signUp', name, address, reason }, 'sign-up refused');
      throw thrown;
    }
  }

  /**
   * Checks name and password.
   * @throws Failure NO_SUCH_ACCOUNT, WRONG_PASSWORD (`data.attemptsLeft`), LOCKED_OUT (`data.retryAfterMs`),
   * NOT_ALLOWED (banned), NOT_SIGNED_IN (the password was changed meanwhile), TOO_MANY_REQUESTS, INVALID_REQUEST, and
   * what `Journal.append` throws: the first sign-in is recorded
   */
  async signIn({ name, password, address, signal }: Credentials): Promise<Account> {
    try {
      const proved = this.get(name);
      const clean = parsePassword(password);
      await this.#prove(proved, clean, { address, signal });
      this.#checkBan(proved);
      const account = await this.#recordSignIn(proved);
      if (this.#passwords.outdated(account.password)) await this.#rehash(account, clean, sourceOf(address));
      return this.confirm(account);
    } catch (thrown) {
      const reason = Failure.from(thrown).code;
      // Only of an account that is there: what is none may be a password, typed where the name belongs.
      const known = this.#view.accounts.byName(name)?.name;
      this.#log.warn({ event: 'account.signIn', name: known, address, reason }, 'sign-in refused');
      throw thrown;
    }
  }

  /**
   * Makes a token for somebody who has just signed in or up.
   * @param account as `signIn` or `signUp` gave it
   * @throws Failure NOT_ALLOWED, NOT_SIGNED_IN when the account was banned or its password changed since
   */
  async openSession(account: Account): Promise<OpenedSession> {
    this.confirm(account);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const hash = tokenHash(token);
    const now = this.#now();
    const expires = now + TOKEN_LIFE;
    await append(this.#journal, 'session.opened', now, { name: account.name, token: hash, expires });
    try {
      // A ban or another password may have come in before it. What comes in later finds the token and voids it.
      return { account: this.confirm(account), token, hash, expires };
    } catch (refusal) {
      await this.closeSession(hash);
      throw refusal;
    }
  }

  /**
   * The account that a token stands for.
   * @throws Failure NOT_SIGNED_IN, NOT_ALLOWED (banned)
   */
  resume(token: string, address: string): Account {
    const kept = this.#view.accounts.token(tokenHash(token));
    const account = kept && this.#view.accounts.byName(kept.name);
    if (!account || kept.expires <= this.#now()) {
      this.#log.info({ event: 'account.resume', name: kept?.name, address, reason: 'NOT_SIGNED_IN' }, 'token refused');
      throw new Failure('NOT_SIGNED_IN', 'This token is not valid any more. Sign in again.');
    }
    try {
      this.#checkBan(account);
    } catch (refusal) {
      this.#log.warn({ event: 'account.resume', name: account.name, address, reason: 'NOT_ALLOWED' }, 'token refused');
      throw refusal;
    }
    return account;
  }

  /** Voids the token of that hash; none is fine. */
  async closeSession(hash: string): Promise<void> {
    const token = this.#view.accounts.token(hash);
    if (token) await append(this.#journal, 'session.closed', this.#now(), { name: token.name, token: hash });
  }

  /**
   * Sets another password and voids every token but one.
   * @param change.keepToken hash of the token that stays valid
   * @throws Failure NO_SUCH_ACCOUNT, WRONG_PASSWORD, LOCKED_OUT, TOO_MANY_REQUESTS, INVALID_REQUEST, CONFLICT
   */
  async changePassword(change: Credentials & { newPassword: string; keepToken?: string | undefined }): Promise<void> {
    const { address, keepToken, signal } = change;
    try {
      const newPassword = parsePassword(change.newPassword);
      const account = this.get(change.name);
      await this.#prove(account, parsePassword(change.password), { address, signal });
      const place = { source: sourceOf(address), account: nameKey(account.name) };
      const password = await this.#passwords.hash(newPassword, { ...place, signal });
      await this.#change(account.name, 'account.password', (current) => {
        if (current.passwordSeq !== account.passwordSeq) {
          throw new Failure('CONFLICT', 'The password was changed from somewhere else in the meantime.');
        }
        const keep = keepToken === undefined ? {} : { keep: keepToken };
        return { name: current.name, password, ...keep, passwordFrom: 'member' };
      });
    } catch (thrown) {
      const reason = Failure.from(thrown).code;
      this.#log.warn(
        { event: 'account.changePassword', name: plain(change.name), address, reason },
        'change of password refused',
      );
      throw thrown;
    }
  }

  /** @throws Failure NO_SUCH_ACCOUNT, CONFLICT when the room would have no owner, or a banned one */
  async setRole({ name, role }: { name: string; role: Role }): Promise<Account> {
    const account = await this.#change(name, 'account.role', (current) => {
      if (current.role === role) return undefined;
      if (current.role === 'owner' && this.#view.accounts.owners === 1) throw lastOwner(current.name);
      if (this.#isBanned(current) && role === 'owner') {
        throw new Failure('CONFLICT', `${current.name} is banned. Lift the ban first.`);
      }
      return { name: current.name, role };
    });
    if (account.role === role) return account;
    throw lastOwner(account.name); // two owners gave it up at once: the view lets the second one stay
  }

  /**
   * Keeps somebody out, or lets him in again. His connections are not this class's to end.
   * @param ban.until when the ban ends by itself; without it, when somebody lifts it
   * @param ban.by who does it
   * @throws Failure NO_SUCH_ACCOUNT, CONFLICT for an owner
   */
  async ban(ban: {
    name: string;
    banned: boolean;
    reason?: string | undefined;
    until?: Instant | undefined;
    by: string;
  }): Promise<Account> {
    const { banned, until, by } = ban;
    const reason = plain(ban.reason ?? '');
    return await this.#change(ban.name, 'account.banned', (current) => {
      if (banned && current.role === 'owner') {
        throw new Failure('CONFLICT', `${current.name} is an owner. Take the role away before you ban.`);
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

  /** @throws Failure NO_SUCH_ACCOUNT */
  get(name: string): Account {
    const account = this.#view.accounts.byName(name);
    if (!account) {
      throw new Failure('NO_SUCH_ACCOUNT', 'There is no account of that name. Check the spelling, or sign up.');
    }
    return account;
  }

  /** Every account, by name. */
  async list(): Promise<AccountSummary[]> {
    const summaries: AccountSummary[] = [];
    for await (const account of this.#view.accounts.all()) {
      const { name, role, createdAt } = account;
      summaries.push({ name, role, createdAt, banned: this.#isBanned(account) });
    }
    return summaries;
  }

  /** Those that are kept out now, by name. */
  async bans(): Promise<AccountBan[]> {
    const bans: AccountBan[] = [];
    for await (const account of this.#view.accounts.all()) {
      if (this.#isBanned(account))
        bans.push({ name: account.name, reason: account.banReason, until: account.banUntil });
    }
    return bans;
  }

  /**
   * Makes members with known passwords. Names that exist are left alone, so the same rows may come again; those whose
   * password an earlier version misread are repaired. Computes two hashes a row at most, about 100 ms each.
   */
  async importAccounts(rows: readonly ImportRow[]): Promise<ImportResult[]> {
    const results: ImportResult[] = [];
    for (const row of rows) results.push(await this.#import(row));
    return results;
  }

  async #import(row: ImportRow): Promise<ImportResult> {
    try {
      const name = parseName(row.name);
      const password = parsePassword(row.password);
      const account = this.#view.accounts.byName(name);
      if (account) {
        const misread = row.misread === undefined ? ` ${password}` : normalForm(row.misread);
        const isRepaired = misread !== password && (await this.#repair(account, password, misread));
        return { name: row.name, outcome: isRepaired ? 'repaired' : 'exists' };
      }
      const hash = await this.#passwords.hash(password, PATIENT);
      await this.#create({ name, role: 'member', password: hash, passwordFrom: 'import' });
      return { name, outcome: 'created' };
    } catch (thrown) {
      const { code, message } = Failure.from(thrown);
      if (code === 'ACCOUNT_EXISTS') return { name: row.name, outcome: 'exists' };
      if (code === 'INVALID_REQUEST') return { name: row.name, outcome: 'refused', reason: message };
      throw thrown;
    }
  }

  /**
   * Sets the password of an account that an import has made with a misread one and nobody has used. Records of earlier
   * versions do not tell an import from a sign-up: that the account has just that password does.
   * @returns false where it is another account, or its password another one
   */
  async #repair(account: Account, password: string, misread: string): Promise<boolean> {
    if (!isUntouched(account)) return false;
    if (!(await this.#passwords.verify(misread, account.password, PATIENT))) return false;
    if (await this.#use.isUsed(account.name)) return false;
    const hash = await this.#passwords.hash(password, PATIENT);
    let isRepaired = false;
    // A sign-in in the meantime has written a record as well: one of the two comes first, and the other one sees it.
    await this.#change(account.name, 'account.password', (current) => {
      isRepaired = isUntouched(current) && current.passwordSeq === account.passwordSeq;
      return isRepaired ? { name: current.name, password: hash, passwordFrom: 'import' } : undefined;
    });
    return isRepaired;
  }

  /**
   * Records the first sign-in to an account that an import may have made: from then on no import changes its password.
   * @throws Failure NOT_SIGNED_IN when one has just done so, and what `Journal.append` throws
   */
  async #recordSignIn(account: Account): Promise<Account> {
    if (!isUntouched(account)) return account;
    return await this.#change(account.name, 'account.rehashed', () => {
      const current = this.confirm(account);
      if (current.everSignedIn) return undefined;
      return { name: current.name, password: current.password, firstSignIn: true };
    });
  }

  async #create(fields: Records['account.created']): Promise<Account> {
    try {
      const options = { subject: accountSubject(fields.name), expect: 0 };
      const { changes } = await append(this.#journal, 'account.created', this.#now(), fields, options);
      return accountOf(changes);
    } catch (thrown) {
      throw Failure.from(thrown).code === 'CONFLICT' ? exists(thrown) : thrown;
    }
  }

  /**
   * Checks a password where the pair of account and address is not locked. Lock and count are looked at again when its
   * turn comes: guesses that arrive together are as many as guesses one after another.
   */
  async #prove(
    account: Account,
    password: string,
    { address, signal }: Pick<Credentials, 'address' | 'signal'>,
  ): Promise<void> {
    const check = () => this.#lockout.check(account.name, address);
    check();
    let attemptsLeft = 0;
    const right = await this.#passwords.verify(password, account.password, {
      ...{ source: sourceOf(address), account: nameKey(account.name), signal },
      begin: check,
      end: (right) => {
        if (right) this.#lockout.succeeded(account.name, address);
        else attemptsLeft = this.#lockout.failed(account.name, address);
      },
    });
    if (right) return;
    const retryAfterMs = this.#lockout.wait(account.name, address);
    if (attemptsLeft === 0) {
      throw new Failure('WRONG_PASSWORD', `The password is wrong. Try again in ${timeLeft(retryAfterMs)}.`, {
        data: { attemptsLeft, retryAfterMs },
      });
    }
    throw new Failure(
      'WRONG_PASSWORD',
      `The password is wrong. ${attemptsLeft} ${attemptsLeft === 1 ? 'attempt' : 'attempts'} left.`,
      { data: { attemptsLeft } },
    );
  }

  /** Not worth a refusal: it is tried again at the next sign-in. */
  async #rehash(account: Account, password: string, source: string): Promise<void> {
    try {
      const hash = await this.#passwords.hash(password, { source });
      const options = { subject: accountSubject(account.name), expect: account.seq };
      await append(this.#journal, 'account.rehashed', this.#now(), { name: account.name, password: hash }, options);
    } catch (thrown) {
      const reason = Failure.from(thrown).code;
      this.#log.info({ event: 'account.rehashed', name: account.name, reason }, 'password kept under older parameters');
    }
  }

  /**
   * Appends a record about an account as it is then, again where another one came first.
   * @param make the record's fields; undefined when nothing is to be done
   */
  async #change<K extends AccountKind>(
    name: string,
    kind: K,
    make: (current: Account) => Records[K] | undefined,
  ): Promise<Account> {
    for (let tries = 1; ; tries++) {
      const current = this.get(name);
      const fields = make(current);
      if (!fields) return current;
      try {
        const options = { subject: accountSubject(current.name), expect: current.seq };
        const { changes } = await append(this.#journal, kind, this.#now(), fields, options);
        return accountOf(changes);
      } catch (thrown) {
        if (Failure.from(thrown).code !== 'CONFLICT' || tries === TRIES) throw thrown;
      }
    }
  }

  /** The account as it is now, if what was proved of it still holds. @throws Failure NOT_ALLOWED, NOT_SIGNED_IN */
  confirm(account: Account): Account {
    const current = this.get(account.name);
    this.#checkBan(current);
    if (current.passwordSeq !== account.passwordSeq) {
      throw new Failure('NOT_SIGNED_IN', 'The password was changed in the meantime. Sign in again.');
    }
    return current;
  }

  #isBanned({ banned, banUntil }: Account): boolean {
    return banned && (banUntil === undefined || banUntil > this.#now());
  }

  #checkBan(account: Account): void {
    if (!this.#isBanned(account)) return;
    const { banReason, banUntil } = account;
    const left = banUntil === undefined ? '' : ` for ${formatSpan(banUntil - this.#now())} more`;
    throw new Failure(
      'NOT_ALLOWED',
      `This account is banned${left}${banReason === undefined ? '' : ` (${banReason})`}. Ask the owner of the room.`,
      {
        data: {
          ...(banReason === undefined ? {} : { banReason }),
          ...(banUntil === undefined ? {} : { banUntil }),
        },
      },
    );
  }

  #checkSignUps(source: string): void {
    const own = Math.ceil(this.#signUps.wait(source));
    const retryAfterMs = Math.max(own, Math.ceil(this.#allSignUps.wait(ALL)));
    if (retryAfterMs === 0) return;
    const from = own > 0 ? ' from your address' : '';
    throw new Failure(
      'TOO_MANY_REQUESTS',
      `Too many accounts were made${from}. Try again in ${timeLeft(retryAfterMs)}.`,
      { data: { retryAfterMs } },
    );
  }
}

/** What is kept of a token. A plain hash does: a token is random, nobody can guess one out of its hash. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Whether, as far as the view tells, an import may have made it and nobody has signed in since. */
function isUntouched({ passwordFrom, everSignedIn, tokens }: Account): boolean {
  return passwordFrom !== 'member' && !everSignedIn && tokens.length === 0;
}

/** The account as the record left it. */
function accountOf(changes: readonly Change[]): Account {
  return changes[0]!.account as Account;
}

function exists(cause?: unknown): Failure {
  return new Failure('ACCOUNT_EXISTS', 'There is an account of that name already. Sign in, or choose another name.', {
    cause,
  });
}

function lastOwner(name: string): Failure {
  return new Failure('CONFLICT', `${name} is the last owner of the room. Make somebody else owner first.`);
}
