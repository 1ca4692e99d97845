import { basename } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import type { ImportPreview, KnownDays, PreviewedInstrument, PreviewedRow } from '../../src/cli/import-preview.ts';
import type { Input } from '../../src/cli/input.ts';
import { unitFlag } from '../../src/cli/measure.ts';
import type { QuoteLines } from '../../src/cli/quote-file.ts';
import type { Reading, UnderstandOptions, UnderstoodFile } from '../../src/cli/quote-import.ts';
import type { RefusedLines } from '../../src/cli/refused-lines.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { MARKETS } from '../../src/domain/instrument.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { UNIT_NAMES } from '../../src/domain/unit.ts';

/** Refused lines that are said; --errors has them all. */
const SAID = 50;
/** The daemon answers a call when it is on the disk: a slow disk is no reason to give up. */
const CALL_TIMEOUT_MS = 300_000;

interface Summary {
  readonly dryRun: boolean;
  /** How the file was read; null for --format tygia. */
  readonly reading: Reading | null;
  readonly lines: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: number;
  /** Rows that goldctl does not keep, though nothing is wrong with them. */
  readonly skipped: number;
  readonly skippedReasons: readonly { readonly reason: string; readonly count: number }[];
  /** The number that undoes the import; null where nothing was sent. */
  readonly batch: number | null;
  /** The first ones. */
  readonly errors: readonly { readonly line: number; readonly reason: string }[];
  readonly seconds: number;
  readonly linesPerSecond: number;
  /** With --dry-run. */
  readonly preview?: {
    readonly rows: readonly PreviewedRow[];
    /** The first series of the file, and how many others it has. */
    readonly instruments: readonly PreviewedInstrument[];
    readonly more: number;
    /** Null where no daemon answers. */
    readonly known: readonly KnownDays[] | null;
  };
}

/** What takes the quotes of a file, and counts them. */
type Taker = QuoteLines & {
  readonly stored: number;
  readonly duplicates: number;
  readonly batch: number | undefined;
  end(): Promise<void>;
};

interface ImportCommandFlags {
  readonly server?: string | undefined;
  readonly 'dry-run'?: boolean;
  readonly coins: boolean;
  readonly replace?: boolean;
  readonly force?: boolean;
}

