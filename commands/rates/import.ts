import { basename } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import type { AnalysisOptions, AnalyzedFile, ImportReading } from '../../src/cli/file-analysis.ts';
import { unitFlag } from '../../src/cli/flags.ts';
import type { ImportInput } from '../../src/cli/import-input.ts';
import type { ImportPreview, KnownDays, PreviewedInstrument, PreviewedRow } from '../../src/cli/import-preview.ts';
import type { QuoteConsumer } from '../../src/cli/quote-file-reader.ts';
import type { RejectedLines } from '../../src/cli/rejected-lines.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { MARKETS } from '../../src/domain/instrument.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import { sanitizeText } from '../../src/domain/text.ts';
import { UNIT_NAMES } from '../../src/domain/unit.ts';

/** Rejected lines that are printed; --errors writes all of them. */
const MAX_PRINTED_ERRORS = 50;
/** The daemon replies when the data is on disk: a slow disk is no reason to give up. */
const CALL_TIMEOUT_MS = 300_000;

interface ImportSummary {
  readonly dryRun: boolean;
  /** How the file was interpreted; null for --format tygia. */
  readonly reading: ImportReading | null;
  readonly lines: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: number;
  /** Valid rows that goldctl does not store. */
  readonly skipped: number;
  readonly skippedReasons: readonly { readonly reason: string; readonly count: number }[];
  /** The number to undo the import with; null if nothing was sent. */
  readonly batch: number | null;
  /** The first ones. */
  readonly errors: readonly { readonly line: number; readonly reason: string }[];
  readonly seconds: number;
  readonly linesPerSecond: number;
  /** With --dry-run. */
  readonly preview?: {
    readonly rows: readonly PreviewedRow[];
    /** The first series of the file, and the number of the others. */
    readonly instruments: readonly PreviewedInstrument[];
    readonly more: number;
    /** Null if no daemon responds. */
    readonly known: readonly KnownDays[] | null;
  };
}

/** Receives the quotes of a file and counts them. */
type QuoteTarget = QuoteConsumer & {
  readonly stored: number;
  readonly duplicates: number;
  readonly batch: number | undefined;
  finish(): Promise<void>;
};

interface ImportCommandFlags {
  readonly server?: string | undefined;
  readonly 'dry-run'?: boolean;
  readonly coins: boolean;
  readonly replace?: boolean;
  readonly force?: boolean;
}

