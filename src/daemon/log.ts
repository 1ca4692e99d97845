import { chmod, open, rename, stat } from 'node:fs/promises';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { Failure } from '../domain/failure.ts';
import { prettyLine } from './pretty-line.ts';
import { HIDDEN, redact, SECRETS } from './redact.ts';

const ROTATE_BYTES = 20 * 1024 * 1024;
const ROTATE_EVERY_MS = 3_600_000;
/** Files of earlier times that are kept: goldctl.log.1 is the latest. */
const KEPT = 3;

export interface LogOptions {
  readonly file: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Lines also go to standard output, as people read them. */
  readonly foreground?: boolean;
  /** A larger file is put aside. Default 20 MB. */
  readonly rotateBytes?: number;
}

/** The daemon's log: JSON lines of `{level, time, event, …, msg}` in a file of 0600. */
export interface DaemonLog {
  readonly logger: Logger;
  /** Puts a large file aside now, as happens at the start and every hour. */
  rotate(): Promise<void>;
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
    const handle = await open(file, 'a', 0o600);
    await handle.chmod(0o600);
    await handle.close();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('STORE_FAILED', `${file} cannot be written (${code}).`, { cause, data: { file } });
  }
  const sink = destination({ dest: file, sync: false, mode: 0o600 });
  await new Promise((resolve) => sink.once('ready', resolve));
  // A full disk must not end the daemon; it shows on standard error, and lines come back with the space.
  sink.on('error', (error: Error) => process.stderr.write(`${file}: ${error.message}\n`));

  if (foreground) process.stdout.on('error', () => {}); // a terminal that is gone must not end the daemon either
  let stopped = false;
  const stream: DestinationStream = {
    write(line) {
      if (!stopped) sink.write(line);
      if (foreground) process.stdout.write(`${prettyLine(line)}\n`);
    },
  };
  const logger = pino(
    {
      level,
      base: null,
      redact: { paths: SECRETS.map((name) => `["${name}"]`), censor: HIDDEN }, // bindings of child loggers
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => ({ event: 'daemon', ...redact(fields) }),
      },
      // Errors are plain objects by the time they are serialized: redact() has seen to them.
      serializers: { err: (error) => error },
    },
    stream,
  );

  let turn = Promise.resolve();
  const rotate = () => {
    turn = turn.then(async () => {
      if (stopped) return;
      try {
        if (await putAside(file, rotateBytes)) await reopened(sink, file);
      } catch (error) {
        logger.error({ event: 'log.rotate', err: error }, 'the log cannot be put aside');
      }
    });
    return turn;
  };
  const timer = setInterval(rotate, ROTATE_EVERY_MS);
  timer.unref();
  if (moved) logger.info({ event: 'log.rotate' }, 'the earlier log was put aside');

  return {
    logger,
    rotate,
    async stop() {
      if (stopped) return;
      clearInterval(timer);
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
