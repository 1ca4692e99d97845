import type { Instant } from '../domain/instant.ts';
import { nameKey, type Role } from '../domain/name.ts';
import type { Change } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { keys, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { PasswordHash, PasswordSource, RecordOf } from './records.ts';
import type { Part } from './view.ts';

export interface Account {
  readonly name: string;
  readonly role: Role;
  readonly password: PasswordHash;
  /** Seq of the record that set it: newer parameters do not count as another password. */
  readonly passwordSeq: number;
  /** Undefined where a record of an earlier version set it. */
  readonly passwordFrom?: PasswordSource;
  /** A first sign-in is recorded: never for one who signed up, nor for one who signed in at an earlier version only. */
  readonly everSignedIn?: true;
  readonly createdAt: Instant;
  readonly banned: boolean;
  readonly banReason?: string;
  /** The ban ends by itself then. */
  readonly banUntil?: Instant;
  /** Hashes of its tokens, oldest first. */
  readonly tokens: readonly string[];
  /** Seq of the last record about it: the `expect` of the next one. */
  readonly seq: number;
}

export interface Token {
  readonly name: string;
  readonly expires: Instant;
}

/** An account keeps this many tokens; the oldest gives way. */
const TOKENS = 16;

export class AccountsView implements Part {
  readonly kinds = {
    'account.created': (record: RecordOf<'account.created'>, draft: Draft) => this.#created(record, draft),
    'account.password': (record: RecordOf<'account.password'>, draft: Draft) =>
      this.#change(record.name, record.seq, draft, (account) => {
        const keep = account.tokens.filter((token) => token === record.keep);
        for (const token of account.tokens) if (token !== record.keep) draft.delete(keys.token(token));
        const { passwordFrom: _, ...rest } = account;
        return { ...rest, password: record.password, passwordSeq: record.seq, tokens: keep, ...passwordFrom(record) };
      }),
    'account.rehashed': (record: RecordOf<'account.rehashed'>, draft: Draft) =>
      this.#change(record.name, record.seq, draft, (account) => ({
        ...account,
        password: record.password,
        ...(record.firstSignIn ? { everSignedIn: true } : {}),
      })),
    'account.role': (record: RecordOf<'account.role'>, draft: Draft) =>
      this.#change(record.name, record.seq, draft, (account) => {
        const owners = (role: Role) => (role === 'owner' ? 1 : 0);
        // The writers of two such records may not have known of each other: the room keeps its last owner.
        if (owners(account.role) > owners(record.role) && draft.read<number>(keys.owners) === 1) return account;
        this.#add(draft, keys.owners, owners(record.role) - owners(account.role));
        return { ...account, role: record.role };
      }),
    'account.banned': (record: RecordOf<'account.banned'>, draft: Draft) =>
      this.#change(record.name, record.seq, draft, (account) => {
        const { banReason: _, banUntil: __, ...rest } = account;
        return {
          ...rest,
          banned: record.banned,
          ...(record.banned && record.reason !== undefined ? { banReason: record.reason } : {}),
          ...(record.banned && record.until !== undefined ? { banUntil: record.until } : {}),
        };
      }),
    'session.opened': (record: RecordOf<'session.opened'>, draft: Draft) => this.#opened(record, draft),
    'session.closed': (record: RecordOf<'session.closed'>, draft: Draft) =>
      this.#change(record.name, undefined, draft, (account) => {
        draft.delete(keys.token(record.token));
        return { ...account, tokens: account.tokens.filter((token) => token !== record.token) };
      }),
  };

  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {}

  committed(): void {}

  get count(): number {
    return this.#store.read<number>(keys.accounts) ?? 0;
  }

  get owners(): number {
    return this.#store.read<number>(keys.owners) ?? 0;
  }

  byName(name: string): Account | undefined {
    return this.#store.read<Account>(keys.account(nameKey(name)));
  }

  /** The role of an account as it is now; undefined where there is none. Ask for each call: a copy of it grows old. */
  roleOf(name: string): Role | undefined {
    return this.byName(name)?.role;
  }

  /** The token of that hash, expired or not. */
  token(hash: string): Token | undefined {
    return this.#store.read<Token>(keys.token(hash));
  }

  /** Every account, by name. */
  async *all(): AsyncGenerator<Account> {
    for await (const [, text] of this.#store.range(within('a/'))) yield JSON.parse(text) as Account;
  }

  #created(record: RecordOf<'account.created'>, draft: Draft): Change[] {
    // Two that are made at once may each take themselves for the first: the one that came first is the owner.
    const role = record.role === 'owner' && (draft.read<number>(keys.owners) ?? 0) > 0 ? 'member' : record.role;
    const account: Account = {
      name: record.name,
      role,
      password: record.password,
      passwordSeq: record.seq,
      ...passwordFrom(record),
      createdAt: record.at,
      banned: false,
      tokens: [],
      seq: record.seq,
    };
    draft.write(keys.account(nameKey(record.name)), account);
    this.#add(draft, keys.accounts, 1);
    if (role === 'owner') this.#add(draft, keys.owners, 1);
    return [{ type: 'account', account }];
  }

  #opened(record: RecordOf<'session.opened'>, draft: Draft): Change[] {
    return this.#change(record.name, undefined, draft, (account) => {
      const alive = account.tokens.filter((hash) => {
        const token = draft.read<Token>(keys.token(hash));
        if (token && token.expires > record.at) return true;
        draft.delete(keys.token(hash));
        return false;
      });
      for (const hash of alive.slice(0, Math.max(0, alive.length + 1 - TOKENS))) draft.delete(keys.token(hash));
      draft.write(keys.token(record.token), { name: record.name, expires: record.expires } satisfies Token);
      return { ...account, tokens: [...alive, record.token].slice(-TOKENS) };
    });
  }

  #change(name: string, seq: number | undefined, draft: Draft, change: (account: Account) => Account): Change[] {
    const key = keys.account(nameKey(name));
    const account = draft.read<Account>(key);
    if (!account) return []; // its creation was lost (goldctl repair)
    const changed = { ...change(account), seq: seq ?? account.seq };
    draft.write(key, changed);
    return [{ type: 'account', account: changed }];
  }

  #add(draft: Draft, key: string, by: number): void {
    if (by !== 0) draft.write(key, (draft.read<number>(key) ?? 0) + by);
  }
}

/** No field where a record has none: `goldctl check` compares the view with what earlier versions made of that record. */
function passwordFrom(record: { passwordFrom?: PasswordSource }): { passwordFrom?: PasswordSource } {
  return record.passwordFrom === undefined ? {} : { passwordFrom: record.passwordFrom };
}
