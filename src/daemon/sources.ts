import { Failure } from '../domain/failure.ts';
import { parseSpan } from '../domain/instant.ts';
import { configuredProvider } from '../rates/configured.ts';
import { ProviderSettings } from '../rates/provider-settings.ts';
import { PROVIDERS } from '../rates/providers/index.ts';
import type { ConfiguredSource } from '../rates/source.ts';
import type { ProviderOrder } from '../room/rates.ts';
import type { ProviderConfig } from './config.ts';

/** What a provider of the house can be told. */
const SETTINGS = ['enabled', 'url', 'key', 'every'];

/**
 * Every provider with its settings: those of the house, then those that config.json makes.
 * @throws Failure CONFIG_INVALID
 */
export function configuredSources(providers: Readonly<Record<string, ProviderConfig>>): ConfiguredSource[] {
  const own = PROVIDERS.map((provider) => {
    const config = providers[provider.id] ?? {};
    new ProviderSettings(provider.id, config).only('', SETTINGS);
    return { provider, config };
  });
  const made = Object.entries(providers)
    .filter(([id]) => !PROVIDERS.some((provider) => provider.id === id))
    .map(([id, config]) => ({ provider: configuredProvider(id, config), config }));
  return [...own, ...made].map(({ provider, config }) => ({
    provider,
    settings: {
      // One that waited for its key goes on with it.
      enabled: config.enabled ?? (provider.enabled || (provider.key === 'required' && config.key !== undefined)),
      url: (config.url ?? provider.url).replace(/\/+$/, ''),
      key: config.key,
      every: config.every === undefined ? provider.every : span(provider.id, config.every),
    },
  }));
}

/** How often each provider speaks, and whom to believe first: those that are on, in the order they are listed. */
export function providerOrder(sources: readonly ConfiguredSource[]): ProviderOrder {
  const places = new Map(sources.map(({ provider, settings }, place) => [provider.id, { place, settings }]));
  return {
    every: (id) => {
      const found = places.get(id);
      return found?.settings.enabled ? found.settings.every : undefined;
    },
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
    throw new Failure('CONFIG_INVALID', `rates.providers.${id}.every is no span: write it as "30m".`);
  }
  return ms;
}
