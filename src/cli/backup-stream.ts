import { createHash } from 'node:crypto';
import { retryWhenBusy } from '../client/retry-when-busy.ts';
import { AppError } from '../domain/app-error.ts';
import { BACKUP_FORMAT_VERSION, type BackupHeader, type BackupTrailer } from '../domain/backup.ts';
import { defined } from '../domain/defined.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';

interface BackupClient {
  call(method: 'admin.backup', params: MethodParams<'admin.backup'>): Promise<MethodResult<'admin.backup'>>;
}

export interface BackupOptions {
  /** PEM of the daemon's key and certificate, stored in the backup. */
  readonly certificate?: string | undefined;
  /** Called after every page. */
  readonly onPage?: (records: number, total: number) => void;
}

/** The text of a backup; `header` is set once reading has started. */
export interface BackupStream extends AsyncIterable<string> {
  readonly header: BackupHeader | undefined;
}

/**
 * Streams a consistent snapshot of a daemon's journal as the text of a backup (src/domain/backup.ts). Fetches the next page
 * while one is written; at most two are in memory.
 * @throws AppError of the daemon; INTERNAL if records are missing
 */
export function streamBackup(caller: BackupClient, { certificate, onPage }: BackupOptions = {}): BackupStream {
  let header: BackupHeader | undefined;
  async function* text(): AsyncGenerator<string> {
    const hash = createHash('sha256');
    const hashed = (piece: string) => {
      hash.update(piece);
      return piece;
    };
    let page = await retryWhenBusy(() => caller.call('admin.backup', {}));
    const { seq, at, server } = page;
    header = {
      backup: 'goldctl',
      format: BACKUP_FORMAT_VERSION,
      seq,
      server,
      madeAt: at,
      ...defined({ certificate }),
    };
    yield hashed(`${JSON.stringify(header)}\n`);
    let last = 0;
    for (;;) {
      let lines = '';
      for (const record of page.records) {
        if (record.seq !== last + 1) {
          throw new AppError('INTERNAL', `The daemon skipped record ${last + 1}: the backup is incomplete.`);
        }
        last = record.seq;
        lines += `${JSON.stringify(record)}\n`;
      }
      if (page.records.length === 0 && last < seq) {
        throw new AppError('INTERNAL', `The daemon sent ${last} of ${seq} records: the backup is incomplete.`);
      }
      const after = last;
      const next = after < seq ? retryWhenBusy(() => caller.call('admin.backup', { after, upTo: seq })) : undefined;
      next?.catch(() => {}); // awaited below, unless the writer fails first
      if (lines !== '') yield hashed(lines);
      onPage?.(last, seq);
      if (!next) break;
      page = await next;
    }
    const trailer: BackupTrailer = { records: last, sha256: hash.digest('hex') };
    yield `${JSON.stringify(trailer)}\n`;
  }
  return {
    get header() {
      return header;
    },
    [Symbol.asyncIterator]: text,
  };
}
