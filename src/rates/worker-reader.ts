import { Worker } from 'node:worker_threads';
import { Failure } from '../domain/failure.ts';
import { formatSpan, type Instant } from '../domain/instant.ts';
import type { DatedQuote, QuoteDraft } from '../domain/quote.ts';
import { BodyError, type ProviderContext, type ProviderReader, type ProviderRequest } from './provider.ts';
import { type FetchAnswer, failureOf, type ReaderStep, type StepResult, sentFailure } from './reader-step.ts';

const FILE = new URL('./reader-worker.js', import.meta.url);

export interface ReaderLimits {
  /** For reading one body. Default 5 s. */
  readonly timeoutMs?: number;
  /** Of the thread, in MiB. Default 128. */
  readonly heapMb?: number;
}

/** Bodies that one page of a history may ask for. */
const MAX_ANSWERS = 16;
const YOUNG_HEAP_MB = 16;

/**
 * A thread that reads bodies of sources, one at a time: a body that takes too long or too much memory ends the thread
 * and fails its own provider alone. It is started for the first body.
 */
export class ReaderThread {
  readonly #timeoutMs: number;
  readonly #heapMb: number;
  #worker: Promise<Worker> | undefined;
  /** Settles when the last step that was asked for has ended. */
  #turn: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor({ timeoutMs = 5000, heapMb = 128 }: ReaderLimits = {}) {
    this.#timeoutMs = timeoutMs;
    this.#heapMb = heapMb;
  }

  /** @throws Failure NOT_AVAILABLE for a body that takes too long or too much memory */
  run(step: ReaderStep): Promise<StepResult> {
    const result = this.#turn.then(() => this.#run(step));
    this.#turn = result.catch(() => {}); // told to who asked for it
    return result;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const worker = await this.#worker?.catch(() => undefined);
    await worker?.terminate();
  }

  async #run(step: ReaderStep): Promise<StepResult> {
    if (this.#stopped) throw new Failure('NOT_AVAILABLE', 'goldctl stopped reading bodies.');
    this.#worker ??= this.#start();
    const started = this.#worker;
    try {
      return await this.#answer(await started, step);
    } catch (thrown) {
      this.#worker = undefined;
      void started.then((worker) => worker.terminate()).catch(() => {});
      throw thrown;
    }
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(FILE, {
      env: {},
      execArgv: [], // what the process was started with is not for it
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMb, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    await settled(
      worker,
      (error) => new Failure('INTERNAL', `The reader of bodies does not start: ${error?.message}.`),
    );
    worker.unref(); // it ends with the process
    return worker;
  }

  #answer(worker: Worker, step: ReaderStep): Promise<StepResult> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      const fail = () =>
        reject(notReadable(`takes longer than ${spanOf(this.#timeoutMs)} to read. It was not read to its end`));
      // An answer that came while this thread was busy is taken first.
      timer = setTimeout(() => setImmediate(fail), this.#timeoutMs);
    });
    const result = settled<StepResult>(worker, (error) =>
      (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? notReadable(`takes more than ${this.#heapMb} MiB of memory to read`)
        : new Failure('INTERNAL', `The reader of bodies failed: ${error?.message}.`, { cause: error }),
    );
    worker.postMessage(step);
    return Promise.race([result, tooLong]).finally(() => clearTimeout(timer));
  }
}

/** One provider, whose texts are read in the thread. */
export class WorkerReader implements ProviderReader {
  readonly #thread: ReaderThread;
  readonly #provider: string;
  readonly #settings: unknown;

  /** @param settings as `ReaderStep` has them */
  constructor(thread: ReaderThread, provider: string, settings: unknown) {
    this.#thread = thread;
    this.#provider = provider;
    this.#settings = settings;
  }

  async requests(context: ProviderContext): Promise<readonly ProviderRequest[]> {
    const result = await this.#run(context, { type: 'requests' });
    return result.type === 'requests' ? result.requests : [];
  }

  async parse(body: string, context: ProviderContext, index: number): Promise<QuoteDraft[]> {
    return this.#quotes(context, { type: 'parse', body, index });
  }

  async readPage(id: string, context: ProviderContext, from: Instant, to: Instant): Promise<DatedQuote[]> {
    return (await this.#quotes(context, { type: 'page', id, from, to })) as DatedQuote[];
  }

  async #quotes(context: ProviderContext, work: ReaderStep['work']): Promise<QuoteDraft[]> {
    const result = await this.#run(context, work);
    if (result.type !== 'quotes') return [];
    context.rejected.addAll(result.rejected);
    return result.quotes as QuoteDraft[];
  }

  /** Tries the step again with each body that it turns out to need. */
  async #run({ url, key, now, fetch }: ProviderContext, work: ReaderStep['work']): Promise<StepResult> {
    const answers: FetchAnswer[] = [];
    for (;;) {
      const step = { provider: this.#provider, settings: this.#settings, url, key, now, work, answers };
      const result = await this.#thread.run(step);
      if (result.type === 'bodyError') throw new BodyError(result.path, result.expected);
      if (result.type === 'failure') throw failureOf(result.failure);
      if (result.type !== 'needs') return result;
      if (answers.length === MAX_ANSWERS) throw new Failure('INTERNAL', `${this.#provider} asks for too many bodies.`);
      const { request } = result;
      answers.push(
        await fetch(request).then(
          (body) => ({ request, body }),
          (thrown) => ({ request, failure: sentFailure(thrown) }),
        ),
      );
    }
  }
}

/** The next message of a worker. @param failed makes the failure of one that ends instead */
function settled<T>(worker: Worker, failed: (error?: Error) => Failure): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    const onMessage = (message: T) => {
      end();
      resolve(message);
    };
    const onError = (error: Error) => {
      end();
      reject(failed(error));
    };
    const onExit = (code: number) => onError(new Error(`it ended with ${code}`));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

function spanOf(ms: number): string {
  return ms < 1000 ? `${ms} ms` : formatSpan(ms);
}

function notReadable(why: string): Failure {
  return new Failure('NOT_AVAILABLE', `The body ${why}; goldctl tries again later.`);
}
