import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Params, Result } from '../protocol/methods.ts';
import type { AccountLine, AccountRow } from './account-file.ts';

/** An account takes up to two hashes of about 100 ms: a batch stays far below the time-out of a call. */
const BATCH = 10;
/** How often one batch waits when the daemon has too much to do. */
const PATIENCE = 60;

interface Importer {
  call(method: 'account.import', params: Params<'account.import'>): Promise<Result<'account.import'>>;
}

export interface Imported {
  readonly created: number;
  /** Names of accounts whose password an earlier import misread, in the order of the file. */
  readonly repaired: readonly string[];
  readonly exists: number;
  readonly refused: readonly { readonly line: number; readonly reason: string }[];
}

/**
 * Makes the accounts, batch by batch.
 * @param progress is told how many of how many are done.
 * @throws Failure as the daemon answers; its sentence says how far the import came, which may be repeated as a whole.
 */
export async function importAccounts(
  caller: Importer,
  lines: readonly AccountLine[],
  progress: (done: number, all: number) => void,
): Promise<Imported> {
  const refused = lines.flatMap((each) => ('reason' in each ? [{ line: each.line, reason: each.reason }] : []));
  const accounts = lines.flatMap((each) => ('reason' in each ? [] : [each]));
  let [created, exists] = [0, 0];
  const repaired: string[] = [];
  for (let from = 0; from < accounts.length; from += BATCH) {
    const batch = accounts.slice(from, from + BATCH);
    let results: Result<'account.import'>['results'];
    try {
      results = await send(caller, batch);
    } catch (thrown) {
      const failure = Failure.from(thrown);
      throw new Failure(
        failure.code,
        `${failure.message} Before that, ${from} of ${accounts.length} accounts were through; running the import again is safe.`,
        { cause: failure, data: { ...failure.data, created, repaired, exists } },
      );
    }
    batch.forEach(({ line, name }, i) => {
      const result = results[i];
      if (result?.outcome === 'created') created++;
      else if (result?.outcome === 'repaired') repaired.push(name);
      else if (result?.outcome === 'exists') exists++;
      else refused.push({ line, reason: plain(result?.reason ?? 'the daemon refused it without a reason') });
    });
    progress(Math.min(from + BATCH, accounts.length), accounts.length);
  }
  refused.sort((a, b) => a.line - b.line);
  return { created, repaired, exists, refused };
}

async function send(caller: Importer, batch: readonly AccountRow[]): Promise<Result<'account.import'>['results']> {
  const accounts = batch.map(({ line: _, ...account }) => account);
  for (let attempt = 1; ; attempt++) {
    try {
      return (await caller.call('account.import', { accounts })).results;
    } catch (thrown) {
      const failure = Failure.from(thrown);
      const wait = failure.data.retryAfterMs;
      if (failure.code !== 'TOO_MANY_REQUESTS' || typeof wait !== 'number' || attempt === PATIENCE) throw failure;
      await sleep(Math.min(wait, 10_000));
    }
  }
}
