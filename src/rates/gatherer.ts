import PQueue from 'p-queue';
import { clockProblem } from '../domain/clock-offset.ts';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import type { Lease } from '../engine/contract.ts';
import { Backfill } from './backfill.ts';
import { backoff } from './backoff.ts';
import { ClockCheck } from './clock-check.ts';
import type { Fetcher } from './fetcher.ts';
import { Health, type HealthState, type ProviderHealth } from './health.ts';
import type { Log } from './log.ts';
import { Refusals } from './refusals.ts';
import type { QuoteSink } from './sink.ts';
import { type ConfiguredSource, Source } from './source.ts';

export interface GathererSettings {
  readonly providers: readonly ConfiguredSource[];
  readonly fetcher: Fetcher;
  readonly sink: QuoteSink;
  /** Who holds it fetches. The gatherer acquires and releases it. */
  readonly lease: Lease;
  readonly log: Log;
  /** When another daemon of the room last fetched a provider, where one did. */
  readonly fetchedElsewhere?: (provider: string) => Instant | undefined;
  /** Called when a provider's `state` has become another one. */
  readonly onHealth?: (health: ProviderHealth) => void;
  readonly now?: () => Instant;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** First fetches are spread over that many milliseconds. */
const SPREAD = 1000;
/** Pause after an engine could not say who holds the lease. */
const LEASE_PAUSE = 5000;
/** So often it is looked whether a time has come: a timer stands still while the machine sleeps, its clock goes on. */
const LOOK = 60_000;
/** Longer than that setTimeout cannot wait. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** One provider and its clock. */
interface Job {
  readonly source: Source;
  readonly health: Health;
  readonly refusals: Refusals;
  state: HealthState;
  timer: NodeJS.Timeout | undefined;
  staleTimer: NodeJS.Timeout | undefined;
  running: Promise<Failure | undefined> | undefined;
  /** The history that is to be fetched; null where there is none to fetch, undefined before the first good fetch. */
  backfill: Backfill | null | undefined;
  /** Aborted when its settings are not these any more: what it still does counts for nothing. */
  readonly retirement: AbortController;
}

/**
 * Fetches every provider by its own clock while this daemon holds the lease, and hands the quotes to the sink. A
 * failed fetch changes nothing but the provider's health.
 */
export class Gatherer {
  readonly #fetcher: Fetcher;
  readonly #sink: QuoteSink;
  readonly #lease: Lease;
  readonly #log: Log;
  readonly #fetchedElsewhere: (provider: string) => Instant | undefined;
  readonly #onHealth: (health: ProviderHealth) => void;
  readonly #now: () => Instant;
  readonly #random: () => number;
  readonly #clock = new ClockCheck();
  #isClockWrong = false;
  readonly #jobs = new Map<string, Job>();
  /** Fetches of before the settings changed. */
  readonly #retiring = new Set<Promise<unknown>>();
  /** Few back-fills at a time: a first start has many, and live quotes share the sink with them. */
  readonly #backfills = new PQueue({ concurrency: 3 });
  #life: AbortController | undefined;
  #leading: Promise<void> = Promise.resolve();
  /** The time for which the lease is held; aborted when it is lost. */
  #term: AbortController | undefined;

  constructor({ providers, fetcher, sink, lease, log, fetchedElsewhere, onHealth, now, random }: GathererSettings) {
    this.#fetcher = fetcher;
    this.#sink = sink;
    this.#lease = lease;
    this.#log = log;
    this.#fetchedElsewhere = fetchedElsewhere ?? (() => undefined);
    this.#onHealth = onHealth ?? (() => {});
    this.#now = now ?? Date.now;
    this.#random = random ?? Math.random;
    for (const configured of providers) this.#add(new Source(configured, this.#fetcher, this.#now));
  }

