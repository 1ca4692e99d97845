import type { Engine, Projector } from '../engine/contract.ts';
import { LocalEngine } from '../engine/local/engine.ts';
import { NatsEngine } from '../engine/nats/engine.ts';
import type { RecoverySettings } from '../engine/recovery.ts';
import type { Log } from '../rates/log.ts';
import type { Store } from '../store/store.ts';
import type { Config } from './config.ts';
import { type EngineServers, parseEngineUrl } from './engine-setting.ts';

export interface EngineChoice {
  readonly config: Config['engine'];
  readonly store: Store;
  readonly view: Projector;
  readonly version: string;
  readonly log: Log;
  readonly recovery: RecoverySettings;
}

/** The engine that the settings name: the journal on this machine, or in a NATS cluster. */
export function createEngine({ config, store, view, version, log, recovery }: EngineChoice): Engine {
  const { url, prefix, replicas, plain, ...credentials } = config;
  if (url === undefined) return new LocalEngine(store, view, recovery);
  const { servers, tls, near } = parseEngineUrl(url) as EngineServers; // the settings were checked
  return new NatsEngine(store, view, {
    ...recovery,
    connection: { ...credentials, servers, tls: tls || !(near || plain) },
    prefix,
    replicas,
    version,
    onProgress: (seq, head) =>
      log.info({ event: 'engine', seq, head }, `fetching the journal: ${seq} of ${head} records`),
    onNotice: (text, cause) =>
      cause === undefined ? log.warn({ event: 'engine' }, text) : log.error({ event: 'engine', err: cause }, text),
  });
}
