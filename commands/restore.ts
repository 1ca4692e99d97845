import { Args } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { safeText } from '../src/domain/safe-text.ts';
import { sanitizeText } from '../src/domain/text.ts';
import { formatDateTime } from '../src/domain/time.ts';

interface RestoreResult {
  readonly home: string;
  readonly records: number;
  readonly accounts: number;
  readonly posts: number;
  readonly instruments: number;
  readonly madeAt: number;
  readonly server: string;
  readonly certificate: boolean;
}

export default class Restore extends GoldctlCommand {
  static override description = `restore a backup made by \`goldctl backup\` into an empty home

The whole file is verified before any data is put in place. Accounts, passwords and tokens are restored, so members need
not sign in again. If the backup does not include the daemon's certificate, clients warn that it changed.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> goldctl.backup',
    'GOLDCTL_HOME=/srv/goldctl <%= config.bin %> <%= command.id %> goldctl.backup && <%= config.bin %> daemon start',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always a home of this machine
  static override args = {
    file: Args.string({ description: 'backup file', required: true }),
  };

  async run(): Promise<RestoreResult> {
    const { args } = await this.parse(Restore);
    const home = await this.home();
    const [{ restoreBackup }, { RecordProgress }] = await Promise.all([
      import('../src/daemon/restore.ts'),
      import('../src/cli/progress-line.ts'),
    ]);
    const progress = new RecordProgress(process.stderr.isTTY && !this.jsonEnabled() ? process.stderr : undefined);
    try {
      const restored = await restoreBackup(home, args.file, (records, total) => progress.show(records, total));
      progress.end();
      const { records, accounts, posts, instruments, madeAt, server, certificate } = restored;
      const formatCount = (value: number) => sanitizeText(value.toLocaleString('en-US'));
      this.log(
        safeText`Restored into ${sanitizeText(home.root)}, as of ${formatDateTime(madeAt)}, from ${sanitizeText(server)}:`,
      );
      this.log(
        safeText`${formatCount(records)} records; ${formatCount(accounts)} accounts, ${formatCount(posts)} posts, ${formatCount(instruments)} instruments.`,
      );
      this.log(
        certificate
          ? safeText`The key and certificate of the daemon are restored.`
          : safeText`The backup does not include the certificate: copy tls/daemon.pem there, or clients warn that it changed.`,
      );
      return { home: home.root, ...restored };
    } finally {
      progress.end();
    }
  }
}
