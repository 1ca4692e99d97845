import { AppError } from '../domain/app-error.ts';
import { parseDuration } from '../domain/time.ts';
import { createCustomProvider, customProviderErrors } from '../rates/custom-provider.ts';
import { type ParserThread, ParserThreadReader } from '../rates/parser-thread.ts';
import type { ConfiguredProvider } from '../rates/provider-client.ts';
import { ProviderSettingsReader } from '../rates/provider-settings-reader.ts';
import { PROVIDERS } from '../rates/providers/index.ts';
import type { ProviderRanking, SeriesChoice } from '../room/rate-queries.ts';
import type { ProviderConfig } from './config.ts';

/** Settings of a built-in provider. */
const BUILT_IN_PROVIDER_SETTINGS = ['enabled', 'url', 'key', 'every'];

/** Built-in providers, then those of config.json. @param thread parses responses @throws AppError CONFIG_INVALID */
export function configureProviders(
  providers: Readonly<Record<string, ProviderConfig>>,
  thread?: ParserThread,
): ConfiguredProvider[] {
  const own = PROVIDERS.map(({ id }) => id);
  const made = Object.keys(providers).filter((id) => !own.includes(id));
  return [...own, ...made].map((id) => ({
    ...configureProvider(id, providers[id]),
    ...(thread
      ? { reader: new ParserThreadReader(thread, id, own.includes(id) ? undefined : providers[id]) }
      : undefined),
  }));
}

export function providerConfigErrors(providers: Readonly<Record<string, ProviderConfig>>): AppError[] {
  return Object.entries(providers).flatMap(([id, config]) => {
    const own = PROVIDERS.find((provider) => provider.id === id);
    return own ? builtInProviderErrors(id, config, own.url) : customProviderErrors(id, config);
  });
}

function builtInProviderErrors(id: string, config: ProviderConfig, exampleUrl: string): AppError[] {
  const setting = new ProviderSettingsReader(id, config);
  const errors = setting.unknownSettings('', BUILT_IN_PROVIDER_SETTINGS);
  if (config.url !== undefined && !(/^https?:\/\//i.test(config.url) && URL.canParse(config.url))) {
    const fix = `Use an address such as "${exampleUrl}", or remove it.`;
    errors.push(setting.settingError('url', 'is not an http or https address', fix));
  }
  if (config.key !== undefined && !/^[\x21-\x7e]*$/.test(config.key)) {
    const problem = 'contains a space or a character that headers do not allow';
    errors.push(setting.settingError('key', problem, 'Copy it again.'));
  }
  if (config.every !== undefined && parseDuration(config.every) === undefined)
    errors.push(setting.settingError('every', 'must be a duration such as "30m"', 'Examples: "30m", "60s", "1h".'));
  return errors;
}

function configureProvider(id: string, config: ProviderConfig = {}): ConfiguredProvider {
  const own = PROVIDERS.find((provider) => provider.id === id);
  const [problem] = own ? builtInProviderErrors(id, config, own.url) : [];
  if (problem) throw problem;
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
