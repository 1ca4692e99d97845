import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { selectedSeries, seriesFlags } from '../../src/cli/flags.ts';
import { reasonFlag } from '../../src/cli/undo-command.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { defined } from '../../src/domain/defined.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodParams, MethodResult } from '../../src/protocol/methods.ts';
import { parsePeriodFlags } from '../../src/repl/parse-time.ts';

export default class RatesRemove extends GoldctlCommand {
  static override description = `remove stored prices of an instrument (owner)

Removed prices are ignored as if they had never been stored. "goldctl rates imports undo" restores them.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC --provider import --from 2024-01-01 --to 2024-01-31',
    '<%= config.bin %> <%= command.id %> SJC --provider vang-today --dry-run',
  ];
  static override args = {
    instrument: Args.string({ description: 'instrument id, name or alias; may contain spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    ...seriesFlags,
    from: Flags.string({ description: 'first date or time [the first stored price]', helpValue: 'TIME' }),
    to: Flags.string({ description: 'last date or time [now]', helpValue: 'TIME' }),
    ...reasonFlag,
    'dry-run': Flags.boolean({ description: 'count the prices without removing any' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask for confirmation' }),
  };

  async run(): Promise<MethodResult<'rates.remove'>> {
    const { argv, flags } = await this.parse(RatesRemove);
    const instrument = argv.join(' ');
    const params: MethodParams<'rates.remove'> = {
      instrument,
      ...selectedSeries(flags),
      ...defined({ ...parsePeriodFlags(flags), reason: flags.reason }),
    };
    const client = await this.connect(flags);
    const preview = await client.call('rates.remove', { ...params, dryRun: true });
    const what = `${preview.quotes} quotes of ${preview.series.map(sanitizeText).join('; ')}`;
    if (flags['dry-run']) {
      this.log(safeText`Would remove ${sanitizeText(what)}. Nothing was removed.`);
      return preview;
    }
    if (!flags.yes && !this.jsonEnabled() && process.stdin.isTTY === true) {
      const { confirm } = await import('../../src/cli/terminal-prompt.ts');
      if (!(await confirm(safeText`Remove ${sanitizeText(what)}? [y/N] `)))
        throw new AppError('INVALID_REQUEST', 'Nothing was removed.');
    }
    const result = await client.call('rates.remove', params);
    this.log(
      safeText`Removed ${sanitizeText(what)}. To restore them: goldctl rates imports undo ${result.batch ?? ''}`,
    );
    return result;
  }
}
