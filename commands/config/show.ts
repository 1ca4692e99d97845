import { GoldctlCommand } from '../../src/cli/command.ts';
import { toTerminalJson } from '../../src/cli/terminal-json.ts';
import type { Config } from '../../src/daemon/config.ts';
import { maskSecrets } from '../../src/domain/secrets.ts';
import { sanitizeText } from '../../src/domain/text.ts';

export default class ConfigShow extends GoldctlCommand {
  static override description = 'show the settings of this machine: config.json and the defaults; secrets are masked';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<Config> {
    await this.parse(ConfigShow);
    const { configFile } = await this.home();
    const { loadConfig } = await import('../../src/daemon/config.ts');
    const config = maskSecrets(await loadConfig(configFile));
    if (!this.jsonEnabled()) {
      this.logToStderr(sanitizeText(configFile));
      this.log(toTerminalJson(config, 2));
    }
    return config;
  }
}
