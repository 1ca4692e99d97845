import { GoldctlCommand } from '../../src/cli/command.ts';
import type { Config } from '../../src/daemon/config.ts';

export default class ConfigShow extends GoldctlCommand {
  static override description = 'the settings of this machine: config.json and the presets; keys are masked';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Config> {
    await this.parse(ConfigShow);
    const { configFile } = await this.home();
    const [{ loadConfig }, { masked }] = await Promise.all([
      import('../../src/daemon/config.ts'),
      import('../../src/cli/masked.ts'),
    ]);
    const config = masked(await loadConfig(configFile));
    if (!this.jsonEnabled()) {
      this.logToStderr(configFile);
      this.log(JSON.stringify(config, null, 2));
    }
    return config;
  }
}
