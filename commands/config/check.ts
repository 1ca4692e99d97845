import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';

export default class ConfigCheck extends GoldctlCommand {
  static override description = `whether the settings are valid; if not, everything that is wrong, and how to mend it

It reads config.json, what it says of providers, and the daemon's certificate where one is there; it changes nothing and
needs no daemon. Exit status 1 when something is wrong.`;
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
      throw new Failure('CONFIG_INVALID', problems.join('\n'), { data: { ...first.data, problems } });
    }
    this.log(
      safeText`${plain(home.configFile)} is valid. A daemon that runs takes it by \`goldctl daemon reload\`, or at its next start.`,
    );
    return { file: home.configFile, valid: true };
  }
}
