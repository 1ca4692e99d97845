import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { AppError } from '../src/domain/app-error.ts';
import { safeText } from '../src/domain/safe-text.ts';
import { sanitizeText } from '../src/domain/text.ts';

interface BackupResult {
  readonly file: string;
  readonly records: number;
  readonly bytes: number;
  readonly madeAt: number;
}

export default class Backup extends GoldctlCommand {
  static override description = `back up all data to one file while the daemon runs (owner)

The backup is a snapshot of one moment; later writes are not included. It contains password hashes and direct messages,
so its mode is 0600: keep it private. \`goldctl restore\` restores it into an empty home.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> goldctl.backup',
    '<%= config.bin %> <%= command.id %> goldctl.backup --with-certificate --force',
    '<%= config.bin %> <%= command.id %> goldctl.backup --server example.org',
  ];
  static override args = {
    file: Args.string({ description: 'output file', required: true }),
  };
  static override flags = {
    force: Flags.boolean({ description: 'overwrite an existing file' }),
    'with-certificate': Flags.boolean({
      description: "include the daemon's key and certificate, which clients pin; only on its own machine",
    }),
  };

  async run(): Promise<BackupResult> {
    const { args, flags } = await this.parse(Backup);
    const certificate = flags['with-certificate'] ? await this.#readCertificate(flags.server) : undefined;
    const client = await this.connect(flags);
    const [{ streamBackup }, { writeGzipAtomic }, { RecordProgress }] = await Promise.all([
      import('../src/cli/backup-stream.ts'),
      import('../src/cli/gzip-file.ts'),
      import('../src/cli/progress-line.ts'),
    ]);
    const progress = new RecordProgress(process.stderr.isTTY && !this.jsonEnabled() ? process.stderr : undefined);
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      const text = streamBackup(client, { certificate, onPage: (records, total) => progress.show(records, total) });
      const bytes = await writeGzipAtomic(args.file, text, { force: flags.force, signal: stopping.signal });
      progress.end();
      const { seq: records, madeAt } = text.header!;
      this.log(
        safeText`Written to ${sanitizeText(args.file)}: ${sanitizeText(records.toLocaleString('en-US'))} records, ${sanitizeText(formatMegabytes(bytes))} MB.`,
      );
      return { file: args.file, records, bytes, madeAt };
    } finally {
      progress.end();
      process.off('SIGINT', stop).off('SIGTERM', stop);
    }
  }

  /** Read locally: the key of a daemon is never sent over a network. */
  async #readCertificate(server: string | undefined): Promise<string> {
    if (server !== undefined) {
      throw new AppError(
        'USAGE',
        '--with-certificate works only on the machine of the daemon. Run it there, without --server.',
      );
    }
    const file = join((await this.home()).tlsFolder, 'daemon.pem');
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new AppError('INVALID_REQUEST', `${file} cannot be read (${code}).`, { cause, data: { file } });
    }
  }
}

function formatMegabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
