import { retryWhenBusy } from '../client/retry-when-busy.ts';
import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import type { AccountLine, AccountRow } from './account-file.ts';

/** An account needs up to two hashes of about 100 ms, so a batch stays well below the call timeout. */
const ACCOUNTS_PER_CALL = 10;
/** Attempts per batch while the daemon is busy. */
const MAX_RETRIES = 60;

interface AccountImportClient {
  call(method: 'account.import', params: MethodParams<'account.import'>): Promise<MethodResult<'account.import'>>;
}

export interface AccountImportResult {
  readonly created: number;
  /** Accounts whose password an earlier import misread, in file order. */
  readonly repaired: readonly string[];
  readonly exists: number;
  readonly refused: readonly { readonly line: number; readonly reason: string }[];
}

/** Creates the accounts in batches. @throws AppError of the daemon; its message says how far the import came */
export async function importAccounts(
  caller: AccountImportClient,
  lines: readonly AccountLine[],
  progress: (done: number, all: number) => void,
): Promise<AccountImportResult> {
  const refused = lines.flatMap((each) => ('reason' in each ? [{ line: each.line, reason: each.reason }] : []));
  const accounts = lines.flatMap((each) => ('reason' in each ? [] : [each]));
  let [created, exists] = [0, 0];
  const repaired: string[] = [];
  for (let from = 0; from < accounts.length; from += ACCOUNTS_PER_CALL) {
    const batch = accounts.slice(from, from + ACCOUNTS_PER_CALL);
    let results: MethodResult<'account.import'>['results'];
    try {
      results = await sendBatch(caller, batch);
    } catch (thrown) {
      const failure = AppError.from(thrown);
      throw new AppError(
        failure.code,
        `${failure.message} ${from} of ${accounts.length} accounts were imported before that. It is safe to run the import again.`,
        { cause: failure, data: { ...failure.data, created, repaired, exists } },
      );
    }
    batch.forEach(({ line, name }, i) => {
      const result = results[i];
      if (result?.outcome === 'created') created++;
      else if (result?.outcome === 'repaired') repaired.push(name);
      else if (result?.outcome === 'exists') exists++;
      else refused.push({ line, reason: sanitizeText(result?.reason ?? 'the daemon rejected it without a reason') });
    });
    progress(Math.min(from + ACCOUNTS_PER_CALL, accounts.length), accounts.length);
  }
  refused.sort((a, b) => a.line - b.line);
  return { created, repaired, exists, refused };
}

async function sendBatch(
  caller: AccountImportClient,
  batch: readonly AccountRow[],
): Promise<MethodResult<'account.import'>['results']> {
  const accounts = batch.map(({ line: _, ...account }) => account);
  return (await retryWhenBusy(() => caller.call('account.import', { accounts }), { maxRetries: MAX_RETRIES })).results;
}
