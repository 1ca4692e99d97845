import { GoldctlCommand } from '../../src/cli/command.ts';

export default class ConfigCheck extends GoldctlCommand {
  static override description = 'whether config.json is valid; if not, where and why';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<{ file: string; valid: true }> {
    await this.parse(ConfigCheck);
    const { configFile } = await this.home();
    const { loadConfig } = await import('../../src/daemon/config.ts');
    const { rates } = await loadConfig(configFile);
    const { configuredSources } = await import('../../src/daemon/sources.ts');
    configuredSources(rates.providers);
    this.log(`${configFile} is valid. A daemon that runs takes it at its next start.`);
    return { file: configFile, valid: true };
  }
}
