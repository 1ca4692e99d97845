import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Params, Result } from '../protocol/methods.ts';
import type { ImportRow } from '../protocol/rates.ts';
import type { QuoteLines } from './quote-file.ts';
import type { Series } from './quote-series.ts';
import type { SeriesRanges } from './series-ranges.ts';

/** A call stays below the 64 KiB of a line, whatever its envelope. */
const CALL_BYTES = 60 * 1024;
const CALL_ROWS = 2000;
/** Calls under way at once: the daemon stores some while the file is read for the next. */
const UNDER_WAY = 6;
/** Series of a file that take turns; of more, the fullest goes first. */
const OPEN_BATCHES = 64;
/** How often one call waits when the daemon has too much to do. */
const PATIENCE = 60;

interface Importer {
  call<M extends 'rates.import' | 'rates.startImport'>(method: M, params: Params<M>): Promise<Result<M>>;
}

export interface ImportSettings {
  /** Name of the file, by which people know the import. */
  readonly file: string;
  /** Store prices that do not fit what is known. */
  readonly force?: boolean | undefined;
}

/** Who hears of lines that were refused, in no strict order. */
export type RefusedLine = (line: number, reason: string) => void;

interface Batch {
  readonly series: Series;
  rows: ImportRow[];
  lines: number[];
  bytes: number;
}

/** Sends quotes to the daemon: rows of one series together, a few calls under way at once, results by line. */
export class QuoteImport implements QuoteLines {
  stored = 0;
  duplicates = 0;
  readonly #importer: Importer;
  readonly #onRefused: RefusedLine;
  readonly #settings: ImportSettings;
  /** The number of the import; undefined before the first call. */
  batch: number | undefined;
  #started: Promise<number> | undefined;
  #ranges: SeriesRanges | undefined;
  /** What is wrong with the series is then wrong with the whole file, and ends the import. */
  #oneSeries = false;
  readonly #open = new Map<Series, Batch>();
  readonly #underWay = new Set<Promise<void>>();
  #current: Batch | undefined;
  #failure: Failure | undefined;

  constructor(importer: Importer, onRefused: RefusedLine, settings: ImportSettings) {
    this.#importer = importer;
    this.#onRefused = onRefused;
    this.#settings = settings;
  }

  /** The rows take the place of what is stored of their series in these times. */
  replace(ranges: SeriesRanges): void {
    this.#ranges = ranges;
  }

  begin(oneSeries: boolean): void {
    this.#oneSeries = oneSeries;
  }

  row(line: number, series: Series, row: ImportRow): void {
    let batch = this.#current;
    if (batch?.series !== series) batch = this.#batchOf(series);
    const bytes = bytesOf(row);
    if (batch.bytes + bytes > CALL_BYTES || batch.rows.length === CALL_ROWS) this.#send(batch);
    batch.rows.push(row);
    batch.lines.push(line);
    batch.bytes += bytes;
  }

  bad(line: number, reason: string): void {
    this.#onRefused(line, reason);
  }

  /** @throws Failure as the daemon answered */
  async ready(): Promise<void> {
    while (this.#underWay.size >= UNDER_WAY && !this.#failure) await Promise.race(this.#underWay);
    if (this.#failure) throw this.#failure;
  }

  /** Sends what is left and waits for all answers. @throws Failure as the daemon answered */
  async end(): Promise<void> {
    for (const batch of this.#open.values()) {
      this.#send(batch);
      await this.ready();
    }
    await Promise.all(this.#underWay);
    if (this.#failure) throw this.#failure;
  }

  #batchOf(series: Series): Batch {
    let batch = this.#open.get(series);
    if (!batch) {
      if (this.#open.size >= OPEN_BATCHES) this.#closeFullest();
      batch = { series, rows: [], lines: [], bytes: envelopeOf(series) };
      this.#open.set(series, batch);
    }
    this.#current = batch;
    return batch;
  }

  #closeFullest(): void {
    let fullest: Batch | undefined;
    for (const batch of this.#open.values()) if (!fullest || batch.bytes > fullest.bytes) fullest = batch;
    this.#send(fullest!);
    this.#open.delete(fullest!.series);
  }

  /** Sends the rows of a batch and empties it. */
  #send(batch: Batch): void {
    const { series, rows, lines } = batch;
    if (rows.length === 0 || this.#failure) return;
    batch.rows = [];
    batch.lines = [];
    batch.bytes = envelopeOf(series);
    const call = this.#import(series, rows, lines).catch((thrown: unknown) => {
      this.#failure ??= this.#named(Failure.from(thrown));
    });
    const under = call.finally(() => this.#underWay.delete(under));
    this.#underWay.add(under);
  }

  async #import(series: Series, rows: ImportRow[], lines: readonly number[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#started ??= this.#start();
        const { stored, duplicates, refused } = await this.#importer.call('rates.import', {
          ...series,
          rows,
          batch: await this.#started,
          ...this.#options(series),
        });
        this.stored += stored;
        this.duplicates += duplicates;
        for (const { row, reason } of refused) this.bad(lines[row] ?? lines[0]!, plain(reason));
        return;
      } catch (thrown) {
        const failure = Failure.from(thrown);
        const wait = failure.data.retryAfterMs;
        if (failure.code === 'TOO_MANY_REQUESTS' && typeof wait === 'number' && attempt < PATIENCE) {
          await sleep(Math.min(wait, 10_000));
        } else if (failure.code === 'INVALID_PARAMS' && !this.#oneSeries) {
          for (const line of lines) this.bad(line, failure.message);
          return;
        } else throw failure;
      }
    }
  }

  async #start(): Promise<number> {
    const { batch } = await this.#importer.call('rates.startImport', { file: this.#settings.file });
    this.batch = batch;
    return batch;
  }

  #options(series: Series): Pick<Params<'rates.import'>, 'force' | 'replaces'> {
    const replaces = this.#ranges?.of(series);
    return {
      ...(this.#settings.force ? { force: true } : undefined),
      ...(replaces ? { replaces } : undefined),
    };
  }

  #named(failure: Failure): Failure {
    if (failure.code === 'INVALID_PARAMS' || failure.code === 'NOT_ALLOWED' || failure.code === 'NOT_SIGNED_IN') {
      return failure;
    }
    const sentence = `${failure.message} Before that, ${this.stored + this.duplicates} quotes were in; running the import again is safe.`;
    const data = { ...failure.data, stored: this.stored, duplicates: this.duplicates };
    return new Failure(failure.code, sentence, { cause: failure, data });
  }
}

/** What a call takes beside its rows, in bytes, with room for its id. */
function envelopeOf(series: Series): number {
  return Buffer.byteLength(JSON.stringify(series)) + 128;
}

/** Bytes of a row and the comma after it, never too few. */
function bytesOf(row: ImportRow): number {
  let bytes = 5 + digitsOf(row[0]) + digitsOf(row[1]) + digitsOf(row[2]);
  if (row.length > 3) bytes += 1 + digitsOf(row[3] ?? null);
  for (let i = 4; i < row.length; i++) bytes += 1 + Buffer.byteLength(JSON.stringify(row[i] ?? null));
  return bytes;
}

function digitsOf(value: number | null): number {
  if (value === null) return 4;
  if (value >= 0 && value < 1e9 && Number.isInteger(value)) return 9;
  if (value >= 0 && value < 1e13 && Number.isInteger(value)) return 13;
  return String(value).length;
}
