import PQueue from 'p-queue';
import { AppError } from '../domain/app-error.ts';
import { backoffDelayMs } from '../domain/backoff.ts';
import { describeClockOffset } from '../domain/clock-offset.ts';
import type { Logger } from '../domain/logger.ts';
import { sanitizeText } from '../domain/text.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Lease } from '../engine/types.ts';
import { sleep } from '../sleep.ts';
import { ClockCheck } from './clock-check.ts';
import type { HttpFetcher } from './http-fetcher.ts';
import { PollJob } from './poll-job.ts';
import { type ConfiguredProvider, ProviderClient } from './provider-client.ts';
import type { ProviderHealthReport } from './provider-health.ts';
import type { QuoteSink } from './quote-sink.ts';

export interface RatePollerSettings {
  readonly providers: readonly ConfiguredProvider[];
  readonly fetcher: HttpFetcher;
  readonly sink: QuoteSink;
  /** Only the daemon that holds it fetches. The poller acquires and releases it. */
  readonly lease: Lease;
  readonly log: Logger;
  /** When another daemon of the cluster last fetched a provider, if any did. */
  readonly lastFetchElsewhere?: (provider: string) => EpochMs | undefined;
  /** Called when a provider's `state` changes. */
  readonly onHealthChange?: (health: ProviderHealthReport) => void;
  readonly now?: () => EpochMs;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Milliseconds of a clock that nobody sets. Default `performance.now`. */
  readonly monotonic?: () => number;
}

/** First fetches are spread over this time. */
const START_SPREAD_MS = 1000;
/** Pause after the engine failed to acquire the lease. */
const LEASE_RETRY_MS = 5000;
/**
 * Polls every provider on its own schedule while this daemon holds the lease, and passes the quotes to the sink. A failed
 * fetch changes only the provider's health.
 */
export class RatePoller {
  readonly #settings: Required<RatePollerSettings>;
  readonly #lease: Lease;
  readonly #log: Logger;
  readonly #now: () => EpochMs;
  readonly #clock: ClockCheck;
  #isClockWrong = false;
  readonly #jobs = new Map<string, PollJob>();
  /** Fetches that started before the settings changed. */
  readonly #retiringPolls = new Set<Promise<unknown>>();
  /** Limited, because a first start has many backfills and live quotes share the sink with them. */
  readonly #backfills = new PQueue({ concurrency: 3 });
  #lifetime: AbortController | undefined;
  #leaseLoop: Promise<void> = Promise.resolve();
  /** Aborted when the lease is lost. */
  #leaseTerm: AbortController | undefined;

