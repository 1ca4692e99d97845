import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { selectedSeries, seriesFlags } from '../../src/cli/flags.ts';
import { reasonFlag } from '../../src/cli/undo-command.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { defined } from '../../src/domain/defined.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';
import { parseTimeFlag } from '../../src/repl/parse-time.ts';

export default class RatesCorrect extends GoldctlCommand {
  static override description = `replace a stored price (owner)

The price is in the instrument's currency and unit. "goldctl rates imports undo" restores the old price.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC --at "2024-05-10 09:30" --buy 89900000 --sell 92200000 --reason "typing error"',
  ];
  static override args = {
    instrument: Args.string({ description: 'instrument id, name or alias; may contain spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    at: Flags.string({ description: 'time of the price; a date means its start', required: true, helpValue: 'TIME' }),
    buy: Flags.string({ description: 'correct buy price', helpValue: 'PRICE' }),
    sell: Flags.string({ description: 'correct sell price', helpValue: 'PRICE' }),
    ...seriesFlags,
    ...reasonFlag,
  };

  async run(): Promise<MethodResult<'rates.correct'>> {
    const { argv, flags } = await this.parse(RatesCorrect);
    const instrument = argv.join(' ');
    const at = parseTimeFlag('at', flags.at);
    const [buy, sell] = [parsePriceFlag('buy', flags.buy), parsePriceFlag('sell', flags.sell)];
    if (buy === null && sell === null) throw new AppError('USAGE', 'Set the correct price with --buy, --sell or both.');
    const client = await this.connect(flags);
    const result = await client.call('rates.correct', {
      instrument,
      ...selectedSeries(flags),
      at,
      buy,
      sell,
      ...defined({ reason: flags.reason }),
    });
    this.log(safeText`Corrected. To restore the old price: goldctl rates imports undo ${result.batch}`);
    return result;
  }
}

function parsePriceFlag(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0) return value;
  throw new AppError('USAGE', `--${flag} "${sanitizeText(text)}" is not a valid price. Example: 89900000`);
}
