import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { seriesChoice, seriesFlags } from '../../src/cli/series-flags.ts';
import { reasonFlag } from '../../src/cli/undo-command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class RatesCorrect extends GoldctlCommand {
  static override description = `put a price in place of a stored one (owner)

The price is in the instrument's currency and unit. "goldctl rates imports undo" brings the old one back.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC --at "2024-05-10 09:30" --buy 89900000 --sell 92200000 --reason "typing error"',
  ];
  static override args = {
    instrument: Args.string({ description: 'its id, name or alias; may have spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    at: Flags.string({ description: 'time of the price; a day means its start', required: true }),
    buy: Flags.string({ description: 'the right buy price' }),
    sell: Flags.string({ description: 'the right sell price' }),
    ...seriesFlags,
    ...reasonFlag,
  };

  async run(): Promise<Result<'rates.correct'>> {
    const { argv, flags } = await this.parse(RatesCorrect);
    const instrument = argv.join(' ');
    const { parseWhen, WHEN } = await import('../../src/repl/when.ts');
    const at = parseWhen(flags.at, Date.now());
    if (at === undefined) throw new Failure('USAGE', `--at "${plain(flags.at)}" is not a valid time. Use ${WHEN}.`);
    const [buy, sell] = [price('buy', flags.buy), price('sell', flags.sell)];
    if (buy === null && sell === null) throw new Failure('USAGE', 'Give the right price with --buy, --sell or both.');
    const client = await this.connect(flags);
    const { reason } = flags;
    const result = await client.call('rates.correct', {
      instrument,
      ...seriesChoice(flags),
      at,
      buy,
      sell,
      ...(reason === undefined ? {} : { reason }),
    });
    this.log(safeText`Corrected. To bring the old price back: goldctl rates imports undo ${result.batch}`);
    return result;
  }
}

function price(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0) return value;
  throw new Failure('USAGE', `--${flag} "${plain(text)}" is not a price. Write it as 89900000.`);
}