export default class RatesImport extends GoldctlCommand {
  static override description = `import quotes from a CSV, JSON, Excel or ECB XML file (owner)

The file is read twice: first as a whole to detect its format, then line by line. If something is ambiguous (is 05/06/2023 in May or in June? does 24.325 mean 24325? which of two columns is the price? is it per chỉ or in millions?), goldctl asks on a terminal; otherwise the command exits with status 2 and names the flag to use. Nothing is stored before that.

Columns named instrument, market, provider, company, brand, buy, sell, currency, unit, at, checkedAt and id are recognized, as are the usual names of time and price, in English and Vietnamese (date, timestamp, ngày; price, close, giá; bid, ask, mua vào, bán ra; open, high and low); --map assigns other columns by name or number. Titles above the header are skipped. Accepted times: yyyy-mm-dd, yyyymmdd, yyyy-mm, dd/mm/yyyy and mm/dd/yyyy (also with - or . and two-digit years), 16 Nov 2018, Nov 16, 2018, 16 tháng 11 2018, each with a time of day (24 hours, AM, PM, SA, CH) and a zone (Vietnam time if there is none); ISO 8601; epoch seconds, milliseconds, microseconds; Excel's day numbers. Prices may have a currency and a word: 89.900.000 đ, 150tr, 1,5 tỷ, $4,010.10. UTF-8, UTF-16 and gzip are recognized.

Quotes that are already stored are counted and skipped, so an import can be repeated or resumed. Rejected lines are reported by number while the rest is imported; the exit status is then 1.`;
  static override examples = [
    {
      description: "SJC's daily prices, in million VND per tael:",
      command:
        '<%= config.bin %> <%= command.id %> sjc-daily.csv --instrument SJC --map at=timestamp,buy=buy_1l,sell=sell_1l --currency VND --unit tael --scale 1000000',
    },
    {
      description: 'monthly world prices since 1833, in USD per ounce:',
      command:
        '<%= config.bin %> <%= command.id %> world-gold-monthly.csv --instrument XAU --map at=Date,price=Price --currency USD --unit ozt',
    },
    {
      description: 'preview a file and compare it with known prices:',
      command: '<%= config.bin %> <%= command.id %> prices.xlsx --instrument SJC --unit chi --dates d/m --dry-run',
    },
    {
      description: 'import exchange rates of the European Central Bank:',
      command: '<%= config.bin %> <%= command.id %> eurofxref-hist.xml',
    },
  ];
  static override args = {
    file: Args.string({ description: 'input file; - for standard input', required: true }),
  };
  static override flags = {
    map: Flags.string({
      description:
        'assign columns by name or number, several separated by commas; price sets buy and sell, clock is a time of day',
      helpValue: 'FIELD=COLUMN',
      multiple: true,
    }),
    header: Flags.boolean({
      description: 'the first line names the columns; --no-header: it is a quote, and columns are #1, #2, …',
      allowNo: true,
      default: true,
    }),
    dates: Flags.string({
      description: 'order of dates like 05/06/2023: d/m, m/d or y-m-d',
      helpValue: 'ORDER',
    }),
    instrument: Flags.string({ description: 'instrument of the prices: id, name or alias' }),
    market: Flags.option({ options: MARKETS, description: 'market of a new instrument' })(),
    provider: Flags.string({ description: 'provider of the quotes [import]' }),
    company: Flags.string({ description: 'company that sets the price' }),
    brand: Flags.string({ description: 'branch or product of the company' }),
    currency: Flags.string({ description: 'currency of the prices, such as VND' }),
    unit: unitFlag({ description: `unit of the prices: ${UNIT_NAMES}` }),
    scale: Flags.string({ description: 'factor for every price, such as 1000000 for prices in millions' }),
    number: Flags.string({
      description: 'number format of the file: 1234.5, 1,234.5 or 1.234,5 [detected]',
    }),
    format: Flags.option({
      options: ['csv', 'jsonl', 'json', 'xlsx', 'ecb', 'tygia'] as const,
      description: "file format [detected]. tygia: a JSON database of tygia.com's responses",
    })(),
    coins: Flags.boolean({
      description: 'with --format tygia: also import coins, in USD',
      default: true,
      allowNo: true,
    }),
    sheet: Flags.string({ description: 'sheet of a workbook that has several sheets with quotes', helpValue: 'NAME' }),
    replace: Flags.boolean({
      description: "replace stored prices of the same series and time with the file's prices",
    }),
    force: Flags.boolean({ description: 'also store prices that deviate from known prices' }),
    errors: Flags.string({ description: 'write every rejected line to this new file', helpValue: 'FILE' }),
    'dry-run': Flags.boolean({
      description:
        'read and check the file, show how it is interpreted and how it compares with known prices; store nothing',
    }),
  };

  async run(): Promise<ImportSummary> {
    const { args, flags } = await this.parse(RatesImport);
    const { openImportInput } = await import('../../src/cli/import-input.ts');
    const { RejectedLines } = await import('../../src/cli/rejected-lines.ts');
    const { parseImportOptions } = await import('../../src/cli/import-options.ts');
    const options = parseImportOptions({ ...flags, map: flags.map ?? [] });
    if (options && !flags.coins) throw new AppError('USAGE', '--no-coins is for --format tygia only.');
    const input = await openImportInput(args.file);
    try {
      const refused = await RejectedLines.open(flags.errors);
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
    input: ImportInput,
    options: AnalysisOptions | undefined,
    flags: ImportCommandFlags,
    refused: RejectedLines,
  ): Promise<ImportSummary> {
    const { ImportProgress, linesPerSecond } = await import('../../src/cli/progress-line.ts');
    const { readQuotes } = await import('../../src/cli/quote-file-reader.ts');
    const { readTygiaFile } = await import('../../src/cli/tygia-file.ts');
    const { toImportReading, analyzeFile } = await import('../../src/cli/file-analysis.ts');
    const { askOnTerminal, refuseToGuess } = await import('../../src/cli/import-question.ts');
    const { ImportPreview } = await import('../../src/cli/import-preview.ts');
    const { QuoteUploader } = await import('../../src/cli/quote-uploader.ts');
    const { readSeriesRanges } = await import('../../src/cli/series-ranges.ts');

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
    let to: QuoteTarget;
    let understood: AnalyzedFile | undefined;
    let skipped: ReadonlyMap<string, number> = new Map();
    try {
      // Connect first, so that no large file is read in vain.
      to = preview ? await this.#openDryRun(onRefused, preview) : await this.#openImport(file, flags, onRefused);
      if (options) understood = await analyzeFile(input, options, ask, (read) => progress?.showReading(read));
      if (flags.replace && to instanceof QuoteUploader)
        to.setReplacedRanges(await readSeriesRanges(input, understood, flags));
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
        ({ rows: lines, skipped } = await readTygiaFile(input.read(), to, Date.now(), { coins: flags.coins }));
      }
      await to.finish();
    } finally {
      progress?.end();
    }
    const ms = performance.now() - startedAt;
    const summary = {
      dryRun: preview !== undefined,
      reading: understood ? toImportReading(understood) : null,
      lines,
      stored: to.stored,
      duplicates: to.duplicates,
      refused: refused.count,
      skipped: [...skipped.values()].reduce((sum, count) => sum + count, 0),
      skippedReasons: [...skipped].map(([reason, count]) => ({ reason, count })),
      batch: to.batch ?? null,
      errors: refused.first(MAX_PRINTED_ERRORS),
      seconds: Math.round(ms) / 1000,
      linesPerSecond: linesPerSecond(lines, ms),
    };
    const counts = understood?.table.recordNoun ?? 'row';
    return this.#printSummary(preview ? await this.#addPreview(summary, preview, counts, flags) : summary, counts);
  }

