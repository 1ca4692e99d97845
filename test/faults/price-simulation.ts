import http from 'node:http';
import { providerOrder } from '../../src/daemon/configure-providers.ts';
import { SeededRandom } from '../../src/demo/seeded-random.ts';
import { AppError } from '../../src/domain/app-error.ts';
import type { Quote } from '../../src/domain/quote.ts';
import { formatDate, formatDateTime, startOfDay } from '../../src/domain/time.ts';
import { ClockCheck } from '../../src/rates/clock-check.ts';
import { HttpFetcher } from '../../src/rates/http-fetcher.ts';
import type { ProviderClient } from '../../src/rates/provider-client.ts';
import { pollBackoffMs } from '../../src/rates/rate-poller.ts';
import type { StaleQuote } from '../../src/room/rate-queries.ts';
import { DAY, HOUR, MINUTE, Room } from '../room/room.ts';
import { memoryStore } from '../store/temporary.ts';
import { isOpen, QUIET_MS, SimulatedMarket, START, SUBJECTS, type Subject } from './simulated-market.ts';
import { type Revision, SimulatedSource } from './simulated-source.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly days: number;
  /** The interval of sources of gold and currencies; those of coins are polled twice as often. */
  readonly everyMs: number;
}

export interface SimulationFigures {
  fetches: number;
  /** Fresh prices and prices of look-ups that were compared with the true price. */
  freshChecks: number;
  lookupChecks: number;
  /** Changes of a true price that a source without fault followed, and those that were shown within two intervals. */
  changes: number;
  shown: number;
  /** Wrong prices that could not be detected, because no correct source was available. */
  unknowable: number;
  readonly wrongFresh: string[];
  readonly wrongLookups: string[];
  readonly notShown: string[];
}

/** Faults of the daemon: it is stopped, or the clock of its machine is wrong. */
interface Incident {
  readonly from: number;
  readonly to: number;
  /** Undefined: the daemon is stopped. */
  readonly offsetMs: number | undefined;
}

interface Job {
  readonly simulated: SimulatedSource;
  source: ProviderClient;
  due: number;
  failures: number;
  /** When a response was last received, in true time. */
  receivedAt: number;
}

/** A change of a true price of an instrument; checked two intervals later. */
interface Change {
  readonly subject: Subject;
  readonly at: number;
  readonly due: number;
}

/** Clock offsets of a year, ahead and behind, and smaller ones. */
const OFFSETS_MS = [-3 * 365 * DAY, 365 * DAY, -20 * DAY, DAY, 5 * HOUR, -2 * HOUR];
const SAME = 0.01;
/** Allowed deviation of a fresh price from the true one: a frozen source may be unchanged for days. */
const NEAR = 0.06;
/** Clocks of servers and caches may be off by two minutes, and a response takes time. */
const SLACK_MS = 3 * MINUTE;
/** Longer than the maximum age of a price, over a weekend and Tết. */
const MAX_ALLOWED_MS = 14 * DAY;
const CHECK_EVERY_MS = 9 * HOUR;
/** A smaller move of a true price does not count as a change. */
const CHANGE = 0.002;

/** Simulates a room with ten sources over a period, and checks what it shows. */
export async function simulate({ seed, days, everyMs }: SimulationOptions): Promise<SimulationFigures> {
  const simulation = await Simulation.open(seed, days, everyMs);
  try {
    await simulation.run();
    return simulation.figures;
  } finally {
    await simulation.close();
  }
}

class Simulation {
  static async open(seed: number, days: number, everyMs: number): Promise<Simulation> {
    const chance = new SeededRandom(seed);
    const market = new SimulatedMarket(chance, days);
    const sources: SimulatedSource[] = [];
    for (let place = 0; place < SimulatedSource.count; place++) {
      sources.push(await SimulatedSource.open(place, market, new SeededRandom(seed * 101 + place), everyMs));
    }
    const simulation = new Simulation(seed, chance, market, sources, everyMs);
    await simulation.#startDaemon();
    return simulation;
  }

