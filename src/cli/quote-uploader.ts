import { retryWhenBusy } from '../client/retry-when-busy.ts';
import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import type { QuoteImportRow } from '../protocol/rates.ts';
import type { QuoteConsumer } from './quote-file-reader.ts';
import type { ImportSeries } from './quote-series.ts';
import type { SeriesRanges } from './series-ranges.ts';

/** Keeps a call with its envelope below the line limit of 64 KiB. */
const MAX_CALL_BYTES = 60 * 1024;
const MAX_CALL_ROWS = 2000;
/** Concurrent calls: the daemon stores rows while the file is read. */
const MAX_PENDING_CALLS = 6;
/** Series with open batches; beyond that, the fullest batch is sent. */
const MAX_OPEN_BATCHES = 64;
/** Attempts per call while the daemon is busy. */
const MAX_RETRIES = 60;

interface QuoteImportClient {
  call<M extends 'rates.import' | 'rates.startImport'>(method: M, params: MethodParams<M>): Promise<MethodResult<M>>;
}

export interface ImportSettings {
  /** File name that identifies the import for people. */
  readonly file: string;
  /** Store implausible prices, too. */
  readonly force?: boolean | undefined;
}

/** Called for rejected lines, in no particular order. */
export type RejectedLineListener = (line: number, reason: string) => void;

interface Batch {
  readonly series: ImportSeries;
  rows: QuoteImportRow[];
  lines: number[];
  bytes: number;
}

/** Sends quotes to the daemon: batches per series, a few concurrent calls, results by line. */
export class QuoteUploader implements QuoteConsumer {
  stored = 0;
  duplicates = 0;
  readonly #client: QuoteImportClient;
  readonly #onRejected: RejectedLineListener;
  readonly #settings: ImportSettings;
  /** The import number; undefined before the first call. */
  batch: number | undefined;
  #startedBatch: Promise<number> | undefined;
  #ranges: SeriesRanges | undefined;
  /** If all lines are of one series, an error in the series ends the import. */
  #isOneSeries = false;
  readonly #openBatches = new Map<ImportSeries, Batch>();
  readonly #pendingCalls = new Set<Promise<void>>();
  #currentBatch: Batch | undefined;
  #failure: AppError | undefined;

  constructor(importer: QuoteImportClient, onRefused: RejectedLineListener, settings: ImportSettings) {
    this.#client = importer;
    this.#onRejected = onRefused;
    this.#settings = settings;
  }

  /** Makes the rows replace stored quotes of their series in these periods. */
  setReplacedRanges(ranges: SeriesRanges): void {
    this.#ranges = ranges;
  }

  begin(oneSeries: boolean): void {
    this.#isOneSeries = oneSeries;
  }

  addQuote(line: number, series: ImportSeries, row: QuoteImportRow): void {
    let batch = this.#currentBatch;
    if (batch?.series !== series) batch = this.#batchOf(series);
    const bytes = rowBytes(row);
    if (batch.bytes + bytes > MAX_CALL_BYTES || batch.rows.length === MAX_CALL_ROWS) this.#send(batch);
    batch.rows.push(row);
    batch.lines.push(line);
    batch.bytes += bytes;
  }

  addRejected(line: number, reason: string): void {
    this.#onRejected(line, reason);
  }

