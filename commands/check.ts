import { Flags } from '@oclif/core';
import { checkReportLines } from '../src/cli/check-report.ts';
import { GoldctlCommand } from '../src/cli/command.ts';
import type { CheckReport } from '../src/daemon/data-check.ts';
import { safeText } from '../src/domain/safe-text.ts';
import { sanitizeText } from '../src/domain/text.ts';

export default class Check extends GoldctlCommand {
  static override description = `verify stored data and report problems; the daemon must be stopped

Verifies the checksums of every file, reads every record, rebuilds the read model from the journal and compares it with
the stored one. Changes nothing. Exits with status 1 if it finds a problem; \`goldctl repair\` recovers from it.`;
  static override examples = [
    '<%= config.bin %> daemon stop && <%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
    '<%= config.bin %> <%= command.id %> --scratch /mnt/roomy',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags;
  static override flags = {
    scratch: Flags.directory({
      description: 'folder for temporary files, which needs as much space as the data [the home]',
      exists: true,
      helpValue: 'FOLDER',
    }),
  };

  async run(): Promise<CheckReport> {
    const { flags } = await this.parse(Check);
    const home = await this.home();
    const { checkData } = await import('../src/daemon/data-check.ts');
    const showsSteps = process.stderr.isTTY && !this.jsonEnabled();
    const checked = await checkData(home, {
      scratchFolder: flags.scratch,
      onStep: (step) => showsSteps && this.logToStderr(safeText`${sanitizeText(step)} ...`),
    });
    this.logLines(checkReportLines(checked, home.dataFolder));
    if (!checked.sound) process.exitCode = 1;
    return checked;
  }
}
