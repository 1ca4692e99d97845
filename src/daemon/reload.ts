import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import type { Logger } from '../domain/logger.ts';
import type { HomeDirectory } from '../home-directory.ts';
import type { ParserThread } from '../rates/parser-thread.ts';
import type { ConfiguredProvider } from '../rates/provider-client.ts';
import { readCertificate, type TlsCertificate } from './certificate.ts';
import type { Config } from './config.ts';
import { configureProviders } from './configure-providers.ts';

/** What a reload changed, by setting names. Values may be keys and are never reported. */
export interface ReloadReport {
  readonly changed: readonly string[];
  /** Effective after a restart. */
  readonly restart: readonly string[];
}

/** Settings that are fixed at startup. */
const RESTART_ONLY_SETTINGS: readonly string[] = [
  'sumPort',
  'metricsPort',
  'dialects',
  'serverName',
  'limits.helloMs',
  'limits.relayBytesPerSecond',
];

export interface ConfigDiff extends ReloadReport {
  /** The effective settings: those of `next`, and those of `running` that only a restart changes. */
  readonly config: Config;
}

/** Compares the running settings with new ones. */
export function diffConfig(running: Config, next: Config): ConfigDiff {
  const [before, after] = [flattenSettings(running), flattenSettings(next)];
  const names = new Set([...before.keys(), ...after.keys()]);
  const differing = [...names].filter((name) => before.get(name) !== after.get(name));
  const { listen, sumPort, metricsPort, dialects, serverName, limits, engine } = running;
  const { sumPort: _, metricsPort: __, serverName: ___, ...others } = next;
  return {
    config: {
      ...others,
      listen,
      dialects,
      engine,
      ...defined({ sumPort, metricsPort, serverName }),
      limits: { ...next.limits, helloMs: limits.helloMs, relayBytesPerSecond: limits.relayBytesPerSecond },
    },
    changed: differing.filter((name) => !needsRestart(name)),
    restart: differing.filter(needsRestart),
  };
}

function needsRestart(name: string): boolean {
  return RESTART_ONLY_SETTINGS.includes(name) || name.startsWith('listen.') || name.startsWith('engine.');
}

/** Every setting as text by name; a provider counts as one setting. */
function flattenSettings({ rates, ...config }: Config): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== 'object' || Array.isArray(value)) found.set(name, JSON.stringify(value));
    else for (const [key, part] of Object.entries(value)) found.set(`${name}.${key}`, JSON.stringify(part));
  }
  found.set('rates.compactAfterDays', JSON.stringify(rates.compactAfterDays));
  found.set('rates.reference', JSON.stringify(rates.reference));
  for (const [id, value] of Object.entries(rates.providers)) found.set(providerSettingName(id), JSON.stringify(value));
  return found;
}

function providerSettingName(id: string): string {
  return `rates.providers.${id}`;
}

export interface ReloaderOptions {
  readonly home: HomeDirectory;
  readonly config: Config;
  readonly certificate: TlsCertificate;
  readonly parserThread: ParserThread;
  /** Reads the current settings; without it there is no reload. @throws AppError CONFIG_INVALID */
  readonly loadConfig: (() => Promise<Config>) | undefined;
  readonly log: Logger;
  readonly apply: (
    config: Config,
    providers: readonly ConfiguredProvider[],
    changedProviders: ReadonlySet<string>,
  ) => void;
  readonly onCertificate: (certificate: TlsCertificate) => void;
}

/** Reloads settings and certificate, one reload after another, so that each reports its own changes. */
export class Reloader {
  readonly #options: ReloaderOptions;
  #config: Config;
  #certificate: TlsCertificate;
  #lastReload: Promise<unknown> = Promise.resolve();

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#certificate = options.certificate;
  }

  get certificate(): TlsCertificate {
    return this.#certificate;
  }

  /** @throws AppError CONFIG_INVALID; then nothing was changed */
  reload(): Promise<ReloadReport> {
    const report = this.#lastReload.then(() => this.#reload());
    this.#lastReload = report.catch(() => {});
    return report;
  }

  async #reload(): Promise<ReloadReport> {
    // Read and check everything before anything is applied.
    const { home, loadConfig, parserThread, apply, onCertificate, log } = this.#options;
    if (!loadConfig) throw new AppError('NOT_AVAILABLE', 'This daemon has no settings to reload.');
    const { config, changed, restart } = diffConfig(this.#config, await loadConfig());
    const providers = configureProviders(config.rates.providers, parserThread);
    const certificate = await readCertificate(home);
    if (!certificate) {
      throw new AppError(
        'CONFIG_INVALID',
        `The certificate in ${home.tlsFolder} is missing. Nothing was changed. Restore it; a new one is created only at startup.`,
      );
    }
    this.#config = config;
    const prefix = providerSettingName('');
    const changedProviders = changed.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    apply(config, providers, new Set(changedProviders));
    const { fingerprint, key } = this.#certificate;
    const isRenewed = certificate.fingerprint !== fingerprint || certificate.key !== key;
    if (isRenewed) {
      this.#certificate = certificate;
      onCertificate(certificate);
    }
    const report = { changed: isRenewed ? [...changed, 'certificate'] : changed, restart };
    log.info({ event: 'daemon.reload', ...report }, 'settings reloaded');
    return report;
  }
}
