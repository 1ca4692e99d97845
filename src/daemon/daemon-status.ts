import type { LegacyServer } from '../dialects/legacy-server.ts';
import type { Engine } from '../engine/types.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { DaemonInfo } from '../room/cluster.ts';
import type { DaemonServer } from '../server/server.ts';
import type { Services } from '../server/services.ts';
import type { DiskSpaceMonitor } from './disk-space-monitor.ts';
import type { MetricsServer } from './metrics-server.ts';

export interface StatusSources {
  readonly version: string;
  readonly startedAt: number;
  readonly homeRoot: string;
  readonly allowsClearText: boolean;
  readonly fingerprint: string;
  readonly engine: Engine;
  readonly diskSpace: DiskSpaceMonitor;
  readonly services: Services;
  readonly server: DaemonServer;
  readonly legacyServer: LegacyServer;
  readonly metricsServer: MetricsServer | undefined;
}

export function readStatus(sources: StatusSources): MethodResult<'admin.status'> {
  const { engine, diskSpace, services, server, legacyServer, metricsServer } = sources;
  const { cluster, connections, introductionServer, presence, view } = services;
  const { address } = server.listener;
  const tls = sources.allowsClearText ? 'TLS 1.3, clear text from loopback' : 'TLS 1.3';
  const toState = (isOpen: boolean) => (isOpen ? ('open' as const) : ('closed' as const));
  return {
    version: sources.version,
    pid: process.pid,
    startedAt: sources.startedAt,
    home: sources.homeRoot,
    listening: [
      { name: tls, address, state: 'open' },
      { name: 'UDP', address, state: toState(introductionServer.isOpen) },
      ...legacyServer.status,
      ...(metricsServer
        ? [{ name: 'metrics, HTTP', address: metricsServer.address, state: toState(metricsServer.isOpen) }]
        : []),
    ],
    fingerprint: sources.fingerprint,
    seq: engine.journal.head(),
    connections: connections.size,
    members: presence.count,
    accounts: view.accounts.count,
    instruments: view.quotes.instruments.size,
    daemons: [
      toDaemonStatus(cluster.self, null),
      ...cluster.others.map((other) => toDaemonStatus(other, Math.round(performance.now() - other.lastHeardAt))),
    ],
    memoryBytes: process.memoryUsage.rss(),
    peers: introductionServer.counts,
    store: {
      writable: engine.outage === undefined,
      reason: engine.outage?.error.message ?? null,
      since: engine.outage?.since ?? null,
      freeBytes: diskSpace.freeBytes ?? null,
      lowSpace: diskSpace.isLow,
    },
    slowReaders: [...connections].filter(({ isBehind }) => isBehind).length,
  };
}

function toDaemonStatus({ address, server, startedAt, connections, members, seq }: DaemonInfo, heardMs: number | null) {
  return { address, server, startedAt, connections, members, seq, heardMs };
}
