import { chmod, rename, stat } from 'node:fs/promises';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { AppError } from '../domain/app-error.ts';
import { safeText } from '../domain/safe-text.ts';
import { maskUrls } from '../domain/secrets.ts';
import { sanitizeText } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';
import { openForAppend } from '../private-file.ts';
import { formatLogLine } from './log-format.ts';
import { REDACTED, redact, SECRET_FIELD_NAMES } from './redact.ts';
import { RepeatedEventLimiter } from './repeated-event-limiter.ts';

const DEFAULT_ROTATE_BYTES = 20 * 1024 * 1024;
/** Interval at which the counts of repeated events are logged. */
const SUMMARY_INTERVAL_MS = 60_000;
/** Lines beyond this buffer are dropped and counted. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
/** Rotated files that are kept; goldctl.log.1 is the newest. */
const MAX_ROTATED_FILES = 3;

export interface LogOptions {
  readonly file: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Also print lines to standard output, formatted for people. */
  readonly foreground?: boolean;
  /** A larger file is rotated. Default 20 MB. */
  readonly rotateBytes?: number;
}

/** The daemon's log: JSON lines of `{level, time, event, …, msg}` in a file of mode 0600. */
export interface DaemonLog {
  readonly logger: Logger;
  /** Rotates the file now, as happens after `rotateBytes`. */
  rotate(): Promise<void>;
  /** Resolves when everything logged so far is in a file. */
  waitUntilWritten(): Promise<void>;
  /** Logs the counts of repeated events, as happens every minute. */
  logSummaries(): void;
  /** Flushes and closes the file: later lines are lost. */
  stop(): Promise<void>;
}

/** Opens the log. Name the event in `event`, never in the bindings of a child logger. @throws AppError STORE_FAILED */
export async function createLog(options: LogOptions): Promise<DaemonLog> {
  const { file, level, foreground = false, rotateBytes = DEFAULT_ROTATE_BYTES } = options;
  let moved: boolean;
  try {
    moved = await rotateFiles(file, rotateBytes);
    // Test first: if the stream cannot open the file, it can be neither flushed nor closed.
    await (await openForAppend(file)).close();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('STORE_FAILED', `${file} cannot be written (${code}).`, { cause, data: { file } });
  }
  const sink = destination({ dest: file, sync: false, mode: 0o600, maxLength: MAX_BUFFERED_BYTES });
  await new Promise((resolve) => sink.once('ready', resolve));
  // A full disk must not stop the daemon. Report it on standard error; logging resumes when there is space.
  sink.on('error', (error: Error) =>
    writeText(process.stderr, safeText`${sanitizeText(file)}: ${sanitizeText(error.message)}\n`),
  );

  if (foreground) process.stdout.on('error', () => {}); // a closed terminal must not stop the daemon either
  let stopped = false;
  let size = (await stat(file)).size;
  let waiting = 0;
  let lost = 0;
  sink.on('drop', (line: string) => {
    lost++;
    waiting -= Buffer.byteLength(line);
  });
  sink.on('write', (bytes: number) => {
    waiting -= bytes;
    size += bytes;
    if (size > rotateBytes) void rotate();
  });
  const stream: DestinationStream = {
    write(text) {
      const line = maskUrls(text); // redact() does not see URLs inside messages
      if (!stopped) {
        waiting += Buffer.byteLength(line);
        sink.write(line);
      }
      if (foreground) writeText(process.stdout, safeText`${formatLogLine(line)}\n`);
    },
  };
  const repeated = new RepeatedEventLimiter();
  const logger = pino(
    {
      level,
      base: null,
      redact: { paths: SECRET_FIELD_NAMES.map((name) => `["${name}"]`), censor: REDACTED },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => ({ event: 'daemon', ...redact(fields) }),
      },
      hooks: {
        logMethod(args, method, level) {
          const [fields] = args as unknown[];
          const { event, address } = (fields ?? {}) as { event?: unknown; address?: unknown };
          if (typeof event === 'string' && typeof address === 'string') {
            if (!repeated.shouldLog(this.levels.labels[level] ?? 'info', event, address)) return;
          }
          method.apply(this, args);
        },
      },
      // redact() has already turned errors into plain objects
      serializers: { err: (error) => error },
    },
    stream,
  );

  const summarize = () => {
    for (const { level, text, ...fields } of repeated.takeSummaries()) logger[level as 'info'](fields, text);
    if (lost > 0)
      logger.error({ event: 'log.lost', lines: lost }, 'log lines were lost because the disk could not be written');
    lost = 0;
  };
  let turn = Promise.resolve();
  function rotate(): Promise<void> {
    size = 0; // also if rotation fails: retry after as many bytes
    turn = turn.then(async () => {
      if (stopped) return;
      try {
        if (await rotateFiles(file, 0)) await reopenFile(sink, file);
      } catch (error) {
        logger.error({ event: 'log.rotate', err: error }, 'the log cannot be rotated');
      }
    });
    return turn;
  }
  const timer = setInterval(summarize, SUMMARY_INTERVAL_MS);
  timer.unref();
  if (moved) logger.info({ event: 'log.rotate' }, 'rotated the previous log');

  return {
    logger,
    rotate,
    logSummaries: summarize,
    async waitUntilWritten() {
      while (waiting > 0) await new Promise((resolve) => sink.once('write', resolve));
      await turn;
    },
    async stop() {
      if (stopped) return;
      clearInterval(timer);
      summarize();
      await turn;
      stopped = true;
      await new Promise<void>((resolve) => {
        sink.once('close', resolve);
        sink.end();
      });
    },
  };
}

type LogDestination = ReturnType<typeof destination>;

async function reopenFile(sink: LogDestination, file: string): Promise<void> {
  const ready = new Promise((resolve) => sink.once('ready', resolve));
  sink.reopen();
  await ready;
  await chmod(file, 0o600);
}

async function rotateFiles(file: string, limit: number): Promise<boolean> {
  try {
    if ((await stat(file)).size <= limit) return false;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw cause;
  }
  for (let number = MAX_ROTATED_FILES - 1; number >= 1; number--) {
    await rename(`${file}.${number}`, `${file}.${number + 1}`).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') throw cause;
    });
  }
  await rename(file, `${file}.1`);
  return true;
}