  readonly figures: SimulationFigures = {
    fetches: 0,
    freshChecks: 0,
    lookupChecks: 0,
    unknowable: 0,
    changes: 0,
    shown: 0,
    wrongFresh: [],
    wrongLookups: [],
    notShown: [],
  };
  readonly #seed: number;
  readonly #chance: SeededRandom;
  readonly #market: SimulatedMarket;
  readonly #everyMs: number;
  readonly #jobs: Job[];
  readonly #incidents: readonly Incident[];
  readonly #store = memoryStore();
  readonly #agent = new http.Agent({ keepAlive: true });
  #room!: Room;
  #fetcher!: HttpFetcher;
  #clock!: ClockCheck;
  #startedAt = START;
  /** The true time. */
  #now = START;
  #offsetMs = 0;
  /** When the clock was set to a wrong time, and when it is corrected. */
  #clockSetAt = START;
  #clockEnds: number | undefined;

  private constructor(
    seed: number,
    chance: SeededRandom,
    market: SimulatedMarket,
    sources: readonly SimulatedSource[],
    everyMs: number,
  ) {
    this.#seed = seed;
    this.#chance = chance;
    this.#market = market;
    this.#everyMs = everyMs;
    this.#jobs = sources.map((simulated) => ({
      simulated,
      source: undefined as unknown as ProviderClient,
      due: START + chance.next() * MINUTE,
      failures: 0,
      receivedAt: Number.NEGATIVE_INFINITY,
    }));
    this.#incidents = this.#planIncidents();
  }

  async close(): Promise<void> {
    this.#fetcher.stop();
    await this.#room.close();
    for (const { simulated } of this.#jobs) await simulated.close();
    this.#agent.destroy();
  }

  async run(): Promise<void> {
    const { end } = this.#market;
    const changes = this.#changes();
    const incidents = [...this.#incidents];
    let nextCheck = START + HOUR;
    let nextChange = 0;
    for (;;) {
      const job = this.#jobs.reduce((first, other) => (other.due < first.due ? other : first));
      const incident = incidents[0];
      const at = Math.min(job.due, nextCheck, changes[nextChange]?.due ?? end, incident?.from ?? end);
      if (at >= end) break;
      this.#setTime(at);
      if (at === incident?.from) {
        incidents.shift();
        nextCheck = await this.#suffer(incident, nextCheck);
      } else if (at === changes[nextChange]?.due) {
        this.#checkShown(changes[nextChange]!);
        nextChange += 1;
      } else if (at === nextCheck) {
        this.#checkFresh();
        await this.#checkLookup(startOfDay(START + this.#chance.next() * (this.#now - START)));
        nextCheck = at - Math.log(1 - this.#chance.next()) * CHECK_EVERY_MS;
      } else if (job.due - at === 0) {
        await this.#fetch(job);
      }
      if (this.#clockEnds !== undefined && this.#now >= this.#clockEnds) {
        this.#clockEnds = undefined;
        this.#offsetMs = 0;
        this.#setTime(this.#now);
      }
    }
    for (let day = START; day < end; day += DAY) await this.#checkLookup(day);
  }

  #setTime(at: number): void {
    this.#now = at;
    this.#room.now = Math.round(at) + this.#offsetMs;
    for (const { simulated } of this.#jobs) simulated.time = at;
  }

  async #startDaemon(): Promise<void> {
    this.#room = await Room.open({ store: this.#store, now: Math.round(this.#now) + this.#offsetMs });
    this.#fetcher = new HttpFetcher({ version: 'test', connect: () => ({ agent: this.#agent, proxy: undefined }) });
    const clock = new ClockCheck(() => this.#now);
    this.#clock = clock;
    this.#room.clockOffsetMs = () => clock.offsetAt(this.#room.now) ?? 0;
    this.#startedAt = this.#now;
    for (const job of this.#jobs) {
      job.source = job.simulated.source(this.#fetcher, () => this.#room.now);
      job.failures = 0;
      job.due = Math.max(job.due, this.#now + this.#chance.next() * 1000);
    }
    this.#room.rates.setProviders(
      providerOrder(this.#jobs.map(({ source: { provider, settings } }) => ({ provider, settings }))),
    );
  }

  /** Returns the time of the next check. */
  async #suffer({ to, offsetMs }: Incident, nextCheck: number): Promise<number> {
    if (offsetMs !== undefined) {
      this.#offsetMs = offsetMs;
      this.#clockSetAt = this.#now;
      this.#clockEnds = to;
      this.#setTime(this.#now);
      return nextCheck;
    }
    this.#fetcher.stop();
    await this.#room.close();
    this.#now = to;
    await this.#startDaemon();
    this.#setTime(to);
    this.#checkFresh(); // before any fetch
    return Math.max(nextCheck, to + this.#chance.next() * HOUR);
  }

  #planIncidents(): Incident[] {
    const incidents: Incident[] = [];
    const chance = this.#chance;
    for (let at = START + QUIET_MS; ; ) {
      at += -Math.log(1 - chance.next()) * 30 * DAY;
      const isClock = chance.next() < 0.4;
      const lengthMs = isClock || chance.next() < 0.6 ? (1 + chance.next() * 72) * HOUR : chance.next() * 25 * DAY;
      if (at + lengthMs >= this.#market.end) return incidents;
      incidents.push({ from: at, to: at + lengthMs, offsetMs: isClock ? chance.pick(OFFSETS_MS) : undefined });
      at += lengthMs + DAY;
    }
  }

  /** Polls a source once, as RatePoller does, and schedules its next poll. */
  async #fetch(job: Job): Promise<void> {
    const { source, simulated } = job;
    const plannedAt = job.due;
    this.figures.fetches += 1;
    try {
      const { host } = new URL(source.settings.url);
      const asOf = (respondedAt: number | undefined) => this.#clock.observationTime(host, respondedAt, this.#room.now);
      const { quotes, respondedAt } = await source.fetchQuotes(new AbortController().signal, asOf);
      this.#setTime(this.#now + simulated.latencyMs);
      const at = asOf(respondedAt);
      const { stored, confirmed, refused } = await this.#room.intake.receive(source.id, quotes, at);
      if (stored + confirmed > 0) job.receivedAt = this.#now;
      if (refused.length > 0 && stored + confirmed === 0) throw new AppError('NOT_AVAILABLE', refused[0]!.reason);
      job.failures = 0;
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'NOT_AVAILABLE') throw thrown;
      job.failures += 1;
    }
    const { everyMs } = simulated;
    job.due =
      job.failures > 0
        ? this.#now + pollBackoffMs(job.failures, everyMs, () => this.#chance.next())
        : plannedAt + (Math.floor((this.#now - plannedAt) / everyMs) + 1) * everyMs;
  }

  // Fresh prices

  #checkFresh(): void {
    const { rates } = this.#room;
    for (const quote of rates.list()) if (!quote.stale) this.#checkFreshQuote(quote, 'list');
    for (const subject of SUBJECTS) {
      if (this.#room.view.quotes.latest(subject).length === 0) continue;
      for (const quote of rates.latestQuotes(rates.resolve(subject)))
        if (!quote.stale) this.#checkFreshQuote(quote, 'get');
    }
  }

  #checkFreshQuote(quote: StaleQuote, where: string): void {
    this.figures.freshChecks += 1;
    const wrong = this.#wrongFreshReason(quote);
    if (wrong === undefined) return;
    if (wrong.isUnknowable) {
      this.figures.unknowable += 1;
      return;
    }
    this.figures.wrongFresh.push(`${where}: ${this.#describe(quote)}: ${wrong.reason}`);
  }

  #wrongFreshReason(quote: StaleQuote): { reason: string; isUnknowable: boolean } | undefined {
    const job = this.#jobs.find(({ simulated }) => simulated.id === quote.provider)!;
    const { simulated, receivedAt } = job;
    const subject = quote.instrument as Subject;
    const now = this.#now;
    const behindMs = this.#offsetMs < 0 && this.#offsetMs > -DAY ? -this.#offsetMs : 0;
    if (now - receivedAt > 3 * simulated.everyMs + behindMs + SLACK_MS) {
      // Until two sources were polled again, nothing shows that the clock was set.
      const isUnknowable =
        this.#offsetMs !== 0 &&
        this.#clock.offsetAt(this.#room.now) === undefined &&
        now < this.#clockSetAt + this.#everyMs;
      return { reason: `last received ${hours(now - receivedAt)} ago`, isUnknowable };
    }
    const stated = simulated
      .revisions(subject, now - MAX_ALLOWED_MS, now + 1)
      .filter((each) => now < simulated.allowedUntil(each) + behindMs + SLACK_MS);
    if (!stated.some(({ revision }) => isSame(quote, revision))) {
      const { buy, sell } = simulated.revision(subject, now);
      const reason = `it states ${buy}/${sell} now and never stated this within its allowed time`;
      return { reason, isUnknowable: false };
    }
    const truth = this.#market.price(subject, now);
    const off = (quote.sell ?? quote.buy!) / truth - 1;
    if (Math.abs(off) <= NEAR) return undefined;
    if (this.#market.hasMoved(subject, now, 2 * simulated.everyMs + HOUR) || !isOpen(subject, now)) return undefined;
    const reason = `${(off * 100).toFixed(1)} % off the true price ${truth.toFixed(0)}`;
    return { reason, isUnknowable: !this.#isContradicted(quote, receivedAt) };
  }

  /** Whether correct sources contradict a price: one, if the price was not received since; otherwise two. */
  #isContradicted({ instrument, provider }: StaleQuote, receivedAt: number): boolean {
    const subject = instrument as Subject;
    const move = this.#market.moves[subject].findLast((at) => at <= this.#now);
    if (move === undefined) return true;
    const knowing = this.#room.rates
      .latestQuotes(this.#room.rates.resolve(instrument))
      .filter((quote) => !quote.stale && quote.provider !== provider)
      .filter((quote) => Math.abs((quote.sell ?? quote.buy!) / this.#market.price(subject, this.#now) - 1) <= NEAR);
    return new Set(knowing.map((quote) => quote.provider)).size >= (receivedAt < move ? 1 : 2);
  }

  // Look-ups

  async #checkLookup(day: number): Promise<void> {
    for (const subject of SUBJECTS) {
      if (this.#room.view.quotes.latest(subject).length === 0) continue;
      const { quotes } = await this.#room.rates.quotesOn(formatDate(day), subject);
      for (const quote of quotes) {
        this.figures.lookupChecks += 1;
        const simulated = this.#jobs.find(({ simulated }) => simulated.id === quote.provider)!.simulated;
        if (this.#heldOn(simulated, subject, day, quote)) continue;
        this.figures.wrongLookups.push(`on ${formatDate(day)}: ${this.#describe(quote)}`);
      }
    }
  }

  /** Whether a source stated a price on a day: the price of that day, or the frozen one. */
  #heldOn(simulated: SimulatedSource, subject: Subject, day: number, quote: Quote): boolean {
    const [from, to] = [day - SLACK_MS, day + DAY + SLACK_MS];
    if (simulated.revisions(subject, from, to).some(({ revision }) => isSame(quote, revision))) return true;
    return simulated.faults.some(({ from: begin, to: end, fault }) => {
      if (begin > to || end < from) return false;
      if (fault.kind === 'frozen' && fault.header === 'none') {
        const place = simulated.revisions(subject, begin, begin + 1)[0]!;
        return isSame(quote, place.revision) && from < simulated.allowedUntil({ ...place, end: begin });
      }
      return false;
    });
  }

  // Changes

  /** Changes of the true prices, and the deadlines for showing them. */
  #changes(): Change[] {
    const changes: Change[] = [];
    for (const subject of SUBJECTS) {
      const everyMs = subject === 'BTC' ? this.#everyMs / 2 : this.#everyMs;
      let last = this.#market.price(subject, START);
      for (let at = START + QUIET_MS; at < this.#market.end; at += HOUR) {
        const price = this.#market.price(subject, at);
        if (Math.abs(price / last - 1) < CHANGE) continue;
        last = price;
        // Sources follow within the hour.
        changes.push({ subject, at, due: at + HOUR + 2 * everyMs + SLACK_MS });
      }
    }
    return changes.sort((a, b) => a.due - b.due);
  }

  #checkShown({ subject, at, due }: Change): void {
    if (this.#offsetMs !== 0 || this.#startedAt > at || this.#incidents.some(({ from, to }) => from < due && to > at))
      return;
    const followers = this.#jobs.filter(
      ({ simulated }) =>
        simulated.subjects.includes(subject) &&
        simulated.isWell(at - HOUR, due) &&
        simulated.revisions(subject, at, at + HOUR).some(({ revision }) => revision.at >= at),
    );
    if (followers.length === 0) return;
    this.figures.changes += 1;
    const quotes = this.#room.rates.latestQuotes(this.#room.rates.resolve(subject));
    const isShown = quotes.some((quote) => {
      if (quote.stale) return false;
      const { simulated } = this.#jobs.find(({ simulated }) => simulated.id === quote.provider)!;
      return simulated
        .revisions(subject, at, due)
        .some(({ revision }) => revision.at >= at && isSame(quote, revision, 0.001));
    });
    if (isShown) this.figures.shown += 1;
    else {
      const all = quotes.map(({ provider, sell, stale }) => `${provider} ${sell}${stale ? ' stale' : ''}`).join(', ');
      const ids = followers.map(({ simulated }) => simulated.id).join(', ');
      this.figures.notShown.push(
        `seed ${this.#seed}: ${subject} ${this.#market.price(subject, at).toFixed(0)} since ${formatDateTime(at)}, stated by ${ids}; shown: ${all}`,
      );
    }
  }

  #describe(quote: StaleQuote): string {
    const { instrument, provider, buy, sell, at, checkedAt, observedFrom, statedAt } = quote;
    const { simulated } = this.#jobs.find(({ simulated }) => simulated.id === provider)!;
    const faults = simulated.faults
      .filter(({ from, to }) => from < checkedAt + DAY && to > at - DAY)
      .map(({ from, to, fault }) => `${JSON.stringify(fault)} ${formatDateTime(from)} - ${formatDateTime(to)}`);
    const incidents = this.#incidents
      .filter(({ from, to }) => from < checkedAt + DAY && to > at - DAY)
      .map(
        ({ from, to, offsetMs }) =>
          `${offsetMs === undefined ? 'off' : `clock ${hours(offsetMs)}`} ${formatDateTime(from)} - ${formatDateTime(to)}`,
      );
    const times = { at, checkedAt, observedFrom, statedAt };
    const texts = Object.entries(times).map(
      ([name, time]) => `${name} ${time === undefined ? '-' : formatDateTime(time)}`,
    );
    return `seed ${this.#seed}, ${formatDateTime(this.#now)}: ${instrument} of ${provider} ${buy}/${sell}, ${texts.join(', ')}; ${[...faults, ...incidents].join('; ')}`;
  }
}

/** Whether both sides of a price are within 1 % of a stated one; one side may be absent. */
function isSame(quote: Pick<Quote, 'buy' | 'sell'>, { buy, sell }: Revision, within = SAME): boolean {
  const isNear = (a: number | null, b: number) => a === null || Math.abs(a / b - 1) <= within;
  return isNear(quote.buy, buy) && isNear(quote.sell, sell);
}

function hours(ms: number): string {
  return `${(ms / HOUR).toFixed(1)} h`;
}
