import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import type { Migrated } from '../src/daemon/migrate.ts';
import { plain } from '../src/domain/fold.ts';
import { safeText } from '../src/domain/safe-text.ts';

export default class Migrate extends GoldctlCommand {
  static override description = `move the room of this machine into a NATS cluster, or back; the daemon must be stopped

The stream must be empty; TLS and credentials are those of config.json. Every record keeps its place. What was written is
read back and compared with the journal here, in number and by SHA-256, before it takes the place of the data folder,
which is kept. Afterwards start the daemon with the setting engine.url, or without it.`;
  static override examples = [
    '<%= config.bin %> daemon stop && <%= config.bin %> <%= command.id %> --to nats://gold1,gold2,gold3',
    '<%= config.bin %> <%= command.id %> --to local',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always a home of this machine
  static override flags = {
    to: Flags.string({ description: 'a NATS cluster, or `local`', required: true, helpValue: 'nats://HOST,… | local' }),
  };

  async run(): Promise<Migrated> {
    const { flags } = await this.parse(Migrate);
    const home = await this.home();
    const [{ migrate }, { PageProgress }] = await Promise.all([
      import('../src/daemon/migrate.ts'),
      import('../src/cli/page-progress.ts'),
    ]);
    const progress = new PageProgress(process.stderr.isTTY && !this.jsonEnabled() ? process.stderr : undefined);
    try {
      const migrated = await migrate(home, flags.to, (records, total) => progress.show(records, total));
      progress.end();
      const { records, sha256, kept } = migrated;
      this.log(
        safeText`Moved ${plain(records.toLocaleString('en-US'))} records, the same here and there: sha256:${plain(sha256)}.`,
      );
      this.log(safeText`The data folder of before is kept in ${plain(kept)}.`);
      this.log(
        flags.to === 'local'
          ? safeText`Take engine.url out of config.json before you start the daemon. The stream is still in the cluster.`
          : safeText`Write engine.url into config.json, or start the daemon with --engine.`,
      );
      return migrated;
    } finally {
      progress.end();
    }
  }
}
