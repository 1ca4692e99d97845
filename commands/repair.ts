import { repairReportLines } from '../src/cli/check-report.ts';
import { GoldctlCommand } from '../src/cli/command.ts';
import type { RepairReport } from '../src/daemon/repair.ts';
import { safeText } from '../src/domain/safe-text.ts';
import { sanitizeText } from '../src/domain/text.ts';

export default class Repair extends GoldctlCommand {
  static override description = `recover readable records from damaged data; the daemon must be stopped

Writes a new data folder beside the old one, which is kept unchanged: this needs as much space again. Readable records
keep their sequence numbers, and all other data is rebuilt from them. Reports which records are lost, with their times.
Posts keep their numbers. If nothing is wrong, nothing changes.`;
  static override examples = [
    '<%= config.bin %> daemon stop && <%= config.bin %> check',
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags;

  async run(): Promise<RepairReport> {
    await this.parse(Repair);
    const home = await this.home();
    const { repairData } = await import('../src/daemon/repair.ts');
    const showsSteps = process.stderr.isTTY && !this.jsonEnabled();
    const repaired = await repairData(home, (step) => {
      if (showsSteps) this.logToStderr(safeText`${sanitizeText(step)} ...`);
    });
    this.logLines(repairReportLines(repaired, home.dataFolder));
    return repaired;
  }
}
