import type { AppError } from '../domain/app-error.ts';
import type { Logger } from '../domain/logger.ts';
import type { EpochMs } from '../domain/time.ts';
import { Backfill } from './backfill.ts';
import type { ProviderClient } from './provider-client.ts';
import { type HealthState, HealthTracker, type ProviderHealthReport } from './provider-health.ts';
import type { IngestResult, QuoteSink } from './quote-sink.ts';
import { RejectionLog } from './rejection-log.ts';

export interface PollJobSettings {
  readonly sink: QuoteSink;
  readonly log: Logger;
  readonly now: () => EpochMs;
  readonly onHealthChange: (health: ProviderHealthReport) => void;
}

/** Timers are re-armed at least this often: they stop while the machine sleeps, its clock does not. */
const MAX_TIMER_MS = 60_000;
/** The longest delay that setTimeout supports. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The timers, health and backfill of one provider. */
export class PollJob {
  readonly client: ProviderClient;
  readonly health: HealthTracker;
  readonly rejections: RejectionLog;
  currentPoll: Promise<AppError | undefined> | undefined;
  /** Null if there is no history to fetch; undefined before the first successful fetch. */
  backfill: Backfill | null | undefined;
  readonly #settings: PollJobSettings;
  readonly #retirement = new AbortController();
  #reportedState: HealthState;
  #timer: NodeJS.Timeout | undefined;
  #staleTimer: NodeJS.Timeout | undefined;

  constructor(client: ProviderClient, settings: PollJobSettings) {
    this.client = client;
    this.health = new HealthTracker(client.id, client.settings.intervalMs);
    this.rejections = new RejectionLog(client.id, settings.log);
    this.#settings = settings;
    if (client.disabledReason === undefined) client.applyMinInterval();
    else this.health.markOff(client.disabledReason);
    this.#reportedState = this.report().state;
  }

  /** Aborted when the settings change; results that arrive later are dropped. */
  get retirement(): AbortSignal {
    return this.#retirement.signal;
  }

  report(): ProviderHealthReport {
    return this.health.report(this.#settings.now());
  }

  /** @param signal aborted when polling ends */
  schedule(at: EpochMs, signal: AbortSignal, onDue: () => void): void {
    clearTimeout(this.#timer);
    if (signal.aborted || this.retirement.aborted) return;
    this.health.setNextPoll(Math.round(at));
    const { now } = this.#settings;
    // By wall clock or elapsed time, whichever comes first, so that setting the clock back delays nothing.
    const until = performance.now() + Math.max(0, at - now());
    const wait = () => {
      const left = Math.max(0, until - performance.now());
      this.#timer = setTimeout(check, Math.min(left, MAX_TIMER_MS)).unref();
    };
    const check = () => {
      if (performance.now() >= until || now() >= at) onDue();
      else wait();
    };
    wait();
  }

  /** Reports the provider as stale unless a fetch succeeds before. */
  armStaleTimer(signal: AbortSignal): void {
    clearTimeout(this.#staleTimer);
    if (signal.aborted || this.retirement.aborted) return;
    const delay = Math.min(this.health.staleAfterMs + 1, MAX_TIMEOUT_MS);
    this.#staleTimer = setTimeout(() => this.reportHealthChange(), delay).unref();
  }

  reportHealthChange(): void {
    const health = this.report();
    if (health.state === this.#reportedState || this.retirement.aborted) return;
    this.#reportedState = health.state;
    this.#settings.onHealthChange(health);
  }

  recordFailure(failure: AppError): void {
    const { log, now } = this.#settings;
    const before = this.health.failures > 0 ? this.report().lastError : null;
    this.health.recordFailure(now(), failure.message);
    const { failures } = this.health;
    const fields = { event: 'rates.fetch', provider: this.client.id, failures, ...failure.data, err: failure };
    if (failure.code === 'INTERNAL') log.error(fields, failure.message);
    else if (before !== failure.message) log.warn(fields, failure.message);
    else log.debug(fields, failure.message);
  }

  /** Creates the backfill, if the provider has a history that is not stored yet. */
  prepareBackfill(): void {
    if (this.backfill !== undefined) return;
    const { sink, log, now } = this.#settings;
    const isWanted = !sink.hasHistory(this.client.id) && this.client.provider.backfill !== undefined;
    const onIngested = ({ stored, refused }: IngestResult) => this.health.countQuotes(stored, refused.length);
    this.backfill = isWanted ? new Backfill({ provider: this.client, sink, log, now, onIngested }) : null;
  }

  stopTimers(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#staleTimer);
    this.health.setNextPoll(null);
  }

  retire(): void {
    this.#retirement.abort();
    this.stopTimers();
  }
}
