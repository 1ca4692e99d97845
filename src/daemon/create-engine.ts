import type { Logger } from '../domain/logger.ts';
import { LocalEngine } from '../engine/local/engine.ts';
import { NatsEngine } from '../engine/nats/engine.ts';
import type { RecoverySettings } from '../engine/recovery-loop.ts';
import type { Engine, Projector } from '../engine/types.ts';
import type { Store } from '../store/store.ts';
import type { Config } from './config.ts';
import { type EngineServers, parseEngineUrl } from './engine-setting.ts';

export interface CreateEngineOptions {
  readonly config: Config['engine'];
  readonly store: Store;
  readonly readModel: Projector;
  readonly version: string;
  readonly log: Logger;
  readonly recovery: RecoverySettings;
}

/** Creates the engine that the settings select: the journal on this machine, or in a NATS cluster. */
export function createEngine({ config, store, readModel, version, log, recovery }: CreateEngineOptions): Engine {
  const { url, prefix, replicas, plain, ...credentials } = config;
  if (url === undefined) return new LocalEngine(store, readModel, recovery);
  const { servers, tls, isLocal } = parseEngineUrl(url) as EngineServers; // the settings are validated
  return new NatsEngine(store, readModel, {
    ...recovery,
    connection: { ...credentials, servers, tls: tls || !(isLocal || plain) },
    prefix,
    replicas,
    version,
    onProgress: (seq, head) =>
      log.info({ event: 'engine', seq, head }, `fetching the journal: ${seq} of ${head} records`),
    onNotice: (text, cause) =>
      cause === undefined ? log.warn({ event: 'engine' }, text) : log.error({ event: 'engine', err: cause }, text),
  });
}
