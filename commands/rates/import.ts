import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { MARKETS } from '../../src/domain/instrument.ts';
import { UNITS, type Unit } from '../../src/domain/unit.ts';

/** Refused lines that are said; --errors has them all. */
const SAID = 50;
/** The daemon answers a call when it is on the disk: a slow disk is no reason to give up. */
const CALL_TIMEOUT_MS = 300_000;

interface Summary {
  readonly dryRun: boolean;
  readonly lines: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: number;
  /** Nothing is wrong with them, but they are no quotes that goldctl keeps. */
  readonly skipped: number;
  readonly skippedReasons: readonly { readonly reason: string; readonly count: number }[];
  /** The first ones. */
  readonly errors: readonly { readonly line: number; readonly reason: string }[];
  readonly seconds: number;
  readonly linesPerSecond: number;
}

export default class RatesImport extends GoldctlCommand {
  static override description = `bring quotes in from CSV or JSON Lines (owner)

A file has a line with the names of its columns, then one quote a line. Columns called instrument, market, provider, company, brand, buy, sell, currency, unit, at, checkedAt and id are known, and the usual names of time and price (timestamp, date, price, bid, ask); --map names the others, and the flags say what holds for all lines. Times are yyyy-mm-dd, yyyy-mm, yyyy-mm-dd HH:MM[:SS], dd/mm/yyyy [HH:MM] (Vietnam time), ISO 8601 with a zone, or epoch seconds or milliseconds.

A quote that is there already is counted and skipped, so an import may be repeated or go on after it was cut off. A line that does not fit is reported by its number while the rest goes in; the exit status is then 1.`;
  static override examples = [
    {
      description: "SJC's daily prices, in million VND a tael:",
      command:
        '<%= config.bin %> <%= command.id %> sjc-daily.csv --instrument SJC --map at=timestamp,buy=buy_1l,sell=sell_1l --currency VND --unit tael --scale 1000000',
    },
    {
      description: 'the world price of each month since 1833, in USD an ounce:',
      command:
        '<%= config.bin %> <%= command.id %> world-gold-monthly.csv --instrument XAU --map at=Date,price=Price --currency USD --unit ozt',
    },
  ];
  static override args = {
    file: Args.string({ description: 'the file, UTF-8; - for standard input', required: true }),
  };
  static override flags = {
    map: Flags.string({
      description: 'columns of other names; price stands for buy and sell at once',
      helpValue: 'FIELD=COLUMN,...',
      multiple: true,
      default: [],
    }),
    instrument: Flags.string({ description: 'what the prices are of: id, name or alias' }),
    market: Flags.option({ options: MARKETS, description: 'of an instrument that is new' })(),
    provider: Flags.string({ description: 'who the quotes are said to be from; import, where nothing says so' }),
    company: Flags.string({ description: 'who makes the price' }),
    brand: Flags.string({ description: 'branch or kind within the company' }),
    currency: Flags.string({ description: 'of the prices, as VND' }),
    unit: Flags.option({ options: Object.keys(UNITS) as Unit[], description: 'what a price is for' })(),
    scale: Flags.string({
      description: 'what every price is multiplied by, as 1000000 for prices in millions',
      default: '1',
    }),
    number: Flags.string({ description: 'how the file writes numbers: 1234.5, 1,234.5 or 1.234,5', default: '1234.5' }),
    format: Flags.option({
      options: ['csv', 'jsonl', 'tygia'] as const,
      description: "of the file; without it the file is looked at. tygia: a JSON database of tygia.com's answers",
    })(),
    coins: Flags.boolean({
      description: 'with --format tygia: the coins of the database too, in USD',
      default: true,
      allowNo: true,
    }),
    errors: Flags.string({ description: 'a new file that gets every refused line', helpValue: 'FILE' }),
    'dry-run': Flags.boolean({ description: 'read and judge the file, store nothing; needs no daemon' }),
  };

