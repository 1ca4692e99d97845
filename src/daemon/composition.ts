import { type AskedPlace, Dialects } from '../dialects/dialects.ts';
import { parsePlace } from '../dialects/place.ts';
import { bareAddress } from '../domain/address.ts';
import { Failure } from '../domain/failure.ts';
import type { Place } from '../domain/peer.ts';
import type { Home } from '../home.ts';
import { Fetcher } from '../rates/fetcher.ts';
import { Gatherer } from '../rates/gatherer.ts';
import type { Log } from '../rates/log.ts';
import { ReaderThread } from '../rates/worker-reader.ts';
import { AccountExport } from '../room/account-export.ts';
import { Accounts } from '../room/accounts.ts';
import { AddressBans } from '../room/address-bans.ts';
import { Backup } from '../room/backup.ts';
import { Compaction } from '../room/compaction.ts';
import { type DaemonInfo, Daemons } from '../room/daemons.ts';
import { FairQueue } from '../room/fair-queue.ts';
import { Files } from '../room/files.ts';
import { Forum } from '../room/forum.ts';
import { Intake } from '../room/intake.ts';
import { type Attempt, Lockout } from '../room/lockout.ts';
import { Messages } from '../room/messages.ts';
import { type Cost, Passwords } from '../room/passwords.ts';
import { Presence } from '../room/presence.ts';
import { RateEdits } from '../room/rate-edits.ts';
import { Rates } from '../room/rates.ts';
import { Unread } from '../room/unread.ts';
import { WriteQuota } from '../room/write-quota.ts';
import { Arrivals } from '../server/arrivals.ts';
import { Budget } from '../server/budget.ts';
import { Doorkeeper } from '../server/doorkeeper.ts';
import { Gathering } from '../server/gathering.ts';
import { Hub } from '../server/hub.ts';
import { Rendezvous } from '../server/rendezvous.ts';
import { Server } from '../server/server.ts';
import type { Services } from '../server/services.ts';
import { Sessions } from '../server/sessions.ts';
import { Turns } from '../server/turns.ts';
import type { Visitor } from '../server/visitor.ts';
import { Reserve } from '../store/reserve.ts';
import { Store } from '../store/store.ts';
import { View } from '../view/view.ts';
import { loadCertificate, readCertificate } from './certificate.ts';
import type { Config } from './config.ts';
import { createEngine } from './engine.ts';
import { removeLeftovers } from './leftovers.ts';
import type { Metrics } from './metrics.ts';
import type { Monitor, Monitored } from './monitor.ts';
import { clearStaleSocket } from './pidfile.ts';
import { differ, providerSetting, type Reloaded } from './reload.ts';
import { configuredSources, providerOrder } from './sources.ts';
import { Space } from './space.ts';

export interface DaemonSettings {
  readonly home: Home;
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  /** What hashing a password costs. Default: see room/passwords.ts. */
  readonly passwordCost?: Cost;
  /** The settings as they are written now; without it there is no reload. @throws Failure CONFIG_INVALID */
  readonly load?: () => Promise<Config>;
  /** The log is to say more, or less. */
  readonly onLogLevel?: (level: Config['log']['level']) => void;
  /** Somebody asked the daemon to end; with `retryAfterMs` another one is to take its place. */
  readonly onStop: (retryAfterMs?: number) => void;
}

/** A daemon that runs. */
export interface Daemon {
  readonly status: Services['status'];
  /** Takes other settings, and another certificate, as far as that goes while it runs. @throws Failure CONFIG_INVALID */
  reload(): Promise<Reloaded>;
  /** Ends it: clients get `bye`, what is acknowledged is on disk. */
  stop(reason: string, retryAfterMs?: number): Promise<void>;
}

/** What LevelDB may write when it is opened: its log, of 4 MiB, as a table, and some more. */
const RESERVE_BYTES = 8 * 1024 * 1024;
/** How long somebody who comes in waits for what other daemons have written. */
const CATCH_UP_MS = 1000;
/** Calls that look through records at a time, in all and of one member or source: passwords and the disk want threads, too. */
const SCANS = 2;
const SCANS_OF_ONE = 1;

/**
 * Builds and joins everything, in the order in which data flows, and starts it from the inside out. What fails on the
 * way is undone in reverse.
 */
