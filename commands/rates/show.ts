import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag, priceUnitFlag } from '../../src/cli/flags.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { defined } from '../../src/domain/defined.ts';
import { parseDate } from '../../src/domain/time.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class RatesShow extends GoldctlCommand {
  static override description = 'show the latest quotes of an instrument, or those valid on a date';
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC',
    '<%= config.bin %> <%= command.id %> SJC --date 2021-12-27',
    '<%= config.bin %> <%= command.id %> SJC --in USD/ozt',
    '<%= config.bin %> <%= command.id %> SJC --date 2021-12-27 --in USD/chi',
  ];
  static override args = {
    instrument: Args.string({ description: 'instrument id, name or alias; may contain spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    date: Flags.string({ description: 'show the quotes valid on this date (Vietnam time)', helpValue: 'yyyy-mm-dd' }),
    in: priceUnitFlag({
      description: 'also convert to this currency, unit or both; with --date, using only quotes of that date',
    }),
    ...exitStatusFlag,
  };

  async run(): Promise<MethodResult<'rates.get'> | MethodResult<'rates.lookup'>> {
    const { argv, flags } = await this.parse(RatesShow);
    const instrument = argv.join(' ');
    const { date, in: measure } = flags;
    if (date !== undefined && !parseDate(date)) {
      throw new AppError('USAGE', `--date "${date}" is not a valid date. Use yyyy-mm-dd, for example 2021-12-27.`);
    }
    const client = await this.connect(flags);
    const params = { instrument, ...defined({ in: measure }) };
    const result =
      date === undefined
        ? await client.call('rates.get', params)
        : await client.call('rates.lookup', { date, ...params });
    if (!this.jsonEnabled()) {
      const { lookupLines, noRatesLines, ratesTable } = await import('../../src/repl/rate-format.ts');
      const { conversionLines } = await import('../../src/repl/conversion-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      const format = await terminalFormat(process.stdout, await this.home());
      const lines =
        date !== undefined
          ? lookupLines(result, date, instrument, format)
          : result.quotes.length > 0
            ? ratesTable(result.quotes, format)
            : noRatesLines((await client.call('rates.providers', {})).providers, format, `rates of ${instrument}`);
      if (measure !== undefined) lines.push(...conversionLines({ ...result, priceUnit: measure, date }, format));
      this.logLines(lines);
    }
    return this.withExitStatus(result, result.quotes.length === 0, flags);
  }
}
