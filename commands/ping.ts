import { Args } from '@oclif/core';
import { GoldctlCommand } from '../src/cli/command.ts';
import type { MethodResult } from '../src/protocol/methods.ts';

export default class Ping extends GoldctlCommand {
  static override description =
    'measure the round-trip time to a member with four pings; exits with status 1 if none is answered';
  static override examples = ['<%= config.bin %> <%= command.id %> yoda'];
  static override args = {
    name: Args.string({ description: 'name of an online member', required: true }),
  };

  async run(): Promise<MethodResult<'peer.ping'>> {
    const { args, flags } = await this.parse(Ping);
    const client = await this.connect(flags);
    const result = await client.call('peer.ping', { member: args.name });
    if (!this.jsonEnabled()) {
      const { pingLines } = await import('../src/repl/member-format.ts');
      this.logLines(pingLines(result));
    }
    if (result.received > 0) return result;
    if (this.jsonEnabled()) this.logJson(result);
    this.exit(1);
  }
}
