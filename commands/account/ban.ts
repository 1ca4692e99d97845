import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { parseRange } from '../../src/domain/address.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { formatMinute, parseSpan } from '../../src/domain/instant.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class AccountBan extends GoldctlCommand {
  static override description =
    'end the connections of a member or of an address, and let them in no more, until it is lifted or over (owner)';
  static override examples = [
    '<%= config.bin %> <%= command.id %> khtn --reason spam',
    '<%= config.bin %> <%= command.id %> khtn --for 2h',
    '<%= config.bin %> <%= command.id %> 198.51.100.0/24 --for 7d',
    '<%= config.bin %> <%= command.id %> khtn --lift',
  ];
  static override args = {
    whom: Args.string({
      description: 'name of the account, or an address: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32',
      required: true,
    }),
  };
  static override flags = {
    reason: Flags.string({ description: 'what they are told', helpValue: 'TEXT', exclusive: ['lift'] }),
    for: Flags.string({ description: 'how long, as 30m, 2h or 7d', helpValue: 'TIME', exclusive: ['lift'] }),
    account: Flags.boolean({ description: 'it is a name, though it looks like an address' }),
    lift: Flags.boolean({ description: 'let them in again' }),
  };

  async run(): Promise<Result<'admin.ban'>> {
    const { args, flags } = await this.parse(AccountBan);
    const { whom } = args;
    const span = flags.for === undefined ? undefined : parseSpan(flags.for);
    if (flags.for !== undefined && span === undefined) {
      throw new Failure('USAGE', `--for wants a time as 30m, 2h or 7d, not "${plain(flags.for)}".`);
    }
    const client = await this.connect(flags);
    const isAddress = !flags.account && parseRange(whom) !== undefined;
    const result = await client.call('admin.ban', {
      ...(isAddress ? { address: whom } : { name: whom }),
      banned: !flags.lift,
      ...(span === undefined ? {} : { minutes: Math.ceil(span / 60_000) }),
      ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    });
    const name = plain(result.name ?? result.address ?? whom);
    const until = result.until === null ? safeText`` : safeText` until ${formatMinute(result.until)}`;
    this.log(
      result.banned
        ? safeText`${name} is banned${until}. Connections ended: ${result.dropped}.`
        : safeText`${name} may come in again.`,
    );
    return result;
  }
}
