import { Failure } from '../domain/failure.ts';
import { parseSpan } from '../domain/instant.ts';
import { configuredProvider } from '../rates/configured.ts';
import { ProviderSettings } from '../rates/provider-settings.ts';
import { PROVIDERS } from '../rates/providers/index.ts';
import type { ConfiguredSource } from '../rates/source.ts';
import { type ReaderThread, WorkerReader } from '../rates/worker-reader.ts';
import type { ProviderOrder, SeriesChoice } from '../room/rates.ts';
import type { ProviderConfig } from './config.ts';

/** What a provider of the house can be told. */
const SETTINGS = ['enabled', 'url', 'key', 'every'];

/**
 * Every provider with its settings: those of the house, then those that config.json makes.
 * @param thread reads what the sources send; left out where nothing is fetched
 * @throws Failure CONFIG_INVALID
 */
export function configuredSources(
  providers: Readonly<Record<string, ProviderConfig>>,
  thread?: ReaderThread,
): ConfiguredSource[] {
  const own = PROVIDERS.map(({ id }) => id);
  const made = Object.keys(providers).filter((id) => !own.includes(id));
  return [...own, ...made].map((id) => ({
    ...configuredSource(id, providers[id]),
    ...(thread ? { reader: new WorkerReader(thread, id, own.includes(id) ? undefined : providers[id]) } : undefined),
  }));
}

/** Everything that keeps providers from being made of their settings. */
export function sourceFailures(providers: Readonly<Record<string, ProviderConfig>>): Failure[] {
  return Object.entries(providers).flatMap(([id, config]) => {
    try {
      configuredSource(id, config);
      return [];
    } catch (thrown) {
      return [Failure.from(thrown)];
    }
  });
}

function configuredSource(id: string, config: ProviderConfig = {}): ConfiguredSource {
  const setting = new ProviderSettings(id, config);
  const own = PROVIDERS.find((provider) => provider.id === id);
  if (own) {
    setting.only('', SETTINGS);
    if (config.url !== undefined && !(/^https?:\/\//i.test(config.url) && URL.canParse(config.url))) {
      throw setting.wrong('url', 'is not an http or https address', `Write it as "${own.url}", or leave it out.`);
    }
    if (config.key !== undefined && !/^[\x21-\x7e]*$/.test(config.key)) {
      throw setting.wrong('key', 'has a space or a letter that no address or header can carry', 'Copy it once more.');
    }
  }
  const provider = own ?? configuredProvider(id, config);
  return {
    provider,
    settings: {
      // One that waited for its key goes on with it.
      enabled: config.enabled ?? (provider.enabled || (provider.key === 'required' && config.key !== undefined)),
      url: (config.url ?? provider.url).replace(/\/+$/, ''),
      key: config.key,
      every: config.every === undefined ? provider.every : span(provider.id, config.every),
    },
  };
}

/** How often each provider speaks, and whom to believe first: those that are on, in the order they are listed. */
export function providerOrder(
  sources: readonly ConfiguredSource[],
  references: Readonly<Record<string, SeriesChoice>> = {},
): ProviderOrder {
  const places = new Map(sources.map(({ provider, settings }, place) => [provider.id, { place, provider, settings }]));
  return {
    every: (id) => {
      const found = places.get(id);
      return found?.settings.enabled ? found.settings.every : undefined;
    },
    statedTime: (id) => places.get(id)?.provider.statedTime ?? 'change',
    reference: (instrument) => (Object.hasOwn(references, instrument) ? references[instrument] : undefined),
    rank: (id) => {
      const found = places.get(id);
      if (!found) return Number.MAX_SAFE_INTEGER;
      return found.settings.enabled ? found.place : found.place + places.size;
    },
  };
}

function span(id: string, text: string): number {
  const ms = parseSpan(text);
  if (ms === undefined) {
    const path = `rates.providers.${id}.every`;
    throw new Failure('CONFIG_INVALID', `${path} is no span: write it as "30m".`, { data: { path } });
  }
  return ms;
}
