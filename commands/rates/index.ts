import { Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { MARKETS } from '../../src/domain/instrument.ts';
import type { Result } from '../../src/protocol/methods.ts';

export default class Rates extends GoldctlCommand {
  static override description = 'the latest rate of every instrument';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --market gold',
  ];
  static override flags = {
    market: Flags.option({ options: MARKETS, description: 'of this market only' })(),
  };

  async run(): Promise<Result<'rates.list'>> {
    const { flags } = await this.parse(Rates);
    const client = await this.connect(flags);
    const result = await client.call('rates.list', flags.market === undefined ? {} : { market: flags.market });
    if (!this.jsonEnabled()) {
      const { noRates, ratesTable } = await import('../../src/repl/presenter.ts');
      const { paperOf } = await import('../../src/repl/paper.ts');
      const paper = paperOf(process.stdout);
      const lines =
        result.quotes.length > 0
          ? ratesTable(result.quotes, paper)
          : noRates(
              (await client.call('rates.providers', {})).providers,
              paper,
              flags.market === undefined ? 'rates' : `${flags.market} rates`,
            );
      this.log(lines.join('\n'));
    }
    return result;
  }
}
