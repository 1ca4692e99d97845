import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';

interface Exported {
  readonly instruments: number;
  readonly quotes: number;
}

export default class RatesExport extends GoldctlCommand {
  static override description =
    'write every stored quote as CSV or JSON Lines; what comes out goes into another daemon with `rates import`';
  static override examples = [
    '<%= config.bin %> <%= command.id %> > quotes.csv',
    '<%= config.bin %> <%= command.id %> SJC XAU --from 2020-01-01 --format jsonl --output gold.jsonl',
  ];
  static override args = {
    instrument: Args.string({ description: 'id, name or alias, one or several; all, where it is left out' }),
  };
  static override strict = false;
  static override flags = {
    from: Flags.string({ description: 'first day or moment, or a span back from now (30d)' }),
    to: Flags.string({ description: 'last day or moment' }),
    format: Flags.option({ options: ['csv', 'jsonl'] as const, default: 'csv' as const, description: 'of the text' })(),
    output: Flags.string({
      char: 'o',
      description: 'a file; standard output, where it is left out',
      helpValue: 'FILE',
    }),
    force: Flags.boolean({ description: 'replace the file that is there', dependsOn: ['output'] }),
  };

  async run(): Promise<Exported> {
    const { argv, flags } = await this.parse(RatesExport);
    const { parseWhen, WHEN } = await import('../../src/repl/when.ts');
    const now = Date.now();
    const moment = (flag: 'from' | 'to'): number | undefined => {
      const text = flags[flag];
      if (text === undefined) return undefined;
      const at = parseWhen(text, now, flag === 'to' ? 'end' : 'start');
      if (at === undefined) throw new Failure('USAGE', `--${flag} ${text} is no moment. Expected ${WHEN}.`);
      return at;
    };
    const [from, to] = [moment('from'), moment('to')];
    if (from !== undefined && to !== undefined && from >= to) {
      throw new Failure('USAGE', '--from lies after --to: nothing is in between.');
    }
    if (this.jsonEnabled() && flags.output === undefined) {
      throw new Failure(
        'USAGE',
        '--json prints a summary: name a file with --output, or write JSON with --format jsonl.',
      );
    }
    const client = await this.connect(flags);
    const instruments =
      argv.length > 0
        ? (argv as string[])
        : (await client.call('rates.list', {})).quotes.map(({ instrument }) => instrument);
    const { exportQuotes } = await import('../../src/cli/rates-export.ts');
    const { fileOutput, standardOutput } = await import('../../src/cli/output.ts');
    const output = flags.output === undefined ? standardOutput : await fileOutput(flags.output, { force: flags.force });
    let quotes = 0;
    try {
      for await (const page of exportQuotes(client, { instruments, from, to, format: flags.format })) {
        quotes += page.quotes;
        await output.write(page.text);
      }
      await output.end();
    } catch (thrown) {
      await output.abandon();
      throw thrown;
    }
    if (flags.output !== undefined) {
      this.log(safeText`Written to ${plain(flags.output)}: ${quotes} quotes of ${instruments.length} instruments.`);
    }
    return { instruments: instruments.length, quotes };
  }
}
