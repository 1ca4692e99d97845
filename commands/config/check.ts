import { GoldctlCommand } from '../../src/cli/command.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';

export default class ConfigCheck extends GoldctlCommand {
  static override description = `validate the settings and list every problem with a fix

Reads config.json, its provider settings and the daemon's certificate if there is one. Changes nothing and needs no
running daemon. Exits with status 1 if there is a problem.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> && <%= config.bin %> daemon reload',
  ];
  static override baseFlags = {} as typeof GoldctlCommand.baseFlags; // always this machine's settings

  async run(): Promise<{ file: string; valid: true }> {
    await this.parse(ConfigCheck);
    const home = await this.home();
    const { checkConfig } = await import('../../src/daemon/config-check.ts');
    const [first, ...more] = await checkConfig(home);
    if (first) {
      const problems = [first, ...more].map(({ message }) => message);
      throw new AppError('CONFIG_INVALID', problems.join('\n'), { data: { ...first.data, problems } });
    }
    this.log(
      safeText`${sanitizeText(home.configFile)} is valid. Run \`goldctl daemon reload\` to apply it to a running daemon.`,
    );
    return { file: home.configFile, valid: true };
  }
}
