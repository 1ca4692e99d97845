import { AppError } from '../domain/app-error.ts';
import { parseDuration } from '../domain/time.ts';
import { createCustomProvider } from '../rates/custom-provider.ts';
import type { ConfiguredProvider } from '../rates/provider-client.ts';
import { ProviderSettingsReader } from '../rates/provider-settings-reader.ts';
import { PROVIDERS } from '../rates/providers/index.ts';
import { type ReaderThread, WorkerReader } from '../rates/reader-thread.ts';
import type { ProviderRanking, SeriesChoice } from '../room/rate-queries.ts';
import type { ProviderConfig } from './config.ts';

/** Settings of a built-in provider. */
const BUILT_IN_PROVIDER_SETTINGS = ['enabled', 'url', 'key', 'every'];

/** Built-in providers, then those of config.json. @param thread parses responses @throws AppError CONFIG_INVALID */
export function configureProviders(
  providers: Readonly<Record<string, ProviderConfig>>,
  thread?: ReaderThread,
): ConfiguredProvider[] {
  const own = PROVIDERS.map(({ id }) => id);
  const made = Object.keys(providers).filter((id) => !own.includes(id));
  return [...own, ...made].map((id) => ({
    ...configureProvider(id, providers[id]),
    ...(thread ? { reader: new WorkerReader(thread, id, own.includes(id) ? undefined : providers[id]) } : undefined),
  }));
}

export function providerConfigErrors(providers: Readonly<Record<string, ProviderConfig>>): AppError[] {
  return Object.entries(providers).flatMap(([id, config]) => {
    try {
      configureProvider(id, config);
      return [];
    } catch (thrown) {
      return [AppError.from(thrown)];
    }
  });
}

function configureProvider(id: string, config: ProviderConfig = {}): ConfiguredProvider {
  const setting = new ProviderSettingsReader(id, config);
  const own = PROVIDERS.find((provider) => provider.id === id);
  if (own) {
    setting.assertOnlyKnown('', BUILT_IN_PROVIDER_SETTINGS);
    if (config.url !== undefined && !(/^https?:\/\//i.test(config.url) && URL.canParse(config.url))) {
      throw setting.settingError(
        'url',
        'is not an http or https address',
        `Use an address such as "${own.url}", or remove it.`,
      );
    }
    if (config.key !== undefined && !/^[\x21-\x7e]*$/.test(config.key)) {
      throw setting.settingError('key', 'contains a space or a character that headers do not allow', 'Copy it again.');
    }
  }
  const provider = own ?? createCustomProvider(id, config);
  return {
    provider,
    settings: {
      // A provider that requires a key is enabled by its key.
      enabled: config.enabled ?? (provider.enabled || (provider.key === 'required' && config.key !== undefined)),
      url: (config.url ?? provider.url).replace(/\/+$/, ''),
      key: config.key,
      intervalMs: config.every === undefined ? provider.intervalMs : parseInterval(provider.id, config.every),
    },
  };
}

/** Fetch interval and rank of each provider: enabled ones first, in the order of the list. */
export function providerOrder(
  sources: readonly ConfiguredProvider[],
  references: Readonly<Record<string, SeriesChoice>> = {},
): ProviderRanking {
  const ranks = new Map(sources.map(({ provider, settings }, place) => [provider.id, { place, provider, settings }]));
  return {
    fetchIntervalMs: (id) => {
      const found = ranks.get(id);
      return found?.settings.enabled ? found.settings.intervalMs : undefined;
    },
    statedTime: (id) => ranks.get(id)?.provider.statedTime ?? 'change',
    reference: (instrument) => (Object.hasOwn(references, instrument) ? references[instrument] : undefined),
    rank: (id) => {
      const found = ranks.get(id);
      if (!found) return Number.MAX_SAFE_INTEGER;
      return found.settings.enabled ? found.place : found.place + ranks.size;
    },
  };
}

function parseInterval(id: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) {
    const path = `rates.providers.${id}.every`;
    throw new AppError('CONFIG_INVALID', `${path} must be a duration such as "30m".`, { data: { path } });
  }
  return ms;
}
