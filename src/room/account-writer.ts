import { AppError } from '../domain/app-error.ts';
import { accountSubject } from '../projections/account-subject.ts';
import type { Account } from '../projections/accounts.ts';
import type { JournalRecords } from '../projections/journal-records.ts';
import type { ReadModelChange } from '../projections/read-model.ts';
import { appendNow, type RoomContext } from './append-to-journal.ts';

type AccountKind = 'account.password' | 'account.rehashed' | 'account.role' | 'account.banned';

/** Attempts to append a change while other changes of the same account come first. */
const MAX_APPEND_ATTEMPTS = 20;

/** Appends records about accounts. Concurrent changes of an account are detected by the journal. */
export class AccountWriter {
  readonly #room: RoomContext;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  /** @throws AppError NO_SUCH_ACCOUNT */
  get(name: string): Account {
    const account = this.#room.readModel.accounts.byName(name);
    if (!account) {
      throw new AppError('NO_SUCH_ACCOUNT', 'There is no account with that name. Check the spelling, or sign up.');
    }
    return account;
  }

  /** @throws AppError ACCOUNT_EXISTS */
  async create(fields: JournalRecords['account.created']): Promise<Account> {
    try {
      const options = { subject: accountSubject(fields.name), expect: 0 };
      const { changes } = await appendNow(this.#room, 'account.created', fields, options);
      return changedAccount(changes);
    } catch (thrown) {
      throw AppError.from(thrown).code === 'CONFLICT' ? accountExistsError(thrown) : thrown;
    }
  }

  /**
   * Appends a record about the current account, and retries when another change came first.
   * @param make returns the record's fields; undefined if nothing has to change
   */
  async update<K extends AccountKind>(
    name: string,
    kind: K,
    make: (current: Account) => JournalRecords[K] | undefined,
  ): Promise<Account> {
    for (let tries = 1; ; tries++) {
      const current = this.get(name);
      const fields = make(current);
      if (!fields) return current;
      try {
        const options = { subject: accountSubject(current.name), expect: current.seq };
        const { changes } = await appendNow(this.#room, kind, fields, options);
        return changedAccount(changes);
      } catch (thrown) {
        if (AppError.from(thrown).code !== 'CONFLICT' || tries === MAX_APPEND_ATTEMPTS) throw thrown;
      }
    }
  }
}

function changedAccount([change]: readonly ReadModelChange[]): Account {
  if (change?.type === 'account') return change.account;
  throw new AppError('INTERNAL', 'the record changed no account');
}

export function accountExistsError(cause?: unknown): AppError {
  return new AppError('ACCOUNT_EXISTS', 'This account already exists. Sign in, or choose another name.', {
    cause,
  });
}
