import { Args } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import type { Result } from '../src/protocol/methods.ts';

export default class Ping extends GoldctlCommand {
  static override description =
    'measure four round trips between the daemon and a member; exit status 1 when none is answered';
  static override examples = ['<%= config.bin %> <%= command.id %> yoda'];
  static override args = {
    name: Args.string({ description: 'of a member who is here', required: true }),
  };

  async run(): Promise<Result<'peer.ping'>> {
    const { args, flags } = await this.parse(Ping);
    const client = await this.connect(flags);
    const result = await client.call('peer.ping', { member: args.name });
    if (!this.jsonEnabled()) {
      const { pingLines } = await import('../src/repl/ping.ts');
      this.logLines(pingLines(result));
    }
    if (result.received > 0) return result;
    if (this.jsonEnabled()) this.logJson(result);
    this.exit(1);
  }
}
