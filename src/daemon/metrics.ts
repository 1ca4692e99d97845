import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { Histogram } from '../domain/histogram.ts';
import type { Engine } from '../engine/types.ts';
import type { HealthState } from '../rates/provider-health.ts';
import type { PasswordHasher } from '../room/password-hasher.ts';
import { TRANSPORTS } from '../server/client-connection.ts';
import type { DaemonServer } from '../server/server.ts';
import type { Services } from '../server/services.ts';
import type { DiskSpaceMonitor } from './disk-space-monitor.ts';

/** What is measured. Each part counts for itself and is read when the metrics are requested. */
export interface MetricsInputs {
  readonly version: string;
  readonly engine: Engine;
  readonly diskSpace: DiskSpaceMonitor;
  readonly passwordHasher: PasswordHasher;
  readonly server: DaemonServer;
  readonly services: Services;
}

const PROVIDER_STATES: readonly HealthState[] = ['ok', 'stale', 'error', 'off'];

/** The daemon's metrics in the format of Prometheus. Labels never contain anything that members chose. */
export class Metrics {
  readonly #registry = new Registry();

  constructor(inputs: MetricsInputs) {
    collectDefaultMetrics({ register: this.#registry });
    this.#addRoomMetrics(inputs);
    this.#addConnectionMetrics(inputs);
    this.#addJournalMetrics(inputs);
    this.#addProviderMetrics(inputs);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #addRoomMetrics({ version, passwordHasher, server, services }: MetricsInputs): void {
    const { presence, view, introductionServer } = services;
    this.#gauges('info', 'Always 1; the label is the version of goldctl.', 'version', () => [[version, 1]]);
    this.#gauge('members', 'Members online.', () => presence.count);
    this.#gauge('accounts', 'Accounts.', () => view.accounts.count);
    this.#gauge('instruments', 'Instruments with at least one quote.', () => view.quotes.instruments.size);
    this.#gauge('passwords_waiting', 'Passwords waiting to be verified.', () => passwordHasher.waiting);
    const calls = new Counter({
      name: 'goldctl_calls_total',
      help: 'Calls by method and status; status 0 is a result, the others are in docs/protocol.md.',
      labelNames: ['method', 'status'],
      registers: [this.#registry],
      collect() {
        calls.reset();
        for (const { method, status, count } of server.callCounts) calls.inc({ method, status }, count);
      },
    });
    this.#gauge('introductions', 'Open introductions of peers.', () => introductionServer.counts.introductions);
    this.#gauge('relays', 'Relayed introductions.', () => introductionServer.counts.relays);
    this.#counter('relayed_bytes_total', 'Bytes relayed.', () => introductionServer.counts.relayedBytes);
    this.#counters('datagrams_dropped_total', 'Datagrams dropped.', 'reason', () => [
      ['quota', introductionServer.counts.overQuota],
      ['unproven', introductionServer.counts.unproven],
    ]);
  }

  #addConnectionMetrics({ server: { listener }, services: { connectionLimiter, connections } }: MetricsInputs): void {
    this.#gauge('sockets', 'Open sockets of the TCP port, including silent ones.', () => listener.connectionCount);
    this.#counter(
      'connections_refused_total',
      'Connections refused because of a limit.',
      () => connectionLimiter.refusedCount,
    );
    this.#counter(
      'slow_readers_dropped_total',
      'Connections closed because the client did not read.',
      () => connections.droppedCount,
    );
    const kinds = this.#labelledGauge('connections', 'Connections by transport and sign-in state.', [
      'transport',
      'signed_in',
    ]);
    const slow = this.#gauge('slow_readers', 'Connections with unsent data beyond the socket buffer.');
    const queued = this.#gauge('queued_bytes', 'Bytes queued for all connections.');
    const longest = this.#gauge('queued_bytes_longest', 'Bytes queued for the slowest connection.');
    // One pass over all connections for these four metrics.
    const collect = () => {
      let [behind, sum, most] = [0, 0, 0];
      const counts = new Map<string, number>();
      for (const { transport: door, isSignedIn, isBehind, queuedBytes } of connections) {
        const kind = `${door} ${isSignedIn ? 'yes' : 'no'}`;
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
        if (isBehind) behind += 1;
        sum += queuedBytes;
        most = Math.max(most, queuedBytes);
      }
      for (const transport of TRANSPORTS) {
        for (const signed_in of ['yes', 'no'])
          kinds.set({ transport, signed_in }, counts.get(`${transport} ${signed_in}`) ?? 0);
      }
      slow.set(behind);
      queued.set(sum);
      longest.set(most);
    };
    Object.assign(kinds, { collect });
  }

  #addJournalMetrics({ engine, diskSpace }: MetricsInputs): void {
    const { journal } = engine;
    this.#gauge('journal_records', 'Records in the journal.', () => journal.head());
    this.#gauge('appends_waiting', 'Appends waiting for the next batch.', () => journal.pendingAppends);
    this.#histogram(
      'append_seconds',
      'Time from an append until its record is on disk.',
      journal.metrics.appendMs,
      1000,
    );
    this.#histogram('commit_seconds', 'Time to write and sync a batch.', journal.metrics.commitMs, 1000);
    this.#histogram('commit_records', 'Records per batch.', journal.metrics.groupRecords);
    this.#gauge('store_writable', '0 while the daemon is read-only.', () => Number(engine.outage === undefined));
    this.#gauge(
      'disk_free_bytes',
      'Free bytes on the disk of the data folder; -1: unknown.',
      () => diskSpace.freeBytes ?? -1,
    );
  }

  #addProviderMetrics({ services: { clusterProviderHealth } }: MetricsInputs): void {
    const health = this.#labelledGauge('provider_state', '1 for the current state of the provider, else 0.', [
      'provider',
      'state',
    ]);
    Object.assign(health, {
      collect() {
        health.reset(); // a reload may have removed one
        for (const { id, state } of clusterProviderHealth.health()) {
          for (const each of PROVIDER_STATES) health.set({ provider: id, state: each }, Number(each === state));
        }
      },
    });
    const of = (figure: (health: ReturnType<typeof clusterProviderHealth.health>[number]) => number | null) => () =>
      clusterProviderHealth.health().flatMap((each): [string, number][] => {
        const value = each.state === 'off' ? null : figure(each);
        return value === null ? [] : [[each.id, value]];
      });
    this.#gauges(
      'provider_last_ok_timestamp_seconds',
      'Unix time of the last successful fetch.',
      'provider',
      of(({ lastOk }) => (lastOk === null ? null : lastOk / 1000)),
    );
    this.#gauges(
      'provider_failures',
      'Consecutive failures.',
      'provider',
      of(({ failures }) => failures),
    );
    this.#counters(
      'provider_fetches_total',
      'Fetches, successful or failed.',
      'provider',
      of(({ fetches }) => fetches),
    );
    this.#counters(
      'provider_quotes_stored_total',
      'Quotes stored.',
      'provider',
      of(({ stored }) => stored),
    );
    this.#counters(
      'provider_quotes_refused_total',
      'Quotes rejected as implausible.',
      'provider',
      of(({ refused }) => refused),
    );
    this.#gauges(
      'provider_rows_rejected',
      'Rows of the last response that were skipped as invalid.',
      'provider',
      of(({ last }) => last?.rejected ?? null),
    );
  }

  /** @param read without it, the caller sets the value */
  #gauge(name: string, help: string, read?: () => number): Gauge {
    const gauge: Gauge = new Gauge({
      name: `goldctl_${name}`,
      help,
      registers: [this.#registry],
      ...(read ? { collect: () => gauge.set(read()) } : {}),
    });
    return gauge;
  }

  #labelledGauge<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name: `goldctl_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauges<L extends string>(name: string, help: string, label: L, read: () => readonly (readonly [string, number])[]) {
    const gauge = this.#labelledGauge<string>(name, help, [label]);
    Object.assign(gauge, {
      collect() {
        gauge.reset();
        for (const [value, figure] of read()) gauge.set({ [label]: value }, figure);
      },
    });
  }

  #counter(name: string, help: string, read: () => number): void {
    const counter = new Counter({
      name: `goldctl_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  #counters(name: string, help: string, label: string, read: () => readonly (readonly [string, number])[]): void {
    const counter = new Counter<string>({
      name: `goldctl_${name}`,
      help,
      labelNames: [label],
      registers: [this.#registry],
      collect() {
        counter.reset();
        for (const [value, count] of read()) counter.inc({ [label]: value }, count);
      },
    });
  }

  /** A histogram that is counted elsewhere: the one of the library would need every single value. */
  #histogram(name: string, help: string, histogram: Histogram, per = 1): void {
    const full = `goldctl_${name}`;
    const metric = {
      name: full,
      async get() {
        const counts = histogram.cumulative();
        const bounds = [...histogram.bounds.map((bound) => bound / per), '+Inf'];
        const buckets = bounds.map((le, i) => ({ metricName: `${full}_bucket`, labels: { le }, value: counts[i]! }));
        const count = { metricName: `${full}_count`, value: counts.at(-1)! };
        const sum = { metricName: `${full}_sum`, value: histogram.sum / per };
        return { name: full, help, type: 'histogram', values: [...buckets, sum, count] };
      },
    };
    this.#registry.registerMetric(metric as unknown as Metric);
  }
}
