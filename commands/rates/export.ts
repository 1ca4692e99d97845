import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import { parsePeriodFlags } from '../../src/repl/parse-time.ts';

interface ExportCounts {
  readonly instruments: number;
  readonly quotes: number;
}

export default class RatesExport extends GoldctlCommand {
  static override description = 'export stored quotes as CSV or JSON Lines, which `rates import` can read';
  static override examples = [
    '<%= config.bin %> <%= command.id %> > quotes.csv',
    '<%= config.bin %> <%= command.id %> SJC XAU --from 2020-01-01 --format jsonl --output gold.jsonl',
  ];
  static override args = {
    instrument: Args.string({ description: 'instrument id, name or alias; one or more [all]' }),
  };
  static override strict = false;
  static override flags = {
    from: Flags.string({ description: 'first date or time, or a duration ago (30d)', helpValue: 'TIME' }),
    to: Flags.string({ description: 'last date or time', helpValue: 'TIME' }),
    format: Flags.option({
      options: ['csv', 'jsonl'] as const,
      default: 'csv' as const,
      description: 'output format',
    })(),
    output: Flags.string({
      char: 'o',
      description: 'output file [standard output]',
      helpValue: 'FILE',
    }),
    force: Flags.boolean({ description: 'overwrite an existing file', dependsOn: ['output'] }),
  };

  async run(): Promise<ExportCounts> {
    const { argv, flags } = await this.parse(RatesExport);
    const period = parsePeriodFlags(flags);
    if (this.jsonEnabled() && flags.output === undefined) {
      throw new AppError(
        'USAGE',
        '--json prints a summary, so it needs --output FILE. To export as JSON, use --format jsonl.',
      );
    }
    const client = await this.connect(flags);
    const instruments =
      argv.length > 0
        ? (argv as string[])
        : (await client.call('rates.list', {})).quotes.map(({ instrument }) => instrument);
    const { exportQuotes } = await import('../../src/cli/quote-export.ts');
    const { openFileOutput, standardOutput } = await import('../../src/cli/export-output.ts');
    const output =
      flags.output === undefined ? standardOutput : await openFileOutput(flags.output, { force: flags.force });
    let quotes = 0;
    try {
      for await (const page of exportQuotes(client, { instruments, ...period, format: flags.format })) {
        quotes += page.quotes;
        await output.write(page.text);
      }
      await output.commit();
    } catch (thrown) {
      await output.abandon();
      throw thrown;
    }
    if (flags.output !== undefined) {
      this.log(
        safeText`Written to ${sanitizeText(flags.output)}: ${quotes} quotes of ${instruments.length} instruments.`,
      );
    }
    return { instruments: instruments.length, quotes };
  }
}
