import { GoldctlCommand } from '../../src/cli/command.ts';
import { shownJson } from '../../src/cli/shown-json.ts';
import type { Config } from '../../src/daemon/config.ts';
import { plain } from '../../src/domain/fold.ts';
import { maskSecrets } from '../../src/domain/secrets.ts';

export default class ConfigShow extends GoldctlCommand {
  static override description =
    'the settings of this machine: config.json and the presets; what may be a secret is masked';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Config> {
    await this.parse(ConfigShow);
    const { configFile } = await this.home();
    const { loadConfig } = await import('../../src/daemon/config.ts');
    const config = maskSecrets(await loadConfig(configFile));
    if (!this.jsonEnabled()) {
      this.logToStderr(plain(configFile));
      this.log(shownJson(config, 2));
    }
    return config;
  }
}
