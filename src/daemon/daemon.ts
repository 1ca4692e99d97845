import { LegacyServer, type RequestedAddress } from '../dialects/legacy-server.ts';
import { parseListenAddress } from '../dialects/listen-address.ts';
import { normalizeIp } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { Logger } from '../domain/logger.ts';
import type { Endpoint } from '../domain/peer.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { ReadModel } from '../projections/read-model.ts';
import { HttpFetcher } from '../rates/http-fetcher.ts';
import { ParserThread } from '../rates/parser-thread.ts';
import { RatePoller } from '../rates/rate-poller.ts';
import { AccountDataExport } from '../room/account-export.ts';
import { Accounts } from '../room/accounts.ts';
import { AddressBans } from '../room/address-bans.ts';
import { BackupReader } from '../room/backup-reader.ts';
import { Cluster } from '../room/cluster.ts';
import { DirectMessages } from '../room/direct-messages.ts';
import { FairQueue } from '../room/fair-queue.ts';
import { FileCatalog } from '../room/file-catalog.ts';
import { Forum } from '../room/forum.ts';
import { type LoginAttempt, LoginThrottle } from '../room/login-throttle.ts';
import { PasswordHasher, type ScryptParams } from '../room/password-hasher.ts';
import { Presence } from '../room/presence.ts';
import { QuoteIngest } from '../room/quote-ingest.ts';
import { RateCompaction } from '../room/rate-compaction.ts';
import { RateEdits } from '../room/rate-edits.ts';
import { RateQueries } from '../room/rate-queries.ts';
import { UnreadTracker } from '../room/unread-tracker.ts';
import { WriteQuota } from '../room/write-quota.ts';
import { AccessEnforcer } from '../server/access-enforcer.ts';
import type { ClientConnection } from '../server/client-connection.ts';
import { ClusterProviderHealth } from '../server/cluster-provider-health.ts';
import { ConnectionLimiter } from '../server/connection-limiter.ts';
import { ConnectionRegistry } from '../server/connection-registry.ts';
import { EventBroadcaster } from '../server/event-broadcaster.ts';
import { IntroductionServer } from '../server/introduction-server.ts';
import { ReadScheduler } from '../server/read-scheduler.ts';
import { DaemonServer } from '../server/server.ts';
import type { Services } from '../server/services.ts';
import { WorkBudget } from '../server/work-budget.ts';
import { sleep } from '../sleep.ts';
import { DiskReserve } from '../store/disk-reserve.ts';
import { Store } from '../store/store.ts';
import { loadOrCreateCertificate } from './certificate.ts';
import type { Config } from './config.ts';
import { configureProviders, providerOrder } from './configure-providers.ts';
import { createEngine } from './create-engine.ts';
import { readStatus } from './daemon-status.ts';
import { DiskSpaceMonitor } from './disk-space-monitor.ts';
import { removeLeftovers } from './leftovers.ts';
import type { Metrics } from './metrics.ts';
import type { MetricsServer, MetricsSource } from './metrics-server.ts';
import { removeStaleSocket } from './pid-file.ts';
import { Reloader, type ReloadReport } from './reload.ts';

export interface DaemonOptions {
  readonly home: HomeDirectory;
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
  /** Cost of hashing a password. Default: see room/password-hasher.ts. */
  readonly passwordCost?: ScryptParams;
  /** Reads the current options; without it there is no reload. @throws AppError CONFIG_INVALID */
  readonly loadConfig?: () => Promise<Config>;
  readonly onLogLevel?: (level: Config['log']['level']) => void;
  /** A client asked the daemon to stop; with `retryAfterMs` another daemon takes over. */
  readonly onStopRequest: (retryAfterMs?: number) => void;
}

export interface Daemon {
  readonly status: Services['status'];
  /** Applies changed options and a changed certificate as far as possible at runtime. @throws AppError CONFIG_INVALID */
  reload(): Promise<ReloadReport>;
  /** Stops it: clients get `bye`, and acknowledged writes are on disk. */
  stop(reason: string, retryAfterMs?: number): Promise<void>;
}

