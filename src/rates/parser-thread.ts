import { Worker } from 'node:worker_threads';
import { AppError } from '../domain/app-error.ts';
import type { DatedNewQuote, NewQuote } from '../domain/quote.ts';
import { type EpochMs, formatDuration } from '../domain/time.ts';
import {
  deserializeError,
  type FetchOutcome,
  type ParserTask,
  type ParserTaskResult,
  serializeError,
} from './parser-task.ts';
import { type ProviderContext, type ProviderReader, type ProviderRequest, ResponseFormatError } from './provider.ts';

const WORKER_FILE = new URL('./parser-worker.js', import.meta.url);

export interface ParserLimits {
  /** Per body. Default 5 s. */
  readonly timeoutMs?: number;
  /** In MiB. Default 128. */
  readonly heapMb?: number;
}

/** Bodies that one history page may request. */
const MAX_FETCHES_PER_TASK = 16;
const MAX_YOUNG_HEAP_MB = 16;

/**
 * A thread that parses response bodies one at a time. A body that takes too long or too much memory ends the thread and
 * fails only its own provider. The thread starts with the first body.
 */
export class ParserThread {
  readonly #timeoutMs: number;
  readonly #heapMb: number;
  #worker: Promise<Worker> | undefined;
  /** Settles when the last submitted task has ended. */
  #lastTask: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor({ timeoutMs = 5000, heapMb = 128 }: ParserLimits = {}) {
    this.#timeoutMs = timeoutMs;
    this.#heapMb = heapMb;
  }

  /** @throws AppError NOT_AVAILABLE for a body that takes too long or too much memory */
  run(task: ParserTask): Promise<ParserTaskResult> {
    const result = this.#lastTask.then(() => this.#runInTurn(task));
    this.#lastTask = result.catch(() => {}); // reported to the caller
    return result;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const worker = await this.#worker?.catch(() => undefined);
    await worker?.terminate();
  }

  async #runInTurn(task: ParserTask): Promise<ParserTaskResult> {
    if (this.#isStopped) throw new AppError('NOT_AVAILABLE', 'goldctl is stopping.');
    this.#worker ??= this.#start();
    const started = this.#worker;
    try {
      return await this.#runWithTimeout(await started, task);
    } catch (thrown) {
      this.#worker = undefined;
      void started.then((worker) => worker.terminate()).catch(() => {});
      throw thrown;
    }
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(WORKER_FILE, {
      env: {},
      execArgv: [], // does not inherit the options of the process
      resourceLimits: { maxOldGenerationSizeMb: this.#heapMb, maxYoungGenerationSizeMb: MAX_YOUNG_HEAP_MB },
    });
    await nextMessage(worker, parserThreadError);
    worker.unref(); // does not keep the process running
    return worker;
  }

  #runWithTimeout(worker: Worker, task: ParserTask): Promise<ParserTaskResult> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      const error = unreadableBodyError(`took longer than ${formatMilliseconds(this.#timeoutMs)} to parse`);
      // A result that arrived while this thread was busy takes precedence.
      timer = setTimeout(() => setImmediate(() => reject(error)), this.#timeoutMs);
    });
    const result = nextMessage<ParserTaskResult>(worker, (error) =>
      (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? unreadableBodyError(`took more than ${this.#heapMb} MiB of memory to parse`)
        : parserThreadError(error),
    );
    worker.postMessage(task);
    return Promise.race([result, tooLong]).finally(() => clearTimeout(timer));
  }
}

/** Runs the functions of one provider in the thread. */
export class ParserThreadReader implements ProviderReader {
  readonly #thread: ParserThread;
  readonly #provider: string;
  readonly #settings: unknown;

  constructor(thread: ParserThread, provider: string, settings: unknown) {
    this.#thread = thread;
    this.#provider = provider;
    this.#settings = settings;
  }

  async requests(context: ProviderContext): Promise<readonly ProviderRequest[]> {
    const result = await this.#run(context, { type: 'requests' });
    return result.type === 'requests' ? result.requests : [];
  }

  async parse(body: string, context: ProviderContext, index: number): Promise<NewQuote[]> {
    return this.#quotes(context, { type: 'parse', body, index });
  }

  async readPage(id: string, context: ProviderContext, from: EpochMs, to: EpochMs): Promise<DatedNewQuote[]> {
    return (await this.#quotes(context, { type: 'page', id, from, to })) as DatedNewQuote[];
  }

  async #quotes(context: ProviderContext, work: ParserTask['work']): Promise<NewQuote[]> {
    const result = await this.#run(context, work);
    if (result.type !== 'quotes') return [];
    context.rejected.addAll(result.rejected);
    return result.quotes as NewQuote[];
  }

  /** Retries the task with the result of each fetch that it requests. */
  async #run({ url, key, now, fetch }: ProviderContext, work: ParserTask['work']): Promise<ParserTaskResult> {
    const fetches: FetchOutcome[] = [];
    for (;;) {
      const task = { provider: this.#provider, settings: this.#settings, url, key, now, work, fetches };
      const result = await this.#thread.run(task);
      if (result.type === 'bodyError') throw new ResponseFormatError(result.path, result.expected);
      if (result.type === 'failure') throw deserializeError(result.failure);
      if (result.type !== 'needs') return result;
      if (fetches.length === MAX_FETCHES_PER_TASK)
        throw new AppError('INTERNAL', `${this.#provider} requests too many bodies.`);
      const { request } = result;
      fetches.push(
        await fetch(request).then(
          (body) => ({ request, body }),
          (thrown) => ({ request, failure: serializeError(thrown) }),
        ),
      );
    }
  }
}

/** The next message of a worker. @param failed creates the error if the worker ends instead */
function nextMessage<T>(worker: Worker, failed: (error?: Error) => AppError): Promise<T> {
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
    const onExit = (code: number) => onError(new Error(`exit code ${code}`));
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

function formatMilliseconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : formatDuration(ms);
}

function parserThreadError(cause?: Error): AppError {
  return new AppError('INTERNAL', `The parser thread failed: ${cause?.message}.`, { cause });
}

function unreadableBodyError(why: string): AppError {
  return new AppError('NOT_AVAILABLE', `The response body ${why}; goldctl will try again later.`);
}
