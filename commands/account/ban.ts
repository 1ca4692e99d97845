import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { describeInvalidCidr, parseCidr } from '../../src/domain/address.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { defined } from '../../src/domain/defined.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import { formatDateTime, parseDuration } from '../../src/domain/time.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class AccountBan extends GoldctlCommand {
  static override description =
    'ban a member or an address and disconnect them, until the ban expires or is lifted (owner)';
  static override examples = [
    '<%= config.bin %> <%= command.id %> khtn --reason spam',
    '<%= config.bin %> <%= command.id %> khtn --for 2h',
    '<%= config.bin %> <%= command.id %> 198.51.100.0/24 --for 7d',
    '<%= config.bin %> <%= command.id %> khtn --lift',
  ];
  static override args = {
    whom: Args.string({
      description: 'account name, or an address: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32',
      required: true,
    }),
  };
  static override flags = {
    reason: Flags.string({ description: 'reason shown to them', helpValue: 'TEXT', exclusive: ['lift'] }),
    for: Flags.string({ description: 'duration, such as 30m, 2h or 7d', helpValue: 'TIME', exclusive: ['lift'] }),
    account: Flags.boolean({ description: 'treat WHOM as an account name even if it looks like an address' }),
    lift: Flags.boolean({ description: 'lift the ban' }),
  };

  async run(): Promise<MethodResult<'admin.ban'>> {
    const { args, flags } = await this.parse(AccountBan);
    const { whom } = args;
    const span = flags.for === undefined ? undefined : parseDuration(flags.for);
    if (flags.for !== undefined && span === undefined) {
      throw new AppError('USAGE', `--for "${sanitizeText(flags.for)}" is not a valid duration. Use 30m, 2h or 7d.`);
    }
    const problem = flags.account ? undefined : describeInvalidCidr(whom);
    if (problem !== undefined) {
      const hint = /[/:]/.test(whom) ? '' : ' If it is an account name, add --account.';
      throw new AppError('USAGE', `${sanitizeText(problem)}${hint}`, { data: { field: 'whom' } });
    }
    const client = await this.connect(flags);
    const isAddress = !flags.account && parseCidr(whom) !== undefined;
    const result = await client.call('admin.ban', {
      ...(isAddress ? { address: whom } : { name: whom }),
      banned: !flags.lift,
      ...(span === undefined ? {} : { minutes: Math.ceil(span / 60_000) }),
      ...defined({ reason: flags.reason }),
    });
    const name = sanitizeText(result.name ?? result.address ?? whom);
    const until = result.until === null ? safeText`` : safeText` until ${formatDateTime(result.until)}`;
    this.log(
      result.banned
        ? safeText`${name} is banned${until}. Connections closed: ${result.dropped}.`
        : safeText`${name} is no longer banned.`,
    );
    return result;
  }
}