  /** @throws AppError of the daemon */
  async waitUntilReady(): Promise<void> {
    while (this.#pendingCalls.size >= MAX_PENDING_CALLS && !this.#failure) await Promise.race(this.#pendingCalls);
    if (this.#failure) throw this.#failure;
  }

  /** Sends the remaining rows and waits for all results. @throws AppError of the daemon */
  async finish(): Promise<void> {
    for (const batch of this.#openBatches.values()) {
      this.#send(batch);
      await this.waitUntilReady();
    }
    await Promise.all(this.#pendingCalls);
    if (this.#failure) throw this.#failure;
  }

  #batchOf(series: ImportSeries): Batch {
    let batch = this.#openBatches.get(series);
    if (!batch) {
      if (this.#openBatches.size >= MAX_OPEN_BATCHES) this.#closeFullest();
      batch = { series, rows: [], lines: [], bytes: envelopeBytes(series) };
      this.#openBatches.set(series, batch);
    }
    this.#currentBatch = batch;
    return batch;
  }

  #closeFullest(): void {
    let fullest: Batch | undefined;
    for (const batch of this.#openBatches.values()) if (!fullest || batch.bytes > fullest.bytes) fullest = batch;
    this.#send(fullest!);
    this.#openBatches.delete(fullest!.series);
  }

  #send(batch: Batch): void {
    const { series, rows, lines } = batch;
    if (rows.length === 0 || this.#failure) return;
    batch.rows = [];
    batch.lines = [];
    batch.bytes = envelopeBytes(series);
    const call = this.#import(series, rows, lines).catch((thrown: unknown) => {
      this.#failure ??= this.#withProgress(AppError.from(thrown));
    });
    const under = call.finally(() => this.#pendingCalls.delete(under));
    this.#pendingCalls.add(under);
  }

  async #import(series: ImportSeries, rows: QuoteImportRow[], lines: readonly number[]): Promise<void> {
    try {
      this.#startedBatch ??= this.#start();
      const params = { ...series, rows, batch: await this.#startedBatch, ...this.#options(series) };
      const send = () => this.#client.call('rates.import', params);
      const { stored, duplicates, refused } = await retryWhenBusy(send, { maxRetries: MAX_RETRIES });
      this.stored += stored;
      this.duplicates += duplicates;
      for (const { row, reason } of refused) this.addRejected(lines[row] ?? lines[0]!, sanitizeText(reason));
    } catch (thrown) {
      const failure = AppError.from(thrown);
      if (failure.code !== 'INVALID_PARAMS' || this.#isOneSeries) throw failure;
      for (const line of lines) this.addRejected(line, failure.message);
    }
  }

  async #start(): Promise<number> {
    const { batch } = await this.#client.call('rates.startImport', { file: this.#settings.file });
    this.batch = batch;
    return batch;
  }

  #options(series: ImportSeries): Pick<MethodParams<'rates.import'>, 'force' | 'replaces'> {
    const replaces = this.#ranges?.rangeOf(series);
    return {
      ...(this.#settings.force ? { force: true } : undefined),
      ...(replaces ? { replaces } : undefined),
    };
  }

  #withProgress(failure: AppError): AppError {
    if (failure.code === 'INVALID_PARAMS' || failure.code === 'NOT_ALLOWED' || failure.code === 'NOT_SIGNED_IN') {
      return failure;
    }
    const sentence = `${failure.message} ${this.stored + this.duplicates} quotes were imported before that. It is safe to run the import again.`;
    const data = { ...failure.data, stored: this.stored, duplicates: this.duplicates };
    return new AppError(failure.code, sentence, { cause: failure, data });
  }
}

/** Size of a call without its rows, with room for its id. */
function envelopeBytes(series: ImportSeries): number {
  return Buffer.byteLength(JSON.stringify(series)) + 128;
}

/** Upper bound of the size of a row with its comma. */
function rowBytes(row: QuoteImportRow): number {
  let bytes = 5 + maxDigits(row[0]) + maxDigits(row[1]) + maxDigits(row[2]);
  if (row.length > 3) bytes += 1 + maxDigits(row[3] ?? null);
  for (let i = 4; i < row.length; i++) bytes += 1 + Buffer.byteLength(JSON.stringify(row[i] ?? null));
  return bytes;
}

function maxDigits(value: number | null): number {
  if (value === null) return 4;
  if (value >= 0 && value < 1e9 && Number.isInteger(value)) return 9;
  if (value >= 0 && value < 1e13 && Number.isInteger(value)) return 13;
  return String(value).length;
}
