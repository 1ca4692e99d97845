import { chmod, rename, stat } from 'node:fs/promises';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { safeText } from '../domain/safe-text.ts';
import { maskUrls } from '../domain/secrets.ts';
import { writeText } from '../domain/text-output.ts';
import { openForAppend } from '../private-file.ts';
import { prettyLine } from './pretty-line.ts';
import { HIDDEN, redact, SECRETS } from './redact.ts';
import { RepeatedEvents } from './repeated-events.ts';

const ROTATE_BYTES = 20 * 1024 * 1024;
/** How long repeated events are counted before the count is written. */
const WINDOW_MS = 60_000;
/** Lines that wait for the disk; more are lost, and counted. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Files of earlier times that are kept: goldctl.log.1 is the latest. */
const KEPT = 3;

export interface LogOptions {
  readonly file: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Lines also go to standard output, as people read them. */
  readonly foreground?: boolean;
  /** A file that grows larger is put aside. Default 20 MB. */
  readonly rotateBytes?: number;
}

/** The daemon's log: JSON lines of `{level, time, event, …, msg}` in a file of 0600. */
export interface DaemonLog {
  readonly logger: Logger;
  /** Puts the file aside now, as happens when so many bytes were written to it. */
  rotate(): Promise<void>;
  /** Resolves when what was logged until now is in a file. */
  written(): Promise<void>;
  /** Writes the counts of repeated events, as happens every minute. */
  summarize(): void;
  /** Writes out what is held and closes the file: what is logged later is lost. */
  stop(): Promise<void>;
}

/**
 * Opens the log. Name what happens in `event`, as `log.info({ event: 'forum.post', number }, 'posted')`, never in the
 * bindings of a child logger.
 * @throws Failure STORE_FAILED
 */
export async function createLog(options: LogOptions): Promise<DaemonLog> {
  const { file, level, foreground = false, rotateBytes = ROTATE_BYTES } = options;
  let moved: boolean;
  try {
    moved = await putAside(file, rotateBytes);
    // Tried before it is handed over: what cannot be opened there can be neither flushed nor given up.
    await (await openForAppend(file)).close();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('STORE_FAILED', `${file} cannot be written (${code}).`, { cause, data: { file } });
  }
  const sink = destination({ dest: file, sync: false, mode: 0o600, maxLength: MAX_WAITING_BYTES });
  await new Promise((resolve) => sink.once('ready', resolve));
  // A full disk must not end the daemon; it shows on standard error, and lines come back with the space.
  sink.on('error', (error: Error) => writeText(process.stderr, safeText`${plain(file)}: ${plain(error.message)}\n`));

  if (foreground) process.stdout.on('error', () => {}); // a terminal that is gone must not end the daemon either
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
      const line = maskUrls(text); // messages are texts of their own, which redact() does not see
      if (!stopped) {
        waiting += Buffer.byteLength(line);
        sink.write(line);
      }
      if (foreground) writeText(process.stdout, safeText`${prettyLine(line)}\n`);
    },
  };
  const repeated = new RepeatedEvents();
  const logger = pino(
    {
      level,
      base: null,
      redact: { paths: SECRETS.map((name) => `["${name}"]`), censor: HIDDEN }, // bindings of child loggers
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => ({ event: 'daemon', ...redact(fields) }),
      },
      hooks: {
        logMethod(args, method, level) {
          const [fields] = args as unknown[];
          const { event, address } = (fields ?? {}) as { event?: unknown; address?: unknown };
          if (typeof event === 'string' && typeof address === 'string') {
            if (!repeated.admit(this.levels.labels[level] ?? 'info', event, address)) return;
          }
          method.apply(this, args);
        },
      },
      // Errors are plain objects by the time they are serialized: redact() has seen to them.
      serializers: { err: (error) => error },
    },
    stream,
  );

  const summarize = () => {
    for (const { level, text, ...fields } of repeated.takeSummaries()) logger[level as 'info'](fields, text);
    if (lost > 0)
      logger.error({ event: 'log.lost', lines: lost }, 'lines of the log were lost: the disk did not take them');
    lost = 0;
  };
  let turn = Promise.resolve();
  function rotate(): Promise<void> {
    size = 0; // also where it fails: it is tried again after as many bytes
    turn = turn.then(async () => {
      if (stopped) return;
      try {
        if (await putAside(file, 0)) await reopened(sink, file);
      } catch (error) {
        logger.error({ event: 'log.rotate', err: error }, 'the log cannot be put aside');
      }
    });
    return turn;
  }
  const timer = setInterval(summarize, WINDOW_MS);
  timer.unref();
  if (moved) logger.info({ event: 'log.rotate' }, 'the earlier log was put aside');

  return {
    logger,
    rotate,
    summarize,
    async written() {
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

type Sink = ReturnType<typeof destination>;

async function reopened(sink: Sink, file: string): Promise<void> {
  const ready = new Promise((resolve) => sink.once('ready', resolve));
  sink.reopen();
  await ready;
  await chmod(file, 0o600);
}

async function putAside(file: string, limit: number): Promise<boolean> {
  try {
    if ((await stat(file)).size <= limit) return false;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw cause;
  }
  for (let number = KEPT - 1; number >= 1; number--) {
    await rename(`${file}.${number}`, `${file}.${number + 1}`).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') throw cause;
    });
  }
  await rename(file, `${file}.1`);
  return true;
}