/** What LevelDB may write when it opens: its log of 4 MiB as a table, and some more. */
const DISK_RESERVE_BYTES = 8 * 1024 * 1024;
/** How long a sign-in waits for records that other daemons have written. */
const CATCH_UP_TIMEOUT_MS = 1000;
/** Concurrent calls that scan records, in total and per member or source: password hashing and the disk need threads, too. */
const MAX_SCANS = 2;
const MAX_SCANS_PER_KEY = 1;

/** Creates all parts and starts them from the inside out. If a start fails, the running parts are stopped in reverse. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { home, config, version, log } = options;
  const startedAt = Date.now();
  const now = () => Date.now();
  const monotonic = () => performance.now();
  const limits = { ...config.limits }; // read at each use, because a reload replaces the values
  const parserThread = new ParserThread();
  const providers = configureProviders(config.rates.providers, parserThread);

  const reserve = new DiskReserve(home.dataFolder, DISK_RESERVE_BYTES);
  const store = await Store.inFolder(home.dataFolder, { reserve });
  const readModel = new ReadModel(store);
  const engine = createEngine({
    config: config.engine,
    store,
    readModel,
    version,
    log,
    recovery: {
      onOutage: ({ error }) => log.error({ event: 'store', code: error.code, err: error.cause }, error.message),
      onRecovered: ({ since }) => {
        log.info({ event: 'store', forMs: Date.now() - since }, 'records can be written again');
        void indexPosts();
      },
    },
  });
  const { journal, bus } = engine;
  let isStopping = false;
  const diskSpace = new DiskSpaceMonitor({
    folder: home.dataFolder,
    log,
    onCheck: () =>
      void reserve
        .createIfRoom()
        .catch((error) => log.warn({ event: 'space', err: error }, 'disk space cannot be reserved')),
  });

  const rates = new RateQueries({
    readModel,
    providers: providerOrder(providers, config.rates.reference),
    // If the providers agree that the clock of this machine is wrong, the age of prices is measured by theirs.
    now: () => now() + (poller.clockOffsetMs ?? 0),
  });
  const intake = new QuoteIngest({ journal, readModel, rates, now });
  const rateEdits = new RateEdits({ journal, readModel, rates, now });
  const compaction = new RateCompaction({
    journal,
    readModel,
    lease: engine.lease('compaction'),
    now,
    afterDays: config.rates.compactAfterDays,
    log,
  });
  const fetcher = new HttpFetcher({ version });
  const poller = new RatePoller({
    providers,
    fetcher,
    sink: intake,
    lease: engine.lease('rates'),
    log,
    lastFetchElsewhere: (provider) => (cluster.hasMetOthers ? intake.lastReceived(provider) : undefined),
  });
  const passwordHasher = new PasswordHasher({
    limit: limits.passwordQueue,
    ...defined({ cost: options.passwordCost }),
  });
  const loginThrottle = new LoginThrottle({
    attempts: config.attempts,
    now: monotonic,
    broadcast: (attempt) => bus.publish('attempts', { from: cluster.id, attempt }),
  });
  const accounts = new Accounts({
    journal,
    readModel,
    hasher: passwordHasher,
    throttle: loginThrottle,
    now,
    limits,
    log,
  });
  const quota = new WriteQuota({ limits, freeBytes: () => diskSpace.currentFreeBytes(), now: monotonic });
  const forum = new Forum({ journal, readModel, now, postCharacters: limits.postCharacters, quota });
  const unread = new UnreadTracker({ journal, bus, readModel, now });
  const messages = new DirectMessages({
    journal,
    bus,
    readModel,
    now,
    postCharacters: limits.postCharacters,
    quota,
  });
  const cluster = new Cluster({
    bus,
    log,
    self: () => ({
      server: serverName,
      address: config.listen.public ?? server.listener.address,
      startedAt,
      connections: connections.size,
      members: presence.localCount,
      seq: journal.head(),
      told: presence.sentUpdates,
    }),
  });
  const presence = new Presence<ClientConnection>({ bus, cluster, now, idleMs: limits.idleMs });
  const files = new FileCatalog({ journal, readModel, presence, now, listings: limits.listings, quota });
  const addressBans = new AddressBans({ journal, readModel, now });
  const introductionServer = new IntroductionServer({
    get maxRelays() {
      return limits.relays;
    },
    relayBytesPerSecond: limits.relayBytesPerSecond,
    log,
    isBanned: (address) => addressBans.find(address) !== undefined,
  });
  presence.onConnectionClosed((connection) => introductionServer.closeAllOf(connection));
  const broadcaster = new EventBroadcaster({
    view: readModel,
    bus,
    presence,
    withStaleness: (quote) => rates.withStaleness(quote),
    withAvailability: (listing) => files.withOnline(listing),
  });
  const connections = new ConnectionRegistry();
  const accessEnforcer = new AccessEnforcer({
    view: readModel,
    presence,
    sessions: connections,
    introductionServer,
    now,
  });
  const clusterProviderHealth = new ClusterProviderHealth({ poller, bus, cluster });

  const certificate = await loadOrCreateCertificate(home);
  const serverName = config.serverName ?? `goldctl/${version}`;
  const services: Services = {
    accounts,
    accountExport: new AccountDataExport({ readModel, head: () => journal.head() }),
    addressBans,
    rates,
    intake,
    rateEdits,
    forum,
    unread,
    messages,
    files,
    backup: new BackupReader({ journal }),
    presence,
    cluster,
    introductionServer,
    clusterProviderHealth,
    view: readModel,
    broadcaster,
    connections,
    connectionLimiter: new ConnectionLimiter({ limits, log }),
    budget: new WorkBudget(limits),
    scheduler: new ReadScheduler(),
    scanQueue: new FairQueue({ concurrency: MAX_SCANS, concurrencyPerKey: MAX_SCANS_PER_KEY }),
    limits,
    log,
    now,
    serverName,
    headSeq: () => journal.head(),
    catchUp: () => (cluster.isSolo ? undefined : waitAtMost(CATCH_UP_TIMEOUT_MS, journal.catchUp())),
    publicUdpEndpoint,
    status: () => status(),
    reload: () => reloader.reload(),
    stop: (retryAfterMs) => setImmediate(() => options.onStopRequest(retryAfterMs)),
  };
  let phase: 'starting' | 'stopping' | undefined = 'starting';
  let metrics: Metrics | undefined;
  const metricsServer = await createMetricsServer(config.metricsPort, {
    unavailableReason: () => (phase ? `The daemon is ${phase}.` : engine.outage?.error.message),
    metrics: () => metrics,
  });
  const server = new DaemonServer(services, { ...config.listen, ...certificate, controlPath: home.controlSocket });
  const legacyServer = new LegacyServer(legacyListenAddresses(config), services);

  function publicUdpEndpoint(hostAddress: string | undefined): Endpoint | undefined {
    const { address, port } = server.listener.endpoint;
    const named = config.listen.public;
    if (named !== undefined) return parsePublicAddress(named, port);
    const at = normalizeIp(hostAddress ?? address);
    return at === '0.0.0.0' || at === '::' ? undefined : { address: at, port };
  }

  const reloader = new Reloader({
    home,
    config,
    certificate,
    parserThread,
    loadConfig: options.loadConfig,
    log,
    onCertificate: (renewed) => server.listener.setCertificate(renewed),
    apply: (next, providers, changedProviders) => {
      Object.assign(limits, next.limits);
      loginThrottle.attempts = next.attempts;
      passwordHasher.maxWaiting = limits.passwordQueue;
      forum.maxPostChars = limits.postCharacters;
      messages.maxMessageChars = limits.postCharacters;
      presence.idleMs = limits.idleMs;
      files.maxListings = limits.listings;
      compaction.afterDays = next.rates.compactAfterDays;
      server.startTimers();
      options.onLogLevel?.(next.log.level);
      if (changedProviders.size > 0) poller.reconfigure(providers, changedProviders);
      rates.setProviders(providerOrder(providers, next.rates.reference));
    },
  });
  const status = () =>
    readStatus({
      version,
      startedAt,
      homeRoot: home.root,
      allowsClearText: config.listen.plain,
      fingerprint: reloader.certificate.fingerprint,
      engine,
      diskSpace,
      services,
      server,
      legacyServer,
      metricsServer,
    });
  const indexPosts = () => (isStopping ? Promise.resolve() : startSearchIndex(readModel, store, log));

  /** How to stop what has been started, in the order of the starts. */
  const stops: ((reason: string, retryAfterMs?: number) => unknown)[] = [];
  const stopAll = async (reason: string, retryAfterMs?: number) => {
    for (const stop of stops.splice(0).reverse()) await stop(reason, retryAfterMs);
  };
  try {
    await metricsServer?.start();
    stops.push(() => metricsServer?.stop());
    await engine.start();
    stops.push(() => engine.stop());
    await indexPosts();
    stops.push(() => {
      isStopping = true;
      return readModel.searchIndex.stop();
    });
    await removeLeftovers(home, log);
    await diskSpace.start();
    stops.push(() => diskSpace.stop());
    await removeStaleSocket(home);
    broadcaster.start();
    stops.push(() => broadcaster.stop());
    bus.subscribe('attempts', (message) => {
      const { from, attempt } = message as { from: string; attempt: LoginAttempt };
      if (from !== cluster.id) loginThrottle.applyRemote(attempt);
    });
    accessEnforcer.start();
    stops.push(() => accessEnforcer.stop());
    presence.start();
    stops.push(() => presence.stop());
    await server.start();
    cluster.start();
    stops.push(() => cluster.stop());
    stops.push((reason, retryAfterMs) => Promise.all([legacyServer.stop(reason), server.stop(reason, retryAfterMs)]));
    await legacyServer.start();
    poller.start();
    clusterProviderHealth.start();
    compaction.start();
    stops.push(async () => {
      clusterProviderHealth.stop();
      await compaction.stop();
      await Promise.all([poller.stop(), parserThread.stop()]);
      fetcher.stop();
    });
    if (metricsServer) {
      const { Metrics } = await import('./metrics.ts');
      metrics = new Metrics({ version, engine, diskSpace, passwordHasher, server, services });
    }
  } catch (error) {
    await stopAll('The daemon could not start.');
    throw error;
  }
  phase = undefined;
  log.info(
    { event: 'daemon.start', address: server.listener.address, seq: journal.head() },
    `${serverName} is listening`,
  );

  return {
    status,
    reload: () => reloader.reload(),
    async stop(reason, retryAfterMs) {
      log.info({ event: 'daemon.stop', connections: connections.size }, reason);
      phase = 'stopping';
      await stopAll(reason, retryAfterMs);
    },
  };
}