  async run(): Promise<Summary> {
    const { args, flags } = await this.parse(RatesImport);
    const { readQuotes } = await import('../../src/cli/quote-file.ts');
    const { readTygia } = await import('../../src/cli/tygia-file.ts');
    const { parseMap } = await import('../../src/cli/quote-columns.ts');
    const { NUMBER_FORMATS, numberReader } = await import('../../src/cli/quote-number.ts');
    const { RefusedLines } = await import('../../src/cli/refused-lines.ts');
    const { ImportProgress, perSecond } = await import('../../src/cli/import-progress.ts');
    const { openInput } = await import('../../src/cli/input.ts');

    const format = NUMBER_FORMATS.find((each) => each === flags.number);
    if (!format) {
      throw new Failure('USAGE', `--number ${flags.number} is none of ${NUMBER_FORMATS.join('   ')}.`);
    }
    const number = numberReader(format, flags.scale);
    if (!number) throw new Failure('USAGE', `--scale ${flags.scale} is no number above 0.`);
    const map = parseMap(flags.map);
    const { instrument, market, provider, company, brand, currency, unit } = flags;
    const given = { instrument, market, provider, company, brand, currency, unit };
    const constants = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== undefined));

    const kind = flags.format;
    if (kind === 'tygia' && (flags.map.length > 0 || Object.keys(constants).length > 0)) {
      throw new Failure(
        'USAGE',
        '--format tygia says itself what its rows are of: leave out --map and what holds for all.',
      );
    }

    if (kind !== 'tygia' && !flags.coins) throw new Failure('USAGE', '--no-coins is for --format tygia only.');

    const { bytes, size } = await openInput(args.file);
    const refused = new RefusedLines(flags.errors);
    try {
      const onRefused = (line: number, reason: string) => refused.add(line, reason);
      const to = flags['dry-run'] ? await this.#judge(onRefused) : await this.#importer(flags, onRefused);
      const shown = !this.jsonEnabled() && process.stderr.isTTY === true;
      const progress = shown ? new ImportProgress(process.stderr, size) : undefined;
      const startedAt = performance.now();
      let read = 0;
      const counted = async function* () {
        for await (const chunk of bytes) {
          read += chunk.length;
          yield chunk;
        }
      };
      let lines: number;
      let skipped: ReadonlyMap<string, number> = new Map();
      try {
        if (kind === 'tygia') {
          ({ rows: lines, skipped } = await readTygia(counted(), to, Date.now(), { coins: flags.coins }));
        } else {
          lines = await readQuotes(counted(), { format: kind, map, constants, number }, to, (sofar) =>
            progress?.show(read, {
              lines: sofar,
              stored: to.stored,
              duplicates: to.duplicates,
              refused: refused.count,
            }),
          );
        }
        await to.end();
      } finally {
        progress?.end();
      }
      const ms = performance.now() - startedAt;
      return this.#finish({
        dryRun: flags['dry-run'] ?? false,
        lines,
        stored: to.stored,
        duplicates: to.duplicates,
        refused: refused.count,
        skipped: [...skipped.values()].reduce((sum, count) => sum + count, 0),
        skippedReasons: [...skipped].map(([reason, count]) => ({ reason, count })),
        errors: refused.first(SAID),
        seconds: Math.round(ms) / 1000,
        linesPerSecond: perSecond(lines, ms),
      });
    } finally {
      refused.close();
    }
  }

  async #importer(flags: { server?: string | undefined }, onRefused: (line: number, reason: string) => void) {
    const client = await this.connect(flags, { callTimeoutMs: CALL_TIMEOUT_MS });
    const { QuoteImport } = await import('../../src/cli/rates-import.ts');
    return new QuoteImport(client, onRefused);
  }

  async #judge(onRefused: (line: number, reason: string) => void) {
    const { QuoteJudge } = await import('../../src/cli/rates-judge.ts');
    return new QuoteJudge(onRefused, Date.now());
  }

  async #finish(summary: Summary): Promise<Summary> {
    const { counted } = await import('../../src/cli/import-progress.ts');
    const { lines, stored, duplicates, refused, skipped, errors, seconds, linesPerSecond } = summary;
    for (const { line, reason } of errors) this.logToStderr(`line ${line}: ${reason}`);
    const more = refused - errors.length;
    if (more > 0) this.logToStderr(`and ${counted(more)} more (--errors FILE has them all)`);
    const leftOut =
      skipped > 0 ? `Refused: ${counted(refused)}. Skipped: ${counted(skipped)}.` : `Refused: ${counted(refused)}.`;
    this.log(
      summary.dryRun
        ? `Read: ${counted(lines)} lines. Would go in: ${counted(lines - refused - skipped)}. ${leftOut} Nothing was stored.`
        : `Stored: ${counted(stored)}. There already: ${counted(duplicates)}. ${leftOut} ${counted(lines)} lines in ${seconds.toFixed(1)} s (${counted(linesPerSecond)}/s).`,
    );
    for (const { reason, count } of summary.skippedReasons) this.log(`Skipped ${counted(count)}: ${reason}.`);
    if (refused > 0) {
      if (this.jsonEnabled()) this.logJson(summary);
      this.exit(1);
    }
    return summary;
  }
}
