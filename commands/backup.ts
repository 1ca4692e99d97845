import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { Failure } from '../src/domain/failure.ts';
import { plain } from '../src/domain/fold.ts';
import { safeText } from '../src/domain/safe-text.ts';

interface BackedUp {
  readonly file: string;
  readonly records: number;
  readonly bytes: number;
  readonly madeAt: number;
}

export default class Backup extends GoldctlCommand {
  static override description = `write everything that the daemon knows into one file, while it goes on (owner)

The file is as of one moment: what is written meanwhile is not in it. It holds password hashes and direct messages: it
is yours alone (0600), keep it so. \`goldctl restore\` makes a home of it.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> goldctl.backup',
    '<%= config.bin %> <%= command.id %> goldctl.backup --with-certificate --force',
    '<%= config.bin %> <%= command.id %> goldctl.backup --server example.org',
  ];
  static override args = {
    file: Args.string({ description: 'file to write', required: true }),
  };
  static override flags = {
    force: Flags.boolean({ description: 'replace the file that is there' }),
    'with-certificate': Flags.boolean({
      description: "also the daemon's key and certificate, by which clients know it; on its own machine only",
    }),
  };

  async run(): Promise<BackedUp> {
    const { args, flags } = await this.parse(Backup);
    const certificate = flags['with-certificate'] ? await this.#certificate(flags.server) : undefined;
    const client = await this.connect(flags);
    const [{ backupText }, { writePacked }, { PageProgress }] = await Promise.all([
      import('../src/cli/backup.ts'),
      import('../src/cli/packed-file.ts'),
      import('../src/cli/page-progress.ts'),
    ]);
    const progress = new PageProgress(process.stderr.isTTY && !this.jsonEnabled() ? process.stderr : undefined);
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    process.once('SIGINT', stop).once('SIGTERM', stop);
    try {
      const text = backupText(client, { certificate, onPage: (records, total) => progress.show(records, total) });
      const bytes = await writePacked(args.file, text, { force: flags.force, signal: stopping.signal });
      progress.end();
      const { seq: records, madeAt } = text.header!;
      this.log(
        safeText`Written to ${plain(args.file)}: ${plain(records.toLocaleString('en-US'))} records, ${plain(mega(bytes))} MB.`,
      );
      return { file: args.file, records, bytes, madeAt };
    } finally {
      progress.end();
      process.off('SIGINT', stop).off('SIGTERM', stop);
    }
  }

  /** Read here: the key of a daemon never goes over a network. */
  async #certificate(server: string | undefined): Promise<string> {
    if (server !== undefined) {
      throw new Failure(
        'USAGE',
        '--with-certificate is for the daemon of this machine: run it there, without --server.',
      );
    }
    const file = join((await this.home()).tlsFolder, 'daemon.pem');
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new Failure('INVALID_REQUEST', `${file} cannot be read (${code}).`, { cause, data: { file } });
    }
  }
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
