import { Args } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import { plain } from '../src/domain/fold.ts';
import { formatMinute } from '../src/domain/instant.ts';
import { safeText } from '../src/domain/safe-text.ts';

interface RestoredHome {
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
  static override description = `make the data of a daemon from a file of \`goldctl backup\`, in an empty home

The file is checked to its end before anything is put in place. Accounts, passwords and tokens are as they were: members
come back without signing in again. Without the daemon's certificate in the backup they are told that it changed.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> goldctl.backup',
    'GOLDCTL_HOME=/srv/goldctl <%= config.bin %> <%= command.id %> goldctl.backup && <%= config.bin %> daemon start',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always a home of this machine
  static override args = {
    file: Args.string({ description: 'what `goldctl backup` wrote', required: true }),
  };

  async run(): Promise<RestoredHome> {
    const { args } = await this.parse(Restore);
    const home = await this.home();
    const [{ restore }, { PageProgress }] = await Promise.all([
      import('../src/daemon/restore.ts'),
      import('../src/cli/page-progress.ts'),
    ]);
    const progress = new PageProgress(process.stderr.isTTY && !this.jsonEnabled() ? process.stderr : undefined);
    try {
      const restored = await restore(home, args.file, (records, total) => progress.show(records, total));
      progress.end();
      const { records, accounts, posts, instruments, madeAt, server, certificate } = restored;
      const counted = (value: number) => plain(value.toLocaleString('en-US'));
      this.log(safeText`Restored into ${plain(home.root)}, as of ${formatMinute(madeAt)}, from ${plain(server)}:`);
      this.log(
        safeText`${counted(records)} records; ${counted(accounts)} accounts, ${counted(posts)} posts, ${counted(instruments)} instruments.`,
      );
      this.log(
        certificate
          ? safeText`Key and certificate of the daemon are in place: clients know it again.`
          : safeText`The certificate is not part of it: put tls/daemon.pem there, or clients are told that it changed.`,
      );
      return { home: home.root, ...restored };
    } finally {
      progress.end();
    }
  }
}
