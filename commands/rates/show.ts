import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { parseMeasure } from '../../src/domain/conversion.ts';
import { Failure } from '../../src/domain/failure.ts';
import { parseDay } from '../../src/domain/instant.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class RatesShow extends GoldctlCommand {
  static override description = 'one instrument: its latest quotes, or those that held on a day';
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC',
    '<%= config.bin %> <%= command.id %> SJC --date 2021-12-27',
    '<%= config.bin %> <%= command.id %> SJC --in USD/ozt',
  ];
  static override args = {
    instrument: Args.string({ description: 'its id, name or alias; may have spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    date: Flags.string({
      description: 'what held on that day, Vietnam time',
      helpValue: 'yyyy-mm-dd',
      exclusive: ['in'],
    }),
    in: Flags.string({ description: 'also in this currency, unit or both', helpValue: 'USD/ozt' }),
  };

  async run(): Promise<Result<'rates.get'> | Result<'rates.lookup'>> {
    const { argv, flags } = await this.parse(RatesShow);
    const instrument = argv.join(' ');
    const { date, in: measure } = flags;
    if (date !== undefined && !parseDay(date)) {
      throw new Failure('USAGE', `--date ${date} is no day. Expected yyyy-mm-dd, for example 2021-12-27.`);
    }
    if (measure !== undefined && !parseMeasure(measure)) {
      throw new Failure(
        'USAGE',
        `--in ${measure} is no measure. Expected a currency, a unit or both: USD, chi, USD/ozt.`,
      );
    }
    const client = await this.connect(flags);
    if (date !== undefined) {
      const result = await client.call('rates.lookup', { date, instrument });
      if (!this.jsonEnabled()) {
        const { lookupResults } = await import('../../src/repl/presenter.ts');
        const { paperOf } = await import('../../src/repl/paper.ts');
        this.log(lookupResults(result.quotes, date, instrument, paperOf(process.stdout)).join('\n'));
      }
      return result;
    }
    const result = await client.call('rates.get', { instrument, ...(measure === undefined ? {} : { in: measure }) });
    if (!this.jsonEnabled()) {
      const { conversions, noRates, ratesTable } = await import('../../src/repl/presenter.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      const paper = paperOf(process.stdout);
      const lines =
        result.quotes.length > 0
          ? [
              ...ratesTable(result.quotes, paper),
              ...(result.converted ? ['', `In ${measure}:`, ...conversions(result.converted, paper)] : []),
            ]
          : noRates((await client.call('rates.providers', {})).providers, paper, `rates of ${instrument}`);
      this.log(lines.join('\n'));
    }
    return result;
  }
}
