import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { Histogram } from '../domain/histogram.ts';
import type { Engine } from '../engine/contract.ts';
import type { HealthState } from '../rates/health.ts';
import type { Passwords } from '../room/passwords.ts';
import type { Server } from '../server/server.ts';
import type { Services } from '../server/services.ts';
import { DOORS } from '../server/visitor.ts';
import type { Space } from './space.ts';

/** What is measured: all of it counts for itself, and is looked at when somebody asks. */
export interface Measured {
  readonly version: string;
  readonly engine: Engine;
  readonly space: Space;
  readonly passwords: Passwords;
  readonly server: Server;
  readonly services: Services;
}

const STATES: readonly HealthState[] = ['ok', 'stale', 'error', 'off'];

/** The daemon's figures in the form that Prometheus reads. Labels are names of the house's own: never what members chose. */
export class Metrics {
  readonly #registry = new Registry();

  constructor(measured: Measured) {
    collectDefaultMetrics({ register: this.#registry });
    this.#room(measured);
    this.#connections(measured);
    this.#journal(measured);
    this.#providers(measured);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #room({ version, passwords, server, services }: Measured): void {
    const { presence, view, rendezvous } = services;
    this.#gauges('info', 'Always 1; the label is the version of goldctl.', 'version', () => [[version, 1]]);
    this.#gauge('members', 'Members who are there.', () => presence.count);
    this.#gauge('accounts', 'Accounts of the room.', () => view.accounts.count);
    this.#gauge('instruments', 'Instruments that have a quote.', () => view.quotes.instruments.size);
    this.#gauge('passwords_waiting', 'Passwords that wait to be checked.', () => passwords.waiting);
    const calls = new Counter({
      name: 'goldctl_calls_total',
      help: 'Calls by method and status; status 0 is a result, the others are in docs/protocol.md.',
      labelNames: ['method', 'status'],
      registers: [this.#registry],
      collect() {
        calls.reset();
        for (const { method, status, count } of server.calls) calls.inc({ method, status }, count);
      },
    });
    this.#gauge('introductions', 'Introductions of peers that are open.', () => rendezvous.counts.introductions);
    this.#gauge('relays', 'Introductions that are relayed.', () => rendezvous.counts.relays);
    this.#counter('relayed_bytes_total', 'Bytes that were relayed.', () => rendezvous.counts.relayedBytes);
    this.#counters('datagrams_dropped_total', 'Datagrams of peers and strangers that were dropped.', 'reason', () => [
      ['quota', rendezvous.counts.overQuota],
      ['unproven', rendezvous.counts.unproven],
    ]);
  }

  #connections({ server: { listener }, services: { arrivals, sessions } }: Measured): void {
    this.#gauge('sockets', 'Connections of the TCP port, those without a word as well.', () => listener.connections);
    this.#counter('connections_refused_total', 'Connections that were one too many.', () => arrivals.refused);
    this.#counter('slow_readers_dropped_total', 'Connections that were ended as nobody read.', () => sessions.dropped);
    const kinds = this.#labelled('connections', 'Connections by the way they came and who is on them.', [
      'transport',
      'signed_in',
    ]);
    const slow = this.#gauge('slow_readers', 'Connections with more to be read than the system holds for them.');
    const queued = this.#gauge('queued_bytes', 'Bytes that connections have not taken yet, of all together.');
    const longest = this.#gauge('queued_bytes_longest', 'The same, of the connection that is furthest behind.');
    // One walk over all connections for the four of them.
    const collect = () => {
      let [behind, sum, most] = [0, 0, 0];
      const counts = new Map<string, number>();
      for (const { door, isSignedIn, behind: isBehind, queued: bytes } of sessions) {
        const kind = `${door} ${isSignedIn ? 'yes' : 'no'}`;
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
        if (isBehind) behind += 1;
        sum += bytes;
        most = Math.max(most, bytes);
      }
      for (const transport of DOORS) {
        for (const signed_in of ['yes', 'no'])
          kinds.set({ transport, signed_in }, counts.get(`${transport} ${signed_in}`) ?? 0);
      }
      slow.set(behind);
      queued.set(sum);
      longest.set(most);
    };
    Object.assign(kinds, { collect });
  }

  #journal({ engine, space }: Measured): void {
    const { journal } = engine;
    this.#gauge('journal_records', 'Records of the journal.', () => journal.head());
    this.#gauge('appends_waiting', 'Appends that wait for the next batch.', () => journal.appending);
    this.#histogram('append_seconds', 'From an append to its record on the disk.', journal.figures.appendMs, 1000);
    this.#histogram('commit_seconds', 'Writing and syncing of a batch.', journal.figures.commitMs, 1000);
    this.#histogram('commit_records', 'Records of a batch.', journal.figures.groupRecords);
    this.#gauge('store_writable', '0 while the daemon refuses to write.', () => Number(engine.trouble === undefined));
    this.#gauge('disk_free_bytes', 'Room on the disk of the data folder; -1: unknown.', () => space.free ?? -1);
  }

  #providers({ services: { gatherer } }: Measured): void {
    const health = this.#labelled('provider_state', '1 for the state that the provider is in.', ['provider', 'state']);
    Object.assign(health, {
      collect() {
        health.reset(); // a reload may have taken one away
        for (const { id, state } of gatherer.health()) {
          for (const each of STATES) health.set({ provider: id, state: each }, Number(each === state));
        }
      },
    });
    const of = (figure: (health: ReturnType<typeof gatherer.health>[number]) => number | null) => () =>
      gatherer.health().flatMap((each): [string, number][] => {
        const value = each.state === 'off' ? null : figure(each);
        return value === null ? [] : [[each.id, value]];
      });
    this.#gauges(
      'provider_last_ok_timestamp_seconds',
      'The last good fetch, as a Unix time.',
      'provider',
      of(({ lastOk }) => (lastOk === null ? null : lastOk / 1000)),
    );
    this.#gauges(
      'provider_failures',
      'Failures in a row.',
      'provider',
      of(({ failures }) => failures),
    );
    this.#counters(
      'provider_fetches_total',
      'Fetches, good or failed.',
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
      'Quotes not believed.',
      'provider',
      of(({ refused }) => refused),
    );
    this.#gauges(
      'provider_rows_rejected',
      'Rows of the last response that do not fit and are left out.',
      'provider',
      of(({ last }) => last?.rejected ?? null),
    );
  }

  /** @param read without it, somebody else sets the figure */
  #gauge(name: string, help: string, read?: () => number): Gauge {
    const gauge: Gauge = new Gauge({
      name: `goldctl_${name}`,
      help,
      registers: [this.#registry],
      ...(read ? { collect: () => gauge.set(read()) } : {}),
    });
    return gauge;
  }

  #labelled<L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> {
    return new Gauge({ name: `goldctl_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauges<L extends string>(name: string, help: string, label: L, read: () => readonly (readonly [string, number])[]) {
    const gauge = this.#labelled<string>(name, help, [label]);
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

  /** One that was counted elsewhere: the library's own would have to be told each value. */
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
