import { canonicalName, type Role } from '../domain/account.ts';
import { defined } from '../domain/defined.ts';
import type { EpochMs } from '../domain/time.ts';
import { keys, prefixRange } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { PasswordHash, PasswordSource, RecordOf } from './journal-records.ts';
import type { Projection } from './projection.ts';

export interface Account {
  readonly name: string;
  readonly role: Role;
  readonly password: PasswordHash;
  /** Sequence number of the record that set it. A rehash of the same password does not change it. */
  readonly passwordSeq: number;
  /** Undefined when a record of an earlier version set it. */
  readonly passwordFrom?: PasswordSource;
  /** Set by the first recorded sign-in. Never set after a sign-up, or by sign-ins with an earlier version. */
  readonly everSignedIn?: true;
  readonly createdAt: EpochMs;
  readonly banned: boolean;
  readonly banReason?: string;
  readonly banUntil?: EpochMs;
  readonly tokens: readonly string[];
  /** Sequence number of the account's last record: the `expect` of the next append. */
  readonly seq: number;
}

export interface SessionToken {
  readonly name: string;
  readonly expires: EpochMs;
}

/** Tokens per account; the oldest is dropped. */
const MAX_TOKENS = 16;

export interface AccountChange {
  readonly type: 'account';
  readonly account: Account;
  readonly isNewRole?: true;
}

export class AccountsProjection implements Projection {
  readonly handlers = {
    'account.created': (record: RecordOf<'account.created'>, writes: WriteBatch) => this.#onCreated(record, writes),
    'account.password': (record: RecordOf<'account.password'>, writes: WriteBatch) =>
      this.#update(record.name, record.seq, writes, (account) => {
        const keep = account.tokens.filter((token) => token === record.keep);
        for (const token of account.tokens) if (token !== record.keep) writes.delete(keys.token(token));
        const { passwordFrom: _, ...rest } = account;
        return {
          ...rest,
          password: record.password,
          passwordSeq: record.seq,
          tokens: keep,
          ...defined({ passwordFrom: record.passwordFrom }),
        };
      }),
    'account.rehashed': (record: RecordOf<'account.rehashed'>, writes: WriteBatch) =>
      this.#update(record.name, record.seq, writes, (account) => ({
        ...account,
        password: record.password,
        ...(record.firstSignIn ? { everSignedIn: true } : {}),
      })),
    'account.role': (record: RecordOf<'account.role'>, writes: WriteBatch): AccountChange[] =>
      this.#update(record.name, record.seq, writes, (account) => {
        const owners = (role: Role) => (role === 'owner' ? 1 : 0);
        // The writers of two such records may not have seen each other. The room must keep its last owner.
        if (owners(account.role) > owners(record.role) && writes.read<number>(keys.owners) === 1) return account;
        this.#increment(writes, keys.owners, owners(record.role) - owners(account.role));
        return { ...account, role: record.role };
      }).map((change) => ({ ...change, isNewRole: true })),
    'account.banned': (record: RecordOf<'account.banned'>, writes: WriteBatch) =>
      this.#update(record.name, record.seq, writes, (account) => {
        const { banReason: _, banUntil: __, ...rest } = account;
        return {
          ...rest,
          banned: record.banned,
          ...(record.banned && record.reason !== undefined ? { banReason: record.reason } : {}),
          ...(record.banned && record.until !== undefined ? { banUntil: record.until } : {}),
        };
      }),
    'session.opened': (record: RecordOf<'session.opened'>, writes: WriteBatch) => this.#onSessionOpened(record, writes),
    'session.closed': (record: RecordOf<'session.closed'>, writes: WriteBatch) =>
      this.#update(record.name, undefined, writes, (account) => {
        writes.delete(keys.token(record.token));
        return { ...account, tokens: account.tokens.filter((token) => token !== record.token) };
      }),
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get count(): number {
    return this.#store.read<number>(keys.accounts) ?? 0;
  }

  get owners(): number {
    return this.#store.read<number>(keys.owners) ?? 0;
  }

  byName(name: string): Account | undefined {
    return this.#store.read<Account>(keys.account(canonicalName(name)));
  }

  /** The account's current role; undefined without an account. Do not cache it. */
  roleOf(name: string): Role | undefined {
    return this.byName(name)?.role;
  }

  token(hash: string): SessionToken | undefined {
    return this.#store.read<SessionToken>(keys.token(hash));
  }

  async *all(): AsyncGenerator<Account> {
    for await (const [, text] of this.#store.range(prefixRange('a/'))) yield JSON.parse(text) as Account;
  }

  #onCreated(record: RecordOf<'account.created'>, writes: WriteBatch): AccountChange[] {
    // Two accounts created concurrently may both claim to be the first. The one that comes first becomes the owner.
    const role = record.role === 'owner' && (writes.read<number>(keys.owners) ?? 0) > 0 ? 'member' : record.role;
    const account: Account = {
      name: record.name,
      role,
      password: record.password,
      passwordSeq: record.seq,
      // Omit the field if the record has none: `goldctl check` compares with what earlier versions derived.
      ...defined({ passwordFrom: record.passwordFrom }),
      createdAt: record.at,
      banned: false,
      tokens: [],
      seq: record.seq,
    };
    writes.write(keys.account(canonicalName(record.name)), account);
    this.#increment(writes, keys.accounts, 1);
    if (role === 'owner') this.#increment(writes, keys.owners, 1);
    return [{ type: 'account', account }];
  }

  #onSessionOpened(record: RecordOf<'session.opened'>, writes: WriteBatch): AccountChange[] {
    return this.#update(record.name, undefined, writes, (account) => {
      const valid = account.tokens.filter((hash) => {
        const token = writes.read<SessionToken>(keys.token(hash));
        if (token && token.expires > record.at) return true;
        writes.delete(keys.token(hash));
        return false;
      });
      for (const hash of valid.slice(0, Math.max(0, valid.length + 1 - MAX_TOKENS))) writes.delete(keys.token(hash));
      writes.write(keys.token(record.token), { name: record.name, expires: record.expires } satisfies SessionToken);
      return { ...account, tokens: [...valid, record.token].slice(-MAX_TOKENS) };
    });
  }

  #update(
    name: string,
    seq: number | undefined,
    writes: WriteBatch,
    change: (account: Account) => Account,
  ): AccountChange[] {
    const key = keys.account(canonicalName(name));
    const account = writes.read<Account>(key);
    if (!account) return []; // the record of its creation was lost (goldctl repair)
    const changed = { ...change(account), seq: seq ?? account.seq };
    writes.write(key, changed);
    return [{ type: 'account', account: changed }];
  }

  #increment(writes: WriteBatch, key: string, by: number): void {
    if (by !== 0) writes.write(key, (writes.read<number>(key) ?? 0) + by);
  }
}
