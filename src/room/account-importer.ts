import { parseMemberName, parsePassword } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { normalizeUnicode } from '../domain/unicode-normalization.ts';
import type { Account } from '../projections/accounts.ts';
import { AccountUsage } from './account-usage.ts';
import type { AccountWriter } from './account-writer.ts';
import type { RoomContext } from './append-to-journal.ts';
import type { PasswordHasher } from './password-hasher.ts';

export interface AccountImportRow {
  readonly name: string;
  readonly password: string;
  /** The password as an earlier version misread it. Default: a space and the password. */
  readonly misread?: string | undefined;
}

export interface ImportedAccount {
  readonly name: string;
  readonly outcome: 'created' | 'repaired' | 'exists' | 'refused';
  readonly reason?: string;
}

/** An import hashes one password after another, and must not be refused when the queue is full. */
const IMPORT_HOOKS = { ignoresLimit: true };

export class AccountImporter {
  readonly #room: RoomContext & { hasher: PasswordHasher };
  readonly #writer: AccountWriter;
  readonly #usage: AccountUsage;

  constructor(room: RoomContext & { hasher: PasswordHasher }, writer: AccountWriter) {
    this.#room = room;
    this.#writer = writer;
    this.#usage = new AccountUsage(room.journal);
  }

  /**
   * Existing names are skipped, so an import can be repeated; passwords that an
   * earlier version misread are repaired. Computes at most two hashes per row, about 100 ms each.
   */
  async import(rows: readonly AccountImportRow[]): Promise<ImportedAccount[]> {
    const results: ImportedAccount[] = [];
    for (const row of rows) results.push(await this.#importRow(row));
    return results;
  }

  async #importRow(row: AccountImportRow): Promise<ImportedAccount> {
    try {
      const name = parseMemberName(row.name);
      const password = parsePassword(row.password);
      const account = this.#room.readModel.accounts.byName(name);
      if (account) {
        const misread = row.misread === undefined ? ` ${password}` : normalizeUnicode(row.misread);
        const isRepaired = misread !== password && (await this.#repairPassword(account, password, misread));
        return { name: row.name, outcome: isRepaired ? 'repaired' : 'exists' };
      }
      const hash = await this.#room.hasher.hash(password, IMPORT_HOOKS);
      await this.#writer.create({ name, role: 'member', password: hash, passwordFrom: 'import' });
      return { name, outcome: 'created' };
    } catch (thrown) {
      const { code, message } = AppError.from(thrown);
      if (code === 'ACCOUNT_EXISTS') return { name: row.name, outcome: 'exists' };
      if (code === 'INVALID_REQUEST') return { name: row.name, outcome: 'refused', reason: message };
      throw thrown;
    }
  }

  /**
   * Corrects the password of an unused account that an import created with a misread one. Records of earlier versions
   * do not distinguish an import from a sign-up; having exactly the misread password does.
   * @returns false if it is another account or has another password
   */
  async #repairPassword(account: Account, password: string, misread: string): Promise<boolean> {
    if (!isUnusedImport(account)) return false;
    if (!(await this.#room.hasher.verify(misread, account.password, IMPORT_HOOKS))) return false;
    if (await this.#usage.isUsed(account.name)) return false;
    const hash = await this.#room.hasher.hash(password, IMPORT_HOOKS);
    let isRepaired = false;
    // A concurrent sign-in also writes a record; whichever comes second detects the first.
    await this.#writer.update(account.name, 'account.password', (current) => {
      isRepaired = isUnusedImport(current) && current.passwordSeq === account.passwordSeq;
      return isRepaired ? { name: current.name, password: hash, passwordFrom: 'import' } : undefined;
    });
    return isRepaired;
  }
}

/** Whether an import may have created it and nobody has signed in since, as far as the read model knows. */
export function isUnusedImport({ passwordFrom, everSignedIn, tokens }: Account): boolean {
  return passwordFrom !== 'member' && !everSignedIn && tokens.length === 0;
}