  constructor(settings: RatePollerSettings) {
    this.#settings = {
      lastFetchElsewhere: () => undefined,
      onHealthChange: () => {},
      now: Date.now,
      random: Math.random,
      monotonic: () => performance.now(),
      ...settings,
    };
    const { lease, log, now } = this.#settings;
    this.#lease = lease;
    this.#log = log;
    this.#now = now;
    this.#clock = new ClockCheck(this.#settings.monotonic);
    for (const configured of settings.providers) this.#addJob(configured);
  }

  start(): void {
    if (this.#lifetime) return;
    this.#lifetime = new AbortController();
    this.#leaseLoop = this.#runLeaseLoop(this.#lifetime.signal);
  }

  /** Cancels running fetches, waits for the sink, and releases the lease. */
  async stop(): Promise<void> {
    this.#lifetime?.abort();
    await this.#leaseLoop;
    this.#lifetime = undefined;
    await this.#waitForPolls();
    await this.#backfills.onIdle();
    if (this.#lease.isHeld) await this.#lease.release();
  }

  get isPolling(): boolean {
    return this.#leaseTerm !== undefined && !this.#leaseTerm.signal.aborted && this.#lease.isHeld;
  }

  /** How far the providers' clocks are ahead of this machine's if they agree that it is wrong. */
  get clockOffsetMs(): number | undefined {
    return this.#clock.offsetAt(this.#now());
  }

  /** In the order of the settings. */
  health(): ProviderHealthReport[] {
    return [...this.#jobs.values()].map((job) => job.report());
  }

  /**
   * Fetches one provider, or all enabled ones, immediately. Resolves when the quotes are stored.
   * @throws AppError NOT_FOUND, or NOT_AVAILABLE if this daemon does not fetch it; for a single provider also if the fetch
   * failed. Without an id, failures are reported in the returned health.
   */
  async refresh(id?: string): Promise<ProviderHealthReport[]> {
    const jobs = id === undefined ? this.#enabledJobs() : [this.#findJob(id)];
    if (!this.isPolling) {
      throw new AppError('NOT_AVAILABLE', 'This daemon does not fetch rates: another daemon holds the lease.');
    }
    const failures = await Promise.all(jobs.map((job) => this.#pollOnce(job, this.#now())));
    if (id !== undefined && failures[0]) throw failures[0];
    return jobs.map((job) => job.report());
  }

  /**
   * Applies new settings. Changed providers restart immediately; others continue undisturbed.
   * @param providers all of them, in display order
   * @param changed ids of providers whose settings changed
   */
  reconfigure(providers: readonly ConfiguredProvider[], changed: ReadonlySet<string>): void {
    const before = new Map(this.#jobs);
    this.#jobs.clear();
    for (const configured of providers) {
      const job = before.get(configured.provider.id);
      if (job && !changed.has(job.client.id)) this.#jobs.set(job.client.id, job);
      else this.#scheduleFirst(this.#addJob(configured));
    }
    for (const [id, job] of before) if (this.#jobs.get(id) !== job) this.#retire(job);
  }

  /** @param last when another daemon fetched it; the first fetch is one interval later */
  #scheduleFirst(job: PollJob, last?: EpochMs): void {
    if (!this.#leaseTerm || this.#leaseTerm.signal.aborted || job.client.disabledReason !== undefined) return;
    const { intervalMs } = job.client.settings;
    const now = this.#now();
    if (last !== undefined) job.health.recordFetchElsewhere(last);
    const due = last === undefined ? now : Math.max(now, Math.min(last, now) + intervalMs);
    this.#schedule(job, due + this.#settings.random() * Math.min(START_SPREAD_MS, intervalMs));
  }

  #retire(job: PollJob): void {
    job.retire();
    const { currentPoll } = job;
    if (!currentPoll) return;
    this.#retiringPolls.add(currentPoll);
    void currentPoll.finally(() => this.#retiringPolls.delete(currentPoll));
  }

  #addJob(configured: ConfiguredProvider): PollJob {
    const job = new PollJob(new ProviderClient(configured, this.#settings.fetcher, this.#now), this.#settings);
    this.#jobs.set(job.client.id, job);
    return job;
  }

  async #waitForPolls(): Promise<void> {
    await Promise.all([...this.#retiringPolls, ...[...this.#jobs.values()].map((job) => job.currentPoll)]);
  }

  #enabledJobs(): PollJob[] {
    return [...this.#jobs.values()].filter((job) => job.client.disabledReason === undefined);
  }

  #findJob(id: string): PollJob {
    const job = this.#jobs.get(id);
    if (!job) throw new AppError('NOT_FOUND', `There is no provider "${id}". \`goldctl rates providers\` lists them.`);
    const { disabledReason } = job.client;
    if (disabledReason !== undefined) throw new AppError('NOT_AVAILABLE', `${id} is not fetched: ${disabledReason}.`);
    return job;
  }

  async #runLeaseLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#lease.acquire(signal);
        if (!signal.aborted) await this.#pollUntilLeaseEnds(signal);
      } catch (thrown) {
        if (signal.aborted) return;
        this.#log.error(
          { event: 'rates.fetch', err: thrown },
          'could not acquire the lease for fetching rates; trying again',
        );
        await sleep(LEASE_RETRY_MS, signal, { ref: false });
      }
    }
  }

  /** Polls until the lease is lost or the poller stops. */
  async #pollUntilLeaseEnds(signal: AbortSignal): Promise<void> {
    const term = new AbortController();
    this.#leaseTerm = term;
    const ended = new Promise((resolve) => term.signal.addEventListener('abort', resolve, { once: true }));
    const end = () => term.abort();
    signal.addEventListener('abort', end, { once: true });
    const jobs = this.#enabledJobs();
    this.#log.info({ event: 'rates.fetch', providers: jobs.map((job) => job.client.id) }, 'this daemon fetches rates');
    for (const job of jobs) this.#scheduleFirst(job, this.#settings.lastFetchElsewhere(job.client.id));
    await ended;
    signal.removeEventListener('abort', end);
    for (const job of this.#jobs.values()) job.stopTimers();
    await this.#waitForPolls(); // fetches of this term must not overlap the next term
    if (!signal.aborted) this.#log.warn({ event: 'rates.fetch' }, 'lost the lease for fetching rates; waiting for it');
  }

  #schedule(job: PollJob, at: EpochMs): void {
    const term = this.#leaseTerm!;
    job.schedule(at, term.signal, () => {
      if (this.#lease.isHeld) void this.#pollOnce(job, at);
      else term.abort();
    });
  }

  /** Never rejects. Polls of one provider never overlap: a second call gets the result of the first. */
  #pollOnce(job: PollJob, plannedAt: EpochMs): Promise<AppError | undefined> {
    job.currentPoll ??= this.#poll(job, plannedAt).finally(() => {
      job.currentPoll = undefined;
    });
    return job.currentPoll;
  }

  async #poll(job: PollJob, plannedAt: EpochMs): Promise<AppError | undefined> {
    const { client, health } = job;
    const { intervalMs } = client.settings;
    const { signal } = this.#leaseTerm!;
    const startedAt = this.#now();
    const fields = { event: 'rates.fetch', provider: client.id };
    let nextAt: EpochMs;
    let error: AppError | undefined;
    try {
      await this.#ingest(job, signal);
      if (health.failures > 0) this.#log.info(fields, 'provider recovered');
      health.recordSuccess(this.#now());
      job.armStaleTimer(signal);
      this.#log.debug({ ...fields, ms: this.#now() - startedAt }, 'fetched');
      nextAt = nextPollTime(plannedAt, intervalMs, this.#now());
    } catch (cause) {
      // Canceled: this does not affect the provider's health.
      if (signal.aborted) return new AppError('NOT_AVAILABLE', 'This daemon stopped fetching rates.', { cause });
      if (job.retirement.aborted) return settingsChangedError(cause);
      error = AppError.from(cause);
      job.recordFailure(error);
      const delay = pollBackoffMs(health.failures, intervalMs, this.#settings.random);
      nextAt = this.#now() + Math.max(delay, Number(error.data.retryAfterMs ?? 0));
    }
    this.#schedule(job, nextAt);
    job.reportHealthChange();
    if (!error) this.#runBackfill(job, signal);
    return error;
  }

  async #ingest(job: PollJob, signal: AbortSignal): Promise<void> {
    const { client } = job;
    const { host } = new URL(client.settings.url);
    const asOf = (respondedAt: EpochMs | undefined) => this.#clock.observationTime(host, respondedAt, this.#now());
    const { quotes, rejected, respondedAt } = await client.fetchQuotes(signal, asOf);
    // The lease was lost during the request: its new holder fetches for itself.
    if (!this.#lease.isHeld) this.#leaseTerm?.abort();
    signal.throwIfAborted();
    if (job.retirement.aborted) throw settingsChangedError();
    job.rejections.logRows(rejected);
    const now = this.#now();
    const at = asOf(respondedAt);
    this.#logClockChange();
    job.prepareBackfill();
    const { stored, confirmed, refused, statedAt, distance } = await this.#settings.sink.receive(client.id, quotes, at);
    job.health.countQuotes(stored, refused.length);
    job.health.setLastResponse({
      statedAt,
      distance,
      rejected: rejected.count,
      refused: refused.length,
      clockOffsetMs: respondedAt === undefined ? null : respondedAt - now,
    });
    job.rejections.logQuotes(refused);
    this.#log.debug(
      { event: 'rates.fetch', provider: client.id, stored, confirmed, refused: refused.length, respondedAt },
      'received',
    );
    const [first] = refused;
    if (!first || stored + confirmed > 0) return;
    // Treated as a failure: otherwise prices would age while the provider appears healthy.
    throw new AppError(
      'NOT_AVAILABLE',
      `${client.provider.name} responded, but all its prices were rejected: ${sanitizeText(first.quote.instrument)}: ${sanitizeText(first.reason)}. \`goldctl rates held\` lists those that may be correct.`,
    );
  }

  /** Logs when this machine's clock is found to be wrong or correct again. */
  #logClockChange(): void {
    const offsetMs = this.clockOffsetMs;
    if ((offsetMs !== undefined) === this.#isClockWrong) return;
    this.#isClockWrong = offsetMs !== undefined;
    if (offsetMs !== undefined) {
      this.#log.warn(
        { event: 'rates.clock', offsetMs },
        `${describeClockOffset(offsetMs)} Prices are dated by the providers' clocks.`,
      );
    } else this.#log.info({ event: 'rates.clock' }, "the clock agrees with the providers' clocks again");
  }

  #runBackfill({ backfill, retirement }: PollJob, signal: AbortSignal): void {
    if (!backfill?.isDue(this.#now()) || retirement.aborted) return;
    backfill.markStarted();
    const either = AbortSignal.any([signal, retirement]); // its replacement starts its own backfill
    void this.#backfills.add(() => backfill.run(either));
  }
}

function settingsChangedError(cause?: unknown): AppError {
  return new AppError('NOT_AVAILABLE', 'The settings changed in the meantime.', { cause });
}

/** The first scheduled time after `now`. Missed polls (the machine slept) are skipped. */
function nextPollTime(plannedAt: EpochMs, intervalMs: number, now: EpochMs): EpochMs {
  if (plannedAt > now) return now + intervalMs; // the clock was set back
  return plannedAt + (Math.floor((now - plannedAt) / intervalMs) + 1) * intervalMs;
}

/** Between 5 s (or the interval, if shorter) and a bound that doubles with every failure up to the interval. */
export function pollBackoffMs(failures: number, intervalMs: number, random: () => number): number {
  const minMs = Math.min(intervalMs, 5_000);
  return backoffDelayMs(failures, { firstMs: 2 * minMs, maxMs: intervalMs, minMs }, random);
}