  async #openImport(
    file: string,
    flags: ImportCommandFlags,
    onRefused: (line: number, reason: string) => void,
  ): Promise<QuoteTarget> {
    const client = await this.connect(flags, { callTimeoutMs: CALL_TIMEOUT_MS });
    const { QuoteUploader } = await import('../../src/cli/quote-uploader.ts');
    return new QuoteUploader(client, onRefused, { file: basename(file), force: flags.force });
  }

  async #openDryRun(onRefused: (line: number, reason: string) => void, preview: ImportPreview): Promise<QuoteTarget> {
    const { ImportDryRun } = await import('../../src/cli/import-dry-run.ts');
    return new ImportDryRun(onRefused, Date.now(), (line, series, row) => preview.add(line, series, row));
  }

  /** Adds what the file would import, and how it compares with the prices of the daemon, if one responds. */
  async #addPreview(
    summary: ImportSummary,
    preview: ImportPreview,
    counts: string,
    flags: { server?: string | undefined },
  ): Promise<ImportSummary> {
    const { previewLines, formatReading } = await import('../../src/cli/import-preview.ts');
    let known: KnownDays[] | undefined;
    let reason = '';
    try {
      known = await preview.compare(await this.connect(flags));
    } catch (thrown) {
      reason = AppError.from(thrown).message;
    }
    const { rows, instruments, more } = preview;
    if (summary.reading) this.log(formatReading(summary.reading));
    for (const line of previewLines({ rows, instruments, more }, counts, known)) this.log(line);
    if (!known) this.log(safeText`Not compared with known prices: ${sanitizeText(reason)}`);
    return { ...summary, preview: { rows, instruments, more, known: known ?? null } };
  }

  async #printSummary(summary: ImportSummary, counts: string): Promise<ImportSummary> {
    const { formatCount } = await import('../../src/cli/progress-line.ts');
    const { ACCEPTED_TIMES } = await import('../../src/cli/quote-time.ts');
    const { lines, stored, duplicates, refused, skipped, errors, seconds, linesPerSecond } = summary;
    for (const { line, reason } of errors)
      this.logToStderr(safeText`${sanitizeText(counts)} ${line}: ${sanitizeText(reason)}`);
    const more = refused - errors.length;
    if (more > 0) this.logToStderr(safeText`and ${formatCount(more)} more (--errors FILE writes them all)`);
    if (errors.some(({ reason }) => reason.endsWith('is not a time'))) {
      this.logToStderr(safeText`Accepted times: ${ACCEPTED_TIMES}.`);
    }
    const leftOut =
      skipped > 0
        ? safeText`Rejected: ${formatCount(refused)}. Skipped: ${formatCount(skipped)}.`
        : safeText`Rejected: ${formatCount(refused)}.`;
    this.log(
      summary.dryRun
        ? safeText`Read: ${formatCount(lines)} lines. Would be imported: ${formatCount(lines - refused - skipped)}. ${leftOut} Nothing was stored.`
        : safeText`Stored: ${formatCount(stored)}. Already stored: ${formatCount(duplicates)}. ${leftOut} ${formatCount(lines)} lines in ${sanitizeText(seconds.toFixed(1))} s (${formatCount(linesPerSecond)}/s).`,
    );
    for (const { reason, count } of summary.skippedReasons)
      this.log(safeText`Skipped ${formatCount(count)}: ${sanitizeText(reason)}.`);
    if (stored > 0 && summary.batch !== null)
      this.log(safeText`To undo it: goldctl rates imports undo ${summary.batch}`);
    if (refused > 0) {
      if (this.jsonEnabled()) this.logJson(summary);
      this.exit(1);
    }
    return summary;
  }
}