export async function startDaemon(settings: DaemonSettings): Promise<Daemon> {
  const { home, config, version, log, onStop } = settings;
  const startedAt = Date.now();
  const now = () => Date.now();
  const monotonic = () => performance.now();
  const limits = { ...config.limits }; // read where they are used: a reload sets them anew
  const readerThread = new ReaderThread();
  const sources = configuredSources(config.rates.providers, readerThread);

  const reserve = new Reserve(home.dataFolder, RESERVE_BYTES);
  const store = await Store.at(home.dataFolder, { reserve });
  const view = new View(store);
  const engine = createEngine({
    config: config.engine,
    store,
    view,
    version,
    log,
    recovery: {
      onTrouble: ({ failure }) =>
        log.error({ event: 'store', code: failure.code, err: failure.cause }, failure.message),
      onRecovered: ({ since }) => {
        log.info({ event: 'store', forMs: Date.now() - since }, 'records can be written again');
        if (!stopping) void indexWords();
      },
    },
  });
  const { journal, bus } = engine;
  let stopping = false;
  const space = new Space({
    folder: home.dataFolder,
    log,
    onLook: () => {
      reserve.keep().catch((error) => log.warn({ event: 'space', err: error }, 'no room can be set aside on the disk'));
    },
  });

  const rates = new Rates({
    view,
    providers: providerOrder(sources, config.rates.reference),
    // Where the sources agree that this machine's clock is wrong, prices age by theirs.
    now: () => now() + (gatherer.clockOffsetMs ?? 0),
  });
  const intake = new Intake({ journal, view, rates, now });
  const rateEdits = new RateEdits({ journal, view, rates, now });
  const compaction = new Compaction({
    journal,
    view,
    lease: engine.lease('compaction'),
    now,
    afterDays: config.rates.compactAfterDays,
    log,
  });
  const fetcher = new Fetcher({ version });
  const gatherer = new Gatherer({
    providers: sources,
    fetcher,
    sink: intake,
    lease: engine.lease('rates'),
    log,
    fetchedElsewhere: (provider) => (daemons.metOthers ? intake.lastReceived(provider) : undefined),
  });
  const passwords = new Passwords({
    limit: limits.passwordQueue,
    ...(settings.passwordCost ? { cost: settings.passwordCost } : {}),
  });
  const lockout = new Lockout({
    attempts: config.attempts,
    now: monotonic,
    tell: (attempt) => bus.publish('attempts', { from: daemons.id, attempt }),
  });
  const accounts = new Accounts({
    journal,
    view,
    passwords,
    lockout,
    now,
    limits,
    log,
  });
  const quota = new WriteQuota({ limits, freeBytes: () => space.current(), now: monotonic });
  const forum = new Forum({ journal, view, now, postCharacters: limits.postCharacters, quota });
  const unread = new Unread({ journal, bus, view, now });
  const messages = new Messages({ journal, bus, view, now, postCharacters: limits.postCharacters, quota });
  const daemons = new Daemons({
    bus,
    log,
    self: () => ({
      server: serverName,
      address: config.listen.public ?? server.listener.address,
      startedAt,
      connections: sessions.size,
      members: presence.countHere,
      seq: journal.head(),
      told: presence.told,
    }),
  });
  const presence = new Presence<Visitor>({ bus, daemons, now, idleMs: limits.idleMs });
  const files = new Files({ journal, view, presence, now, listings: limits.listings, quota });
  const { relayBytesPerSecond } = limits;
  const addressBans = new AddressBans({ journal, view, now });
  const isBanned = (address: string) => addressBans.find(address) !== undefined;
  const rendezvous = new Rendezvous({
    get relays() {
      return limits.relays;
    },
    relayBytesPerSecond,
    log,
    isBanned,
  });
  presence.onGone((connection) => rendezvous.forget(connection));
  const hub = new Hub({
    view,
    bus,
    presence,
    mark: (quote) => rates.mark(quote),
    seen: (listing) => files.seen(listing),
  });
  const sessions = new Sessions();
  const doorkeeper = new Doorkeeper({ view, presence, sessions, rendezvous, now });
  const gathering = new Gathering({ gatherer, bus, daemons });

  let certificate = await loadCertificate(home);
  const { key, cert } = certificate;
  const serverName = config.serverName ?? `goldctl/${version}`;
  const services: Services = {
    accounts,
    accountExport: new AccountExport({ view, head: () => journal.head() }),
    addressBans,
    rates,
    intake,
    rateEdits,
    forum,
    unread,
    messages,
    files,
    backup: new Backup({ journal }),
    presence,
    daemons,
    rendezvous,
    gatherer: gathering,
    view,
    hub,
    sessions,
    arrivals: new Arrivals({ limits, log }),
    budget: new Budget(limits),
    turns: new Turns(),
    scans: new FairQueue({ concurrency: SCANS, concurrencyPerKey: SCANS_OF_ONE }),
    limits,
    log,
    now,
    serverName,
    head: () => journal.head(),
    catchUp: () => (daemons.alone ? undefined : atMost(CATCH_UP_MS, journal.catchUp())),
    meetingPlace,
    status,
    reload,
    stop: (retryAfterMs) => setImmediate(() => onStop(retryAfterMs)),
  };
  let standing: 'starting' | 'ending' | undefined = 'starting';
  let metrics: Metrics | undefined;
  const monitor = await makeMonitor(config.metricsPort, {
    trouble: () => (standing ? `The daemon is ${standing}.` : engine.trouble?.failure.message),
    metrics: () => metrics,
  });
  const server = new Server(services, { ...config.listen, key, cert, controlPath: home.controlSocket });
  const dialects = new Dialects(dialectPlaces(config), services);

  function meetingPlace(hostAddress: string | undefined): Place | undefined {
    const { address, port } = server.listener.place;
    const named = config.listen.public;
    if (named !== undefined) return placeOf(named, port);
    const at = bareAddress(hostAddress ?? address);
    return at === '0.0.0.0' || at === '::' ? undefined : { address: at, port };
  }

  function status(): ReturnType<Services['status']> {
    return {
      version,
      pid: process.pid,
      startedAt,
      home: home.root,
      listening: [
        {
          name: config.listen.plain ? 'TLS 1.3, clear text from loopback' : 'TLS 1.3',
          address: server.listener.address,
          state: 'open',
        },
        { name: 'UDP', address: server.listener.address, state: rendezvous.open ? 'open' : 'closed' },
        ...dialects.status,
        ...(monitor
          ? [{ name: 'metrics, HTTP', address: monitor.address, state: monitor.open ? 'open' : 'closed' }]
          : []),
      ],
      fingerprint: certificate.fingerprint,
      seq: journal.head(),
      connections: sessions.size,
      members: presence.count,
      accounts: view.accounts.count,
      instruments: view.quotes.instruments.size,
      daemons: [
        { ...told(daemons.self), heardMs: null },
        ...daemons.others.map((mate) => ({ ...told(mate), heardMs: Math.round(performance.now() - mate.heard) })),
      ],
      memoryBytes: process.memoryUsage.rss(),
      peers: rendezvous.counts,
      store: {
        writable: engine.trouble === undefined,
        reason: engine.trouble?.failure.message ?? null,
        since: engine.trouble?.since ?? null,
        freeBytes: space.free ?? null,
        lowSpace: space.low,
      },
      slowReaders: [...sessions].filter(({ behind }) => behind).length,
    };
  }

  /** Begins where the store has it: what was written last before a failure may not be there. */
  async function indexWords(): Promise<void> {
    const failed = (failure: unknown) => {
      // A store that refuses to be written says so itself, and comes back.
      if (!store.refusal) log.error({ event: 'words', err: failure }, 'the index of words is not kept any more');
    };
    await view.words.stop();
    try {
      await view.words.load();
    } catch (failure) {
      return failed(failure);
    }
    view.words.start(failed);
  }

  let running = config;
  let reloading: Promise<unknown> = Promise.resolve();

  /** One after another: each is told what it changed itself. */
  function reload(): Promise<Reloaded> {
    const reloaded = reloading.then(reloadNow);
    reloading = reloaded.catch(() => {});
    return reloaded;
  }

  async function reloadNow(): Promise<Reloaded> {
    // All of it is read and checked before any of it is taken.
    const { load } = settings;
    if (!load) throw new Failure('NOT_AVAILABLE', 'This daemon has no settings to read once more.');
    const difference = differ(running, await load());
    const next = difference.config;
    const providers = configuredSources(next.rates.providers, readerThread);
    const renewed = await readCertificate(home);
    if (!renewed) {
      throw new Failure(
        'CONFIG_INVALID',
        `The certificate in ${home.tlsFolder} is gone, and nothing was changed. Put it back; a new one is made at a start only.`,
      );
    }
    const { changed, restart } = { changed: [...difference.changed], restart: difference.restart };
    running = next;
    Object.assign(limits, next.limits);
    lockout.attempts = next.attempts;
    passwords.limit = limits.passwordQueue;
    forum.postCharacters = limits.postCharacters;
    messages.postCharacters = limits.postCharacters;
    presence.idleMs = limits.idleMs;
    files.listings = limits.listings;
    compaction.afterDays = next.rates.compactAfterDays;
    server.setTimers();
    settings.onLogLevel?.(next.log.level);
    const others = new Set(
      providers.map(({ provider }) => provider.id).filter((id) => changed.includes(providerSetting(id))),
    );
    if (changed.some((name) => name.startsWith(providerSetting('')))) {
      gatherer.reconfigure(providers, others);
    }
    rates.reorder(providerOrder(providers, next.rates.reference));
    if (renewed.fingerprint !== certificate.fingerprint || renewed.key !== certificate.key) {
      certificate = renewed;
      server.listener.renew(renewed);
      changed.push('certificate');
    }
    log.info({ event: 'daemon.reload', changed, restart }, 'the settings were read once more');
    return { changed, restart };
  }

  const started: (() => Promise<void>)[] = [];
  try {
    await monitor?.start();
    started.push(async () => monitor?.stop());
    await engine.start();
    started.push(() => engine.stop());
    await indexWords();
    started.push(() => view.words.stop());
    await removeLeftovers(home, log);
    await space.start();
    started.push(async () => space.stop());
    await clearStaleSocket(home);
    hub.start();
    started.push(async () => hub.stop());
    bus.subscribe('attempts', (message) => {
      const { from, attempt } = message as { from: string; attempt: Attempt };
      if (from !== daemons.id) lockout.hear(attempt);
    });
    doorkeeper.start();
    started.push(async () => doorkeeper.stop());
    presence.start();
    started.push(async () => presence.stop());
    await server.start();
    started.push(() => server.stop('The daemon could not start.'));
    daemons.start();
    started.push(async () => daemons.stop());
    started.push(() => dialects.stop('The daemon could not start.'));
    await dialects.start();
    gatherer.start();
    gathering.start();
    compaction.start();
    if (monitor) {
      const { Metrics } = await import('./metrics.ts');
      metrics = new Metrics({ version, engine, space, passwords, server, services });
    }
  } catch (failure) {
    for (const undo of started.reverse()) await undo();
    throw failure;
  }
  standing = undefined;
  log.info(
    { event: 'daemon.start', address: server.listener.address, seq: journal.head() },
    `${serverName} is listening`,
  );

  return {
    status,
    reload,
    async stop(reason, retryAfterMs) {
      log.info({ event: 'daemon.stop', connections: sessions.size }, reason);
      standing = 'ending';
      gathering.stop();
      await compaction.stop();
      await Promise.all([gatherer.stop(), readerThread.stop()]);
      fetcher.stop();
      await Promise.all([dialects.stop(reason), server.stop(reason, retryAfterMs)]);
      daemons.stop();
      presence.stop();
      doorkeeper.stop();
      hub.stop();
      space.stop();
      stopping = true;
      await view.words.stop();
      await engine.stop();
      await monitor?.stop();
    },
  };
}

