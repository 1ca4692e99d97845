import type { Config } from './config.ts';

/** What reading the settings once more did, by the names of the settings; values may be keys and are never told. */
export interface Reloaded {
  /** Holds from now on. */
  readonly changed: readonly string[];
  /** Is as it was until the next start. */
  readonly restart: readonly string[];
}

/** Settings that are built into what runs. */
const AT_START: readonly string[] = [
  'listen.host',
  'listen.port',
  'listen.plain',
  'sumPort',
  'metricsPort',
  'dialects',
  'serverName',
  'limits.helloMs',
  'limits.relayBytesPerSecond',
];

export interface Difference extends Reloaded {
  /** The settings that hold now: those of `next`, and of `running` where they hold until the next start. */
  readonly config: Config;
}

/** What other settings change in a daemon that runs. */
export function differ(running: Config, next: Config): Difference {
  const [before, after] = [leaves(running), leaves(next)];
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
      ...(sumPort === undefined ? {} : { sumPort }),
      ...(metricsPort === undefined ? {} : { metricsPort }),
      ...(serverName === undefined ? {} : { serverName }),
      limits: { ...next.limits, helloMs: limits.helloMs, relayBytesPerSecond: limits.relayBytesPerSecond },
    },
    changed: differing.filter((name) => !atStart(name)),
    restart: differing.filter(atStart),
  };
}

function atStart(name: string): boolean {
  return AT_START.includes(name) || name.startsWith('engine.');
}

/** Every setting by its name, as text; a provider is one. */
function leaves({ rates, ...config }: Config): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== 'object' || Array.isArray(value)) found.set(name, JSON.stringify(value));
    else for (const [key, part] of Object.entries(value)) found.set(`${name}.${key}`, JSON.stringify(part));
  }
  found.set('rates.compactAfterDays', JSON.stringify(rates.compactAfterDays));
  found.set('rates.reference', JSON.stringify(rates.reference));
  for (const [id, value] of Object.entries(rates.providers)) found.set(providerSetting(id), JSON.stringify(value));
  return found;
}

export function providerSetting(id: string): string {
  return `rates.providers.${id}`;
}