export default class RatesImport extends GoldctlCommand {
  static override description =
    `store quotes from a file: CSV, JSON, an Excel workbook, XML of the European Central Bank (owner)

The file is read twice: first as a whole, to understand it, then line by line. What it does not prove by itself (is 05/06/2023 in May or in June? does 24.325 mean 24325? which of two columns is the price? is it per chỉ or in millions?) is asked on a terminal; elsewhere the command ends with exit status 2 and names the flag that answers it. Nothing is stored before that.

Columns called instrument, market, provider, company, brand, buy, sell, currency, unit, at, checkedAt and id are known, and the usual names of time and price, in English and Vietnamese (date, timestamp, ngày; price, close, giá; bid, ask, mua vào, bán ra; open, high and low); --map names the others, by name or number. Titles above the header are skipped. Accepted times: yyyy-mm-dd, yyyymmdd, yyyy-mm, dd/mm/yyyy and mm/dd/yyyy (also with - or . and two-digit years), 16 Nov 2018, Nov 16, 2018, 16 tháng 11 2018, each with a time of day (24 hours, AM, PM, SA, CH) and a zone, else Vietnam's; ISO 8601; epoch seconds, milliseconds, microseconds; Excel's day numbers. Prices may have a currency and a word: 89.900.000 đ, 150tr, 1,5 tỷ, $4,010.10. UTF-8, UTF-16 and gzip are recognized.

A quote that is stored already is counted and skipped, so an import may be repeated or go on after it was cut off. A line that does not fit is reported by its number while the rest goes in; the exit status is then 1.`;
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
    {
      description: 'what a file would bring, and how far it is from what is known:',
      command: '<%= config.bin %> <%= command.id %> prices.xlsx --instrument SJC --unit chi --dates d/m --dry-run',
    },
    {
      description: 'exchange rates of the European Central Bank:',
      command: '<%= config.bin %> <%= command.id %> eurofxref-hist.xml',
    },
  ];
  static override args = {
    file: Args.string({ description: 'the file; - for standard input', required: true }),
  };
  static override flags = {
    map: Flags.string({
      description: 'columns by name or number; price stands for buy and sell at once, clock for a time of day',
      helpValue: 'FIELD=COLUMN,...',
      multiple: true,
      default: [],
    }),
    header: Flags.boolean({
      description: 'whether the file names its columns; --no-header: the first line is a quote, columns are #1, #2, …',
      allowNo: true,
      default: true,
    }),
    dates: Flags.string({
      description: 'order of dates like 05/06/2023: d/m, m/d or y-m-d',
      helpValue: 'ORDER',
    }),
    instrument: Flags.string({ description: 'what the prices are of: id, name or alias' }),
    market: Flags.option({ options: MARKETS, description: 'of an instrument that is new' })(),
    provider: Flags.string({ description: 'who the quotes are said to be from; import, where nothing says so' }),
    company: Flags.string({ description: 'who makes the price' }),
    brand: Flags.string({ description: 'branch or kind within the company' }),
    currency: Flags.string({ description: 'of the prices, as VND' }),
    unit: unitFlag({ description: `what a price is for: ${UNIT_NAMES}` }),
    scale: Flags.string({ description: 'what every price is multiplied by, as 1000000 for prices in millions' }),
    number: Flags.string({
      description: 'how the file writes numbers: 1234.5, 1,234.5 or 1.234,5; without it the file decides',
    }),
    format: Flags.option({
      options: ['csv', 'jsonl', 'json', 'xlsx', 'ecb', 'tygia'] as const,
      description: "of the file; without it the file is looked at. tygia: a JSON database of tygia.com's answers",
    })(),
    coins: Flags.boolean({
      description: 'with --format tygia: the coins of the database too, in USD',
      default: true,
      allowNo: true,
    }),
    sheet: Flags.string({ description: 'of a workbook that has several with quotes', helpValue: 'NAME' }),
    replace: Flags.boolean({
      description: "put the file's prices in place of the stored ones of the same series and time",
    }),
    force: Flags.boolean({ description: 'store prices that do not fit what is known' }),
    errors: Flags.string({ description: 'a new file that gets every refused line', helpValue: 'FILE' }),
    'dry-run': Flags.boolean({
      description: 'read and judge the file, show what it means and how far it is from what is known; store nothing',
    }),
  };

  async run(): Promise<Summary> {
    const { args, flags } = await this.parse(RatesImport);
    const { openInput } = await import('../../src/cli/input.ts');
    const { RefusedLines } = await import('../../src/cli/refused-lines.ts');
    const { importOptions } = await import('../../src/cli/import-options.ts');
    const options = importOptions(flags);
    if (options && !flags.coins) throw new Failure('USAGE', '--no-coins is for --format tygia only.');
    const input = await openInput(args.file);
    try {
      const refused = await RefusedLines.open(flags.errors);
      try {
        return await this.#import(args.file, input, options, flags, refused);
      } finally {
        await refused.close();
      }
    } finally {
      await input.close();
    }
  }

  async #import(
    file: string,
    input: Input,
    options: UnderstandOptions | undefined,
    flags: ImportCommandFlags,
    refused: RefusedLines,
  ): Promise<Summary> {
    const { ImportProgress, perSecond } = await import('../../src/cli/import-progress.ts');
    const { readQuotes } = await import('../../src/cli/quote-file.ts');
    const { readTygia } = await import('../../src/cli/tygia-file.ts');
    const { readingOf, understandFile } = await import('../../src/cli/quote-import.ts');
    const { askOnTerminal, refuseToGuess } = await import('../../src/cli/import-question.ts');
    const { ImportPreview } = await import('../../src/cli/import-preview.ts');
    const { QuoteImport } = await import('../../src/cli/rates-import.ts');
    const { rangesOf } = await import('../../src/cli/series-ranges.ts');

    const isShown = !this.jsonEnabled() && process.stderr.isTTY === true;
    const canAsk = isShown && process.stdin.isTTY === true && file !== '-';
    const startedAt = performance.now();
    const progress = isShown ? new ImportProgress(process.stderr, input.size) : undefined;
    const ask: typeof askOnTerminal = (questions) => {
      progress?.end();
      return canAsk ? askOnTerminal(questions) : refuseToGuess(questions);
    };
    const onRefused = (line: number, reason: string) => refused.add(line, reason);
    const preview = flags['dry-run'] ? new ImportPreview() : undefined;
    let lines: number;
    let to: Taker;
    let understood: UnderstoodFile | undefined;
    let skipped: ReadonlyMap<string, number> = new Map();
    try {
      // Where no daemon answers, nobody reads a large file in vain.
      to = preview ? await this.#judge(onRefused, preview) : await this.#importer(file, flags, onRefused);
      if (options) understood = await understandFile(input, options, ask, (read) => progress?.showReading(read));
      if (flags.replace && to instanceof QuoteImport) to.replace(await rangesOf(input, understood, flags));
      let read = 0;
      const show = (sofar: number) =>
        progress?.show(read, {
          lines: sofar,
          stored: to.stored,
          duplicates: to.duplicates,
          refused: refused.count,
        });
      if (understood) {
        lines = await readQuotes(understood.table, understood.plan, to, show, (count) => {
          read = count;
        });
      } else {
        ({ rows: lines, skipped } = await readTygia(input.read(), to, Date.now(), { coins: flags.coins }));
      }
      await to.end();
    } finally {
      progress?.end();
    }
    const ms = performance.now() - startedAt;
    const summary = {
      dryRun: preview !== undefined,
      reading: understood ? readingOf(understood) : null,
      lines,
      stored: to.stored,
      duplicates: to.duplicates,
      refused: refused.count,
      skipped: [...skipped.values()].reduce((sum, count) => sum + count, 0),
      skippedReasons: [...skipped].map(([reason, count]) => ({ reason, count })),
      batch: to.batch ?? null,
      errors: refused.first(SAID),
      seconds: Math.round(ms) / 1000,
      linesPerSecond: perSecond(lines, ms),
    };
    const counts = understood?.table.counts ?? 'row';
    return this.#finish(preview ? await this.#preview(summary, preview, counts, flags) : summary, counts);
  }

  async #importer(
    file: string,
    flags: ImportCommandFlags,
    onRefused: (line: number, reason: string) => void,
  ): Promise<Taker> {
    const client = await this.connect(flags, { callTimeoutMs: CALL_TIMEOUT_MS });
    const { QuoteImport } = await import('../../src/cli/rates-import.ts');
    return new QuoteImport(client, onRefused, { file: basename(file), force: flags.force });
  }

  async #judge(onRefused: (line: number, reason: string) => void, preview: ImportPreview): Promise<Taker> {
    const { QuoteJudge } = await import('../../src/cli/rates-judge.ts');
    return new QuoteJudge(onRefused, Date.now(), (line, series, row) => preview.add(line, series, row));
  }

  /** Adds what the file would bring, and how it compares with what a daemon knows, if one answers. */
  async #preview(
    summary: Summary,
    preview: ImportPreview,
    counts: string,
    flags: { server?: string | undefined },
  ): Promise<Summary> {
    const { previewLines, readingText } = await import('../../src/cli/import-preview.ts');
    let known: KnownDays[] | undefined;
    let reason = '';
    try {
      known = await preview.compare(await this.connect(flags));
    } catch (thrown) {
      reason = Failure.from(thrown).message;
    }
    const { rows, instruments, more } = preview;
    if (summary.reading) this.log(readingText(summary.reading));
    for (const line of previewLines({ rows, instruments, more }, counts, known)) this.log(line);
    if (!known) this.log(safeText`Not compared with what is known: ${plain(reason)}`);
    return { ...summary, preview: { rows, instruments, more, known: known ?? null } };
  }

  async #finish(summary: Summary, counts: string): Promise<Summary> {
    const { counted } = await import('../../src/cli/import-progress.ts');
    const { TIME_FORMS } = await import('../../src/cli/quote-time.ts');
    const { lines, stored, duplicates, refused, skipped, errors, seconds, linesPerSecond } = summary;
    for (const { line, reason } of errors) this.logToStderr(safeText`${plain(counts)} ${line}: ${plain(reason)}`);
    const more = refused - errors.length;
    if (more > 0) this.logToStderr(safeText`and ${counted(more)} more (--errors FILE has them all)`);
    if (errors.some(({ reason }) => reason.endsWith('is not a time'))) {
      this.logToStderr(safeText`Accepted times: ${TIME_FORMS}.`);
    }
    const leftOut =
      skipped > 0
        ? safeText`Refused: ${counted(refused)}. Skipped: ${counted(skipped)}.`
        : safeText`Refused: ${counted(refused)}.`;
    this.log(
      summary.dryRun
        ? safeText`Read: ${counted(lines)} lines. Would go in: ${counted(lines - refused - skipped)}. ${leftOut} Nothing was stored.`
        : safeText`Stored: ${counted(stored)}. There already: ${counted(duplicates)}. ${leftOut} ${counted(lines)} lines in ${plain(seconds.toFixed(1))} s (${counted(linesPerSecond)}/s).`,
    );
    for (const { reason, count } of summary.skippedReasons)
      this.log(safeText`Skipped ${counted(count)}: ${plain(reason)}.`);
    if (stored > 0 && summary.batch !== null)
      this.log(safeText`To undo it: goldctl rates imports undo ${summary.batch}`);
    if (refused > 0) {
      if (this.jsonEnabled()) this.logJson(summary);
      this.exit(1);
    }
    return summary;
  }
}
