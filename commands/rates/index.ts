import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag, priceUnitFlag } from '../../src/cli/flags.ts';
import { defined } from '../../src/domain/defined.ts';
import { MARKETS } from '../../src/domain/instrument.ts';
import type { SafeText } from '../../src/domain/safe-text.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

export default class Rates extends GoldctlCommand {
  static override description = 'show the latest rate of every instrument';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --market gold',
    '<%= config.bin %> <%= command.id %> --market gold --in USD/ozt',
  ];
  static override flags = {
    market: Flags.option({ options: MARKETS, description: 'only this market' })(),
    in: priceUnitFlag({
      description: 'convert to this currency, unit or both; rates that cannot be converted are shown unchanged',
    }),
    ...exitStatusFlag,
  };

  async run(): Promise<MethodResult<'rates.list'>> {
    const { flags } = await this.parse(Rates);
    const { market, in: measure } = flags;
    const client = await this.connect(flags);
    const result = await client.call('rates.list', {
      ...defined({ market, in: measure }),
    });
    if (!this.jsonEnabled()) {
      const { noRatesLines, ratesTable } = await import('../../src/repl/rate-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      const format = await terminalFormat(process.stdout, await this.home());
      let lines: SafeText[];
      if (result.quotes.length === 0) {
        const { providers } = await client.call('rates.providers', {});
        lines = noRatesLines(providers, format, market === undefined ? 'rates' : `${market} rates`);
      } else if (measure === undefined) {
        lines = ratesTable(result.quotes, format);
      } else {
        const { conversionTable } = await import('../../src/repl/conversion-format.ts');
        lines = conversionTable({ ...result, priceUnit: measure }, format);
      }
      this.logLines(lines);
    }
    return this.withExitStatus(result, result.quotes.length === 0, flags);
  }
}
