import { deferred } from '../domain/deferred.ts';
import { Failure } from '../domain/failure.ts';
import { plainLines } from '../domain/fold.ts';
import { safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';
import { openHome } from '../home.ts';
import { version } from '../version.ts';
import { type Daemon, startDaemon } from './composition.ts';
import { applyFlags, loadConfig } from './config.ts';
import type { StartMessage } from './lifecycle.ts';
import { createLog } from './log.ts';
import { removePidFile, writePidFile } from './pidfile.ts';
import { configuredSources } from './sources.ts';
import type { StartOptions } from './start-options.ts';

/**
 * The daemon's process: `node main.js '<StartOptions as JSON>'`. Tells the process that started it whether it came up,
 * then serves until it is told to end: SIGTERM, SIGINT or `admin.stop`.
 */
async function main(options: StartOptions): Promise<void> {
  process.umask(0o077); // LevelDB and libraries make files of their own
  const home = await openHome(options.home === undefined ? {} : { GOLDCTL_HOME: options.home });
  await home.prepare();
  if (options.standby)
    await standBy(async () => {
      configuredSources(applyFlags(await loadConfig(home.configFile), options).rates.providers);
    });
  const config = applyFlags(await loadConfig(home.configFile), options);
  const { logger: log, stop: stopLog } = await createLog({
    file: home.logFile,
    level: config.log.level,
    foreground: options.foreground ?? false,
  });

  let daemon: Daemon;
  const stopping = deferred<Ending>();
  try {
    daemon = await startDaemon({
      home,
      config,
      version: version(),
      log,
      load: async () => applyFlags(await loadConfig(home.configFile), options),
      onLogLevel: (level) => {
        log.level = level;
      },
      onStop: (retryAfterMs) =>
        stopping.resolve(
          retryAfterMs === undefined
            ? { reason: 'The daemon was stopped.' }
            : { reason: 'The daemon restarts.', retryAfterMs },
        ),
    });
  } catch (thrown) {
    const failure = Failure.from(thrown);
    log.error({ event: 'daemon.start', code: failure.code, err: failure.cause ?? failure }, failure.message);
    await stopLog();
    throw failure;
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => stopping.resolve({ reason: `The daemon got ${signal}.` }));
  // Also when its terminal goes: the daemon does not end with it.
  process.on('SIGHUP', () => {
    daemon.reload().catch((thrown) => {
      const failure = Failure.from(thrown);
      log.error(
        { event: 'daemon.reload', code: failure.code, err: failure.cause ?? failure },
        `nothing was changed: ${failure.message}`,
      );
    });
  });
  // A fault that nobody foresaw: what is acknowledged is on disk, so ending loses nothing, going on might.
  process.on('uncaughtException', (error) => {
    log.error({ event: 'daemon.crash', err: error }, 'an unforeseen fault ends the daemon');
    process.exitCode = 1;
    stopping.resolve({ reason: 'The daemon failed.' });
  });

  const { standby: _, ...kept } = options;
  try {
    await writePidFile(home, { pid: process.pid, startedAt: daemon.status().startedAt, options: kept });
  } catch (error) {
    // On a full disk. Whoever looks for the daemon finds it by its socket.
    log.warn({ event: 'daemon.start', err: error }, 'the pid file cannot be written');
  }
  tell({ ready: daemon.status() }, options.tether);
  if (options.tether) tethered(() => stopping.resolve({ reason: 'The process that started the daemon is gone.' }));
  const { reason, retryAfterMs } = await stopping.promise;
  await daemon.stop(reason, retryAfterMs);
  await removePidFile(home, process.pid);
  await stopLog();
}

interface Ending {
  readonly reason: string;
  /** The daemon is to be back: clients come again after so long. */
  readonly retryAfterMs?: number;
}

/**
 * Says that everything is ready, and resolves when the process that started this one says go. Modules are loaded by
 * then, and settings that would keep the daemon from starting have been refused while the other one still runs.
 */
async function standBy(check: () => Promise<void>): Promise<void> {
  await check();
  const told = new Promise<void>((resolve, reject) => {
    process.once('message', () => resolve());
    process.once('disconnect', () =>
      reject(new Failure('NOT_AVAILABLE', 'The process that started the daemon is gone.')),
    );
  });
  tell({ standby: true }, true);
  await told;
}

function tell(message: StartMessage, stayConnected = false): void {
  if (!process.connected) return;
  process.send?.(message, () => {
    if (!stayConnected) process.disconnect();
  });
}

/** The channel to the process that started this one ends with that process, also when it is killed. */
function tethered(onLoose: () => void): void {
  if (process.connected) process.once('disconnect', onLoose);
  else onLoose();
}

try {
  await main(JSON.parse(process.argv[2] ?? '{}') as StartOptions);
  process.exit();
} catch (thrown) {
  const { code, message, data, exit } = Failure.from(thrown);
  if (process.connected) tell({ error: { code, message, data } });
  else writeText(process.stderr, safeText`goldctl: ${plainLines(message)}\n`);
  process.exitCode = exit;
}
