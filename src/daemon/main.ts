import { AppError } from '../domain/app-error.ts';
import { deferred } from '../domain/deferred.ts';
import { safeText } from '../domain/safe-text.ts';
import { sanitizeLines } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';
import { resolveHome } from '../home-directory.ts';
import { version } from '../version.ts';
import { applyFlags, loadConfig } from './config.ts';
import { configureProviders } from './configure-providers.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import type { StartMessage } from './lifecycle.ts';
import { createLog } from './log.ts';
import { removePidFile, writePidFile } from './pid-file.ts';
import type { StartOptions } from './start-options.ts';

/** The daemon process: `node main.js '<StartOptions as JSON>'`. Serves until SIGTERM, SIGINT or `admin.stop`. */
async function main(options: StartOptions): Promise<void> {
  process.umask(0o077); // LevelDB and libraries create files themselves
  const home = await resolveHome(options.home === undefined ? {} : { GOLDCTL_HOME: options.home });
  await home.ensureFolders();
  if (options.standby)
    await waitForStart(async () => {
      configureProviders(applyFlags(await loadConfig(home.configFile), options).rates.providers);
    });
  const config = applyFlags(await loadConfig(home.configFile), options);
  const { logger: log, stop: stopLog } = await createLog({
    file: home.logFile,
    level: config.log.level,
    foreground: options.foreground ?? false,
  });

  let daemon: Daemon;
  const stopping = deferred<StopRequest>();
  try {
    daemon = await startDaemon({
      home,
      config,
      version: version(),
      log,
      loadConfig: async () => applyFlags(await loadConfig(home.configFile), options),
      onLogLevel: (level) => {
        log.level = level;
      },
      onStopRequest: (retryAfterMs) =>
        stopping.resolve(
          retryAfterMs === undefined
            ? { reason: 'The daemon was stopped.' }
            : { reason: 'The daemon is restarting.', retryAfterMs },
        ),
    });
  } catch (thrown) {
    const error = AppError.from(thrown);
    log.error({ event: 'daemon.start', code: error.code, err: error.cause ?? error }, error.message);
    await stopLog();
    throw error;
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => stopping.resolve({ reason: `The daemon received ${signal}.` }));
  // Also sent when the terminal closes: the daemon keeps running.
  process.stderr.on('error', () => {}); // as of standard output: nobody reading it must not stop the daemon
  process.on('SIGHUP', () => {
    daemon.reload().catch((thrown) => {
      const error = AppError.from(thrown);
      log.error(
        { event: 'daemon.reload', code: error.code, err: error.cause ?? error },
        `nothing was changed: ${error.message}`,
      );
    });
  });
  // Unexpected error: acknowledged writes are on disk, so stopping loses nothing, but continuing might.
  process.on('uncaughtException', (error) => {
    log.error({ event: 'daemon.crash', err: error }, 'the daemon stops because of an unexpected error');
    process.exitCode = 1;
    stopping.resolve({ reason: 'The daemon failed.' });
  });

  const { standby: _, ...kept } = options;
  try {
    await writePidFile(home, { pid: process.pid, startedAt: daemon.status().startedAt, options: kept });
  } catch (error) {
    // On a full disk. Clients find the daemon by its socket.
    log.warn({ event: 'daemon.start', err: error }, 'the pid file cannot be written');
  }
  sendToParent({ ready: daemon.status() }, options.tether);
  if (options.tether) onParentExit(() => stopping.resolve({ reason: 'The parent process of the daemon has exited.' }));
  const { reason, retryAfterMs } = await stopping.promise;
  await daemon.stop(reason, retryAfterMs);
  await removePidFile(home, process.pid);
  await stopLog();
}

interface StopRequest {
  readonly reason: string;
  /** The daemon will be back: clients reconnect after this time. */
  readonly retryAfterMs?: number;
}

/** Waits for the parent's go with all modules loaded and the settings checked, while the old daemon is still running. */
async function waitForStart(check: () => Promise<void>): Promise<void> {
  await check();
  const started = new Promise<void>((resolve, reject) => {
    process.once('message', () => resolve());
    process.once('disconnect', () =>
      reject(new AppError('NOT_AVAILABLE', 'The parent process of the daemon has exited.')),
    );
  });
  sendToParent({ standby: true }, true);
  await started;
}

function sendToParent(message: StartMessage, stayConnected = false): void {
  if (!process.connected) return;
  process.send?.(message, () => {
    if (!stayConnected) process.disconnect();
  });
}

/** The IPC channel closes when the parent process exits, even if it is killed. */
function onParentExit(onLoose: () => void): void {
  if (process.connected) process.once('disconnect', onLoose);
  else onLoose();
}

try {
  await main(JSON.parse(process.argv[2] ?? '{}') as StartOptions);
  process.exit();
} catch (thrown) {
  const error = AppError.from(thrown);
  const { message, exit } = error;
  if (process.connected) sendToParent({ error: error.toJSON() });
  else writeText(process.stderr, safeText`goldctl: ${sanitizeLines(message)}\n`);
  process.exitCode = exit;
}