  start(): void {
    if (this.#life) return;
    this.#life = new AbortController();
    this.#leading = this.#lead(this.#life.signal);
  }

  /** Calls off what is being fetched, lets the sink finish what it has, and gives the lease back. */
  async stop(): Promise<void> {
    this.#life?.abort();
    await this.#leading;
    this.#life = undefined;
    await this.#settled();
    await this.#backfills.onIdle();
    if (this.#lease.held) await this.#lease.release();
  }

  /** Whether this daemon is the one that fetches. */
  get gathers(): boolean {
    return this.#term !== undefined && !this.#term.signal.aborted && this.#lease.held;
  }

  /** How far the clocks of the sources are ahead of this machine's, where theirs agree that it is wrong. */
  get clockOffsetMs(): number | undefined {
    return this.#clock.offsetMs;
  }

  /** Every provider, in the order of the settings. */
  health(): ProviderHealth[] {
    return [...this.#jobs.values()].map((job) => job.health.at(this.#now()));
  }

  /**
   * Fetches one provider, or all that are on, without waiting for their time. Resolves when the answers are stored.
   * @throws Failure NOT_FOUND, or NOT_AVAILABLE when this daemon does not fetch it now; for one provider also when the
   * fetch failed. Of all, failed ones are told by their health.
   */
  async refresh(id?: string): Promise<ProviderHealth[]> {
    const jobs = id === undefined ? this.#active() : [this.#job(id)];
    if (!this.gathers) {
      throw new Failure('NOT_AVAILABLE', 'This daemon does not fetch rates now; another one holds the lease.');
    }
    const failures = await Promise.all(jobs.map((job) => this.#run(job, this.#now())));
    if (id !== undefined && failures[0]) throw failures[0];
    return jobs.map((job) => job.health.at(this.#now()));
  }

  /**
   * Other settings. Who is not in `changed` goes on undisturbed; who is begins anew, at once.
   * @param providers all of them, in their order
   * @param changed ids of those whose settings are other ones
   */
  reconfigure(providers: readonly ConfiguredSource[], changed: ReadonlySet<string>): void {
    const before = new Map(this.#jobs);
    this.#jobs.clear();
    for (const configured of providers) {
      const job = before.get(configured.provider.id);
      if (job && !changed.has(job.source.id)) this.#jobs.set(job.source.id, job);
      else this.#begin(this.#add(new Source(configured, this.#fetcher, this.#now)));
    }
    for (const [id, job] of before) if (this.#jobs.get(id) !== job) this.#retire(job);
  }

  /** @param last when another daemon fetched it: this one begins with the interval behind it */
  #begin(job: Job, last?: Instant): void {
    if (!this.#term || this.#term.signal.aborted || job.source.off !== undefined) return;
    const { every } = job.source.settings;
    const now = this.#now();
    if (last !== undefined) job.health.known(last);
    const due = last === undefined ? now : Math.max(now, Math.min(last, now) + every);
    this.#plan(job, due + this.#random() * Math.min(SPREAD, every));
  }

  #retire(job: Job): void {
    job.retirement.abort();
    clearTimeout(job.timer);
    clearTimeout(job.staleTimer);
    const { running } = job;
    if (!running) return;
    this.#retiring.add(running);
    void running.finally(() => this.#retiring.delete(running));
  }

  #add(source: Source): Job {
    const health = new Health(source.id, source.settings.every);
    if (source.off === undefined) source.announce();
    else health.off(source.off);
    const job: Job = {
      source,
      health,
      refusals: new Refusals(source.id, this.#log),
      state: health.at(this.#now()).state,
      timer: undefined,
      staleTimer: undefined,
      running: undefined,
      backfill: undefined,
      retirement: new AbortController(),
    };
    this.#jobs.set(source.id, job);
    return job;
  }

  async #settled(): Promise<void> {
    await Promise.all([...this.#retiring, ...[...this.#jobs.values()].map((job) => job.running)]);
  }

  #active(): Job[] {
    return [...this.#jobs.values()].filter((job) => job.source.off === undefined);
  }

  #job(id: string): Job {
    const job = this.#jobs.get(id);
    if (!job) throw new Failure('NOT_FOUND', `There is no provider "${id}"; \`goldctl rates providers\` lists them.`);
    const { off } = job.source;
    if (off !== undefined) throw new Failure('NOT_AVAILABLE', `${id} is not fetched: ${off}.`);
    return job;
  }

  async #lead(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#lease.acquire(signal);
        if (!signal.aborted) await this.#serve(signal);
      } catch (thrown) {
        if (signal.aborted) return;
        this.#log.error(
          { event: 'rates.fetch', err: thrown },
          'the lease for fetching rates could not be acquired; trying again',
        );
        await pause(LEASE_PAUSE, signal);
      }
    }
  }

  /** Fetches until the lease is lost or the gatherer stops. */
  async #serve(signal: AbortSignal): Promise<void> {
    const term = new AbortController();
    this.#term = term;
    const ended = new Promise((resolve) => term.signal.addEventListener('abort', resolve, { once: true }));
    const end = () => term.abort();
    signal.addEventListener('abort', end, { once: true });
    const jobs = this.#active();
    this.#log.info({ event: 'rates.fetch', providers: jobs.map((job) => job.source.id) }, 'this daemon fetches rates');
    for (const job of jobs) this.#begin(job, this.#fetchedElsewhere(job.source.id));
    await ended;
    signal.removeEventListener('abort', end);
    for (const job of this.#jobs.values()) {
      clearTimeout(job.timer);
      clearTimeout(job.staleTimer);
      job.health.planned(null);
    }
    await this.#settled(); // a fetch of this term must not meet the next one
    if (!signal.aborted)
      this.#log.warn({ event: 'rates.fetch' }, 'the lease for fetching rates is lost; waiting for it');
  }

  #plan(job: Job, at: Instant): void {
    clearTimeout(job.timer);
    if (this.#term?.signal.aborted || isRetired(job)) return;
    job.health.planned(Math.round(at));
    // By the clock or by the time that passed, whichever is first: a clock that is set back delays nothing.
    const until = performance.now() + Math.max(0, at - this.#now());
    const wait = () => {
      const left = Math.max(0, until - performance.now());
      job.timer = setTimeout(look, Math.min(left, LOOK)).unref();
    };
    const look = () => {
      if (performance.now() >= until || this.#now() >= at) this.#due(job, at);
      else wait();
    };
    wait();
  }

  #due(job: Job, plannedAt: Instant): void {
    if (!this.#lease.held) {
      this.#term?.abort();
      return;
    }
    void this.#run(job, plannedAt);
  }

  /** One fetch. Never rejects; two of one provider never overlap: the second gets the first one's result. */
  #run(job: Job, plannedAt: Instant): Promise<Failure | undefined> {
    job.running ??= this.#gather(job, plannedAt).finally(() => {
      job.running = undefined;
    });
    return job.running;
  }

  async #gather(job: Job, plannedAt: Instant): Promise<Failure | undefined> {
    const { source, health } = job;
    const { every } = source.settings;
    const { signal } = this.#term!;
    const begun = this.#now();
    let failure: Failure | undefined;
    try {
      await this.#receive(job, signal);
      if (health.failures > 0) this.#log.info({ event: 'rates.fetch', provider: source.id }, 'the provider is back');
      health.fetched(this.#now());
      this.#watchAge(job);
      this.#log.debug({ event: 'rates.fetch', provider: source.id, ms: this.#now() - begun }, 'fetched');
    } catch (thrown) {
      // Called off: that says nothing about the provider.
      if (signal.aborted) return new Failure('NOT_AVAILABLE', 'This daemon stopped fetching rates.', { cause: thrown });
      if (isRetired(job)) return new Failure('NOT_AVAILABLE', 'The settings changed meanwhile.', { cause: thrown });
      failure = Failure.from(thrown);
      this.#failed(job, failure);
    }
    const { retryAfterMs } = failure?.data ?? {};
    this.#plan(
      job,
      failure
        ? this.#now() + Math.max(backoff(health.failures, every, this.#random), Number(retryAfterMs ?? 0))
        : next(plannedAt, every, this.#now()),
    );
    this.#report(job);
    if (!failure && !isRetired(job) && job.backfill?.isDue(this.#now())) this.#backfill(job, job.backfill, signal);
    return failure;
  }

  async #receive(job: Job, signal: AbortSignal): Promise<void> {
    const { source } = job;
    const { host } = new URL(source.settings.url);
    const asOf = (respondedAt: Instant | undefined) => this.#clock.asOf(host, respondedAt, this.#now());
    const { quotes, rejected, respondedAt } = await source.quotes(signal, asOf);
    // Lost while the answer was under way: the daemon that holds the lease now fetches its own.
    if (!this.#lease.held) this.#term?.abort();
    signal.throwIfAborted();
    if (isRetired(job)) throw new Failure('NOT_AVAILABLE', 'The settings changed meanwhile.');
    job.refusals.tellRows(rejected);
    const now = this.#now();
    const at = asOf(respondedAt);
    this.#tellClock();
    if (job.backfill === undefined) {
      const wanted = !this.#sink.hasHistory(source.id) && source.provider.backfill !== undefined;
      job.backfill = wanted ? this.#newBackfill(job) : null;
    }
    const received = await this.#sink.receive(source.id, quotes, at);
    const { stored, confirmed, refused, statedAt, distance } = received;
    job.health.counted(stored, refused.length);
    job.health.received({
      statedAt,
      distance,
      rejected: rejected.count,
      refused: refused.length,
      clockOffsetMs: respondedAt === undefined ? null : respondedAt - now,
    });
    job.refusals.tell(refused);
    this.#log.debug(
      { event: 'rates.fetch', provider: source.id, stored, confirmed, refused: refused.length, respondedAt },
      'received',
    );
    const [first] = refused;
    if (!first || stored + confirmed > 0) return;
    // As good as no answer: without an error, prices would grow old beside a provider that seems well.
    throw new Failure(
      'NOT_AVAILABLE',
      `${source.provider.name} responded, but all its prices were refused: ${plain(first.quote.instrument)}: ${plain(first.reason)}. \`goldctl rates held\` lists those that may be right.`,
    );
  }

  /** Logs that this machine's clock is wrong, and that it is right again. */
  #tellClock(): void {
    const { offsetMs } = this.#clock;
    if ((offsetMs !== undefined) === this.#isClockWrong) return;
    this.#isClockWrong = offsetMs !== undefined;
    if (offsetMs !== undefined) {
      this.#log.warn({ event: 'rates.clock', offsetMs }, `${clockProblem(offsetMs)} Prices are dated by theirs.`);
    } else this.#log.info({ event: 'rates.clock' }, 'the clock agrees with those of the price sources again');
  }

  #failed(job: Job, failure: Failure): void {
    const { source, health } = job;
    const before = health.failures > 0 ? health.at(this.#now()).lastError : null;
    health.failed(this.#now(), failure.message);
    const fields = {
      event: 'rates.fetch',
      provider: source.id,
      failures: health.failures,
      ...failure.data,
      err: failure,
    };
    if (failure.code === 'INTERNAL') this.#log.error(fields, failure.message);
    else if (before !== failure.message) this.#log.warn(fields, failure.message);
    else this.#log.debug(fields, failure.message);
  }

  /** Tells when the provider becomes stale, should no good fetch come before. */
  #watchAge(job: Job): void {
    clearTimeout(job.staleTimer);
    if (this.#term?.signal.aborted || isRetired(job)) return;
    const delay = Math.min(job.health.staleAfter + 1, LONGEST_TIMER);
    job.staleTimer = setTimeout(() => this.#report(job), delay);
    job.staleTimer.unref();
  }

  #report(job: Job): void {
    const health = job.health.at(this.#now());
    if (health.state === job.state || isRetired(job)) return;
    job.state = health.state;
    this.#onHealth(health);
  }

  #newBackfill(job: Job): Backfill {
    return new Backfill({
      source: job.source,
      sink: this.#sink,
      log: this.#log,
      now: this.#now,
      onReceived: ({ stored, refused }) => job.health.counted(stored, refused.length),
    });
  }

  #backfill(job: Job, backfill: Backfill, signal: AbortSignal): void {
    backfill.begin();
    const either = AbortSignal.any([signal, job.retirement.signal]); // the one in its place begins anew
    void this.#backfills.add(() => backfill.run(either));
  }
}

function isRetired({ retirement }: Job): boolean {
  return retirement.signal.aborted;
}

/** The first planned time after `now`. Ones that were missed (a machine that slept) are not made up for. */
function next(plannedAt: Instant, every: number, now: Instant): Instant {
  if (plannedAt > now) return now + every; // the clock was set back
  return plannedAt + (Math.floor((now - plannedAt) / every) + 1) * every;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done, { once: true });
  });
}