/** Continues from the position in the store: the last writes before a failure may be missing. */
async function startSearchIndex({ searchIndex }: ReadModel, store: Store, log: Logger): Promise<void> {
  const onError = (error: unknown) => {
    // A read-only store reports this itself and recovers.
    if (!store.writeError) log.error({ event: 'words', err: error }, 'the search index is no longer updated');
  };
  await searchIndex.stop();
  try {
    await searchIndex.load();
  } catch (error) {
    return onError(error);
  }
  searchIndex.start(onError);
}

/** Loaded only if it is used, so that other daemons start faster. */
async function createMetricsServer(
  port: number | undefined,
  source: MetricsSource,
): Promise<MetricsServer | undefined> {
  if (port === undefined) return undefined;
  const { MetricsServer } = await import('./metrics-server.ts');
  return new MetricsServer(port, source);
}

/** Listen addresses of the legacy protocols; `sumPort` is that of `sum` on the daemon's own address. */
function legacyListenAddresses({ dialects, sumPort, listen }: Config): RequestedAddress[] {
  return [
    ...dialects.map((text) => ({ ...parseListenAddress(text)!, setting: `--dialect ${text}` })),
    ...(sumPort === undefined
      ? []
      : [{ dialect: 'sum' as const, host: listen.host, port: sumPort, setting: '--sum-port' }]),
  ];
}

/** Resolves when the promise settles, or after `ms`. */
async function waitAtMost(ms: number, promise: Promise<void>): Promise<void> {
  const timeout = new AbortController();
  const settled = promise.catch(() => {}).finally(() => timeout.abort());
  await Promise.race([settled, sleep(ms, timeout.signal)]);
}

/** `HOST` or `HOST:PORT`; an IPv6 address with a port is in brackets. */
function parsePublicAddress(text: string, port: number): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  return match ? { address: (match[1] ?? match[2])!, port: Number(match[3] ?? port) } : { address: text, port };
}