/** Loaded where somebody wants it: a daemon without it starts sooner. */
async function makeMonitor(port: number | undefined, monitored: Monitored): Promise<Monitor | undefined> {
  if (port === undefined) return undefined;
  const { Monitor } = await import('./monitor.ts');
  return new Monitor(port, monitored);
}

/** Where dialects are spoken: `sumPort` is the one of the sum seed, wherever the daemon listens. */
function dialectPlaces({ dialects, sumPort, listen }: Config): AskedPlace[] {
  const places = dialects.map((text): AskedPlace => ({ ...parsePlace(text)!, setting: `--dialect ${text}` }));
  if (sumPort !== undefined) places.push({ dialect: 'sum', host: listen.host, port: sumPort, setting: '--sum-port' });
  return places;
}

/** Resolves then at the latest, and however the promise ends. */
function atMost(ms: number, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(done, done);
  });
}

/** `HOST` or `HOST:PORT`; an IPv6 address with a port stands in brackets. */
function placeOf(named: string, port: number): Place {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(named);
  return match ? { address: (match[1] ?? match[2])!, port: Number(match[3] ?? port) } : { address: named, port };
}

/** What the status says of a daemon. */
function told({ address, server, startedAt, connections, members, seq }: DaemonInfo) {
  return { address, server, startedAt, connections, members, seq };
}
