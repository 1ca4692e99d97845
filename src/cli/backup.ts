import { createHash } from 'node:crypto';
import { BACKUP_FORMAT, type BackupHeader, type BackupTrailer } from '../domain/backup.ts';
import { Failure } from '../domain/failure.ts';
import type { Params, Result } from '../protocol/methods.ts';
import { patiently } from './patiently.ts';

interface Caller {
  call(method: 'admin.backup', params: Params<'admin.backup'>): Promise<Result<'admin.backup'>>;
}

export interface BackupOptions {
  /** PEM of the daemon's key and certificate, to be kept with the records. */
  readonly certificate?: string | undefined;
  /** Told after every page: records so far, and in all. */
  readonly onPage?: (records: number, total: number) => void;
}

/** What is written, and once it is read to its end, what it was. */
export interface BackupText extends AsyncIterable<string> {
  readonly header: BackupHeader | undefined;
}

/**
 * A daemon's journal as the text of a backup (src/domain/backup.ts), as of one moment however long it takes. The next
 * page is asked for while one is written; no more than two are held.
 * @throws Failure as the daemon answers; INTERNAL when it leaves records out
 */
export function backupText(caller: Caller, { certificate, onPage }: BackupOptions = {}): BackupText {
  let header: BackupHeader | undefined;
  async function* text(): AsyncGenerator<string> {
    const hash = createHash('sha256');
    const hashed = (piece: string) => {
      hash.update(piece);
      return piece;
    };
    let page = await patiently(() => caller.call('admin.backup', {}));
    const { seq, at, server } = page;
    header = {
      backup: 'goldctl',
      format: BACKUP_FORMAT,
      seq,
      server,
      madeAt: at,
      ...(certificate === undefined ? {} : { certificate }),
    };
    yield hashed(`${JSON.stringify(header)}\n`);
    let last = 0;
    for (;;) {
      let lines = '';
      for (const record of page.records) {
        if (record.seq !== last + 1) {
          throw new Failure('INTERNAL', `The daemon left out record ${last + 1}: this is no backup.`);
        }
        last = record.seq;
        lines += `${JSON.stringify(record)}\n`;
      }
      if (page.records.length === 0 && last < seq) {
        throw new Failure('INTERNAL', `The daemon gave ${last} of ${seq} records: this is no backup.`);
      }
      const after = last;
      const next = after < seq ? patiently(() => caller.call('admin.backup', { after, upTo: seq })) : undefined;
      next?.catch(() => {}); // it is awaited below, unless the writer fails before
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
