import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import type { MigrationReport } from '../src/daemon/migrate.ts';
import { safeText } from '../src/domain/safe-text.ts';
import { sanitizeText } from '../src/domain/text.ts';

export default class Migrate extends GoldctlCommand {
  static override description = `move the data of this machine into a NATS cluster, or back; the daemon must be stopped

The target stream must be empty; TLS and credentials come from config.json. Every record keeps its sequence number. The
copy is read back and compared with the source by count and SHA-256 before it replaces the data folder, which is kept.
Afterwards start the daemon with the setting engine.url, or without it.`;
  static override examples = [
    '<%= config.bin %> daemon stop && <%= config.bin %> <%= command.id %> --to nats://gold1,gold2,gold3',
    '<%= config.bin %> <%= command.id %> --to local',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always a home of this machine
  static override flags = {
    to: Flags.string({ description: 'a NATS cluster, or `local`', required: true, helpValue: 'nats://HOST,… | local' }),
  };

  async run(): Promise<MigrationReport> {
    const { flags } = await this.parse(Migrate);
    const home = await this.home();
    const [{ migrate }, { RecordProgress }] = await Promise.all([
      import('../src/daemon/migrate.ts'),
      import('../src/cli/progress-line.ts'),
    ]);
    const progress = new RecordProgress(process.stderr.isTTY && !this.jsonEnabled() ? process.stderr : undefined);
    try {
      const migrated = await migrate(home, flags.to, (records, total) => progress.show(records, total));
      progress.end();
      const { records, sha256, kept } = migrated;
      this.log(
        safeText`Moved ${sanitizeText(records.toLocaleString('en-US'))} records; source and copy match: sha256:${sanitizeText(sha256)}.`,
      );
      this.log(safeText`The old data folder is kept in ${sanitizeText(kept)}.`);
      this.log(
        flags.to === 'local'
          ? safeText`Remove engine.url from config.json before you start the daemon. The stream is still in the cluster.`
          : safeText`Set engine.url in config.json, or start the daemon with --engine.`,
      );
      return migrated;
    } finally {
      progress.end();
    }
  }
}
