import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { measureFlag } from '../../src/cli/measure.ts';
import { MARKETS } from '../../src/domain/instrument.ts';
import type { SafeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class Rates extends GoldctlCommand {
  static override description = 'the latest rate of every instrument';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --market gold',
    '<%= config.bin %> <%= command.id %> --market gold --in USD/ozt',
  ];
  static override flags = {
    market: Flags.option({ options: MARKETS, description: 'of this market only' })(),
    in: measureFlag({
      description: 'converted to this currency, unit or both; a rate that no quotes convert is shown as it is',
    }),
  };

  async run(): Promise<Result<'rates.list'>> {
    const { flags } = await this.parse(Rates);
    const { market, in: measure } = flags;
    const client = await this.connect(flags);
    const result = await client.call('rates.list', {
      ...(market === undefined ? {} : { market }),
      ...(measure === undefined ? {} : { in: measure }),
    });
    if (!this.jsonEnabled()) {
      const { noRates, ratesTable } = await import('../../src/repl/presenter.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      const paper = paperOf(process.stdout);
      let lines: SafeText[];
      if (result.quotes.length === 0) {
        const { providers } = await client.call('rates.providers', {});
        lines = noRates(providers, paper, market === undefined ? 'rates' : `${market} rates`);
      } else if (measure === undefined) {
        lines = ratesTable(result.quotes, paper);
      } else {
        const { convertedTable } = await import('../../src/repl/conversions.ts');
        lines = convertedTable({ ...result, measure }, paper);
      }
      this.logLines(lines);
    }
    return result;
  }
}
