import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { measureFlag } from '../../src/cli/measure.ts';
import { Failure } from '../../src/domain/failure.ts';
import { parseDay } from '../../src/domain/instant.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class RatesShow extends GoldctlCommand {
  static override description = 'one instrument: its latest quotes, or those that held on a day';
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC',
    '<%= config.bin %> <%= command.id %> SJC --date 2021-12-27',
    '<%= config.bin %> <%= command.id %> SJC --in USD/ozt',
    '<%= config.bin %> <%= command.id %> SJC --date 2021-12-27 --in USD/chi',
  ];
  static override args = {
    instrument: Args.string({ description: 'its id, name or alias; may have spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    date: Flags.string({ description: 'what held on that day, Vietnam time', helpValue: 'yyyy-mm-dd' }),
    in: measureFlag({
      description: 'also in this currency, unit or both; with --date converted by quotes of that day only',
    }),
  };

  async run(): Promise<Result<'rates.get'> | Result<'rates.lookup'>> {
    const { argv, flags } = await this.parse(RatesShow);
    const instrument = argv.join(' ');
    const { date, in: measure } = flags;
    if (date !== undefined && !parseDay(date)) {
      throw new Failure('USAGE', `--date ${date} is no day. Expected yyyy-mm-dd, for example 2021-12-27.`);
    }
    const client = await this.connect(flags);
    const params = { instrument, ...(measure === undefined ? {} : { in: measure }) };
    const result =
      date === undefined
        ? await client.call('rates.get', params)
        : await client.call('rates.lookup', { date, ...params });
    if (!this.jsonEnabled()) {
      const { lookupResults, noRates, ratesTable } = await import('../../src/repl/presenter.ts');
      const { conversionLines } = await import('../../src/repl/conversions.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      const paper = paperOf(process.stdout);
      const lines =
        date !== undefined
          ? lookupResults(result, date, instrument, paper)
          : result.quotes.length > 0
            ? ratesTable(result.quotes, paper)
            : noRates((await client.call('rates.providers', {})).providers, paper, `rates of ${instrument}`);
      if (measure !== undefined) lines.push(...conversionLines({ ...result, measure, date }, paper));
      this.logLines(lines);
    }
    return result;
  }
}
