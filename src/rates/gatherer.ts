import PQueue from 'p-queue';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { formatMinute, type Instant } from '../domain/instant.ts';
import type { Lease } from '../engine/contract.ts';
import { backoff } from './backoff.ts';
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
const BACKFILL_SPAN = 3652 * 24 * 3_600_000; // ten years
const PROGRESS = 10_000;

/** One provider and its clock. */
interface Job {
  readonly source: Source;
  readonly health: Health;
  readonly refusals: Refusals;
  state: HealthState;
  timer: NodeJS.Timeout | undefined;
  staleTimer: NodeJS.Timeout | undefined;
  running: Promise<Failure | undefined> | undefined;
  /** Whether the provider's past is to be fetched; undefined before its first fetch. */
  wantsHistory: boolean | undefined;
  /** Its settings are not these any more: what it still does counts for nothing. */
  retired: boolean;
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
    job.retired = true;
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
      wantsHistory: undefined,
      retired: false,
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
    if (this.#term?.signal.aborted || job.retired) return;
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
      if (job.retired) return new Failure('NOT_AVAILABLE', 'The settings changed meanwhile.', { cause: thrown });
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
    if (!failure && !job.retired && job.wantsHistory && source.provider.backfill) this.#backfill(job, signal);
    return failure;
  }

  async #receive(job: Job, signal: AbortSignal): Promise<void> {
    const { source } = job;
    const quotes = await source.quotes(signal);
    // Lost while the answer was under way: the daemon that holds the lease now fetches its own.
    if (!this.#lease.held) this.#term?.abort();
    signal.throwIfAborted();
    if (job.retired) throw new Failure('NOT_AVAILABLE', 'The settings changed meanwhile.');
    job.wantsHistory ??= !this.#sink.hasHistory(source.id);
    const { stored, confirmed, refused } = await this.#sink.receive(source.id, quotes, this.#now());
    job.health.counted(stored, refused.length);
    job.refusals.tell(refused);
    this.#log.debug(
      { event: 'rates.fetch', provider: source.id, stored, confirmed, refused: refused.length },
      'received',
    );
    const [first] = refused;
    if (!first || stored + confirmed > 0) return;
    // As good as no answer: without an error, prices would grow old beside a provider that seems well.
    throw new Failure(
      'NOT_AVAILABLE',
      `${source.provider.name} answered, but none of its prices is believed: ${plain(first.quote.instrument)}: ${plain(first.reason)}.`,
    );
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
    if (this.#term?.signal.aborted || job.retired) return;
    const delay = Math.min(job.health.staleAfter + 1, LONGEST_TIMER);
    job.staleTimer = setTimeout(() => this.#report(job), delay);
    job.staleTimer.unref();
  }

  #report(job: Job): void {
    const health = job.health.at(this.#now());
    if (health.state === job.state || job.retired) return;
    job.state = health.state;
    this.#onHealth(health);
  }

  #backfill(job: Job, signal: AbortSignal): void {
    job.wantsHistory = false;
    void this.#backfills.add(async () => {
      const { id } = job.source;
      const to = this.#now();
      let [stored, refused, told] = [0, 0, to];
      try {
        signal.throwIfAborted();
        this.#log.info({ event: 'rates.history', provider: id }, 'fetching the history of the provider');
        for await (const chunk of job.source.history(to - BACKFILL_SPAN, to, signal)) {
          signal.throwIfAborted();
          if (job.retired) return; // the one in its place begins anew
          if (chunk.length === 0) continue;
          const received = await this.#sink.receiveHistory(id, chunk);
          job.health.counted(received.stored, received.refused.length);
          stored += received.stored;
          refused += received.refused.length;
          const fields = { event: 'rates.history', provider: id, stored, refused, reason: received.refused[0]?.reason };
          this.#log.debug(fields, 'history received');
          if (this.#now() - told < PROGRESS) continue;
          told = this.#now();
          this.#log.info({ ...fields, until: formatMinute(chunk.at(-1)!.at) }, 'history is being fetched');
        }
        await this.#sink.historyDone(id);
        this.#log.info(
          { event: 'rates.history', provider: id, stored, refused },
          'the history of the provider is fetched',
        );
      } catch (thrown) {
        if (signal.aborted) {
          job.wantsHistory = true;
          return;
        }
        const failure = Failure.from(thrown);
        this.#log.warn(
          { event: 'rates.history', provider: id, stored, refused, err: failure },
          `history broke off: ${failure.message}`,
        );
      }
    });
  }
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
