import type { LinkState as Connection, Link, LinkOptions } from '../client/link.ts';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { formatSeedTime, startOfDay } from '../domain/instant.ts';
import { type Series, sameSeries, seriesOf } from '../domain/series.ts';
import type { Home } from '../home.ts';
import type { Result } from '../protocol/methods.ts';
import { Files } from '../repl/files.ts';
import { type FileAction, GrammarError, parse, type Range } from '../repl/grammar.ts';
import { rangeParams, readHistory } from '../repl/history.ts';
import { publishedLine } from '../repl/listings.ts';
import { type Paper, PLAIN } from '../repl/paper.ts';
import { type CallAction, perform as performLine } from '../repl/perform.ts';
import { failureLines } from '../repl/presenter.ts';
import { stateSentence } from '../repl/transfers.ts';
import type { Action, Effect, Trend } from './action.ts';
import { layout } from './layout.ts';
import { SeriesChoices } from './series-choices.ts';
import type { LinkState, Quote, State } from './state.ts';

/** How often what no event tells is asked again. */
const MEMBERS_MS = 15_000;
const PROVIDERS_MS = 10_000;
/** Prices that are confirmed, fall stale or disappear are not told. */
const RATES_MS = 30_000;
/** Quotes that may change which series is shown are one reason to ask. */
const RATES_PAUSE_MS = 1000;
/** Trends move once a day, and when somebody imports. */
const TRENDS_MS = 300_000;
const TREND_DAYS_MS = 30 * 24 * 3_600_000;
/** The chart follows its price this often. */
const CHART_MS = 15_000;
/** Somebody who holds a key down: the chart that he ends at is asked for, not those that he passes. */
const CHART_PAUSE_MS = 120;
/** Events that come together are one reason to ask. */
const EVENTS_MS = 250;
/** Transfers move all the time: so often they are shown anew. */
const FILES_MS = 100;
/** Posts of one page. */
const POSTS = 100;

export interface ControllerOptions {
  readonly link: (told: Pick<LinkOptions, 'onState' | 'onOnline' | 'onSignedOut' | 'onRefused' | 'onWaiting'>) => Link;
  /** Where keys and shares lie; without it nobody can reach this dashboard with files (it shows one frame). */
  readonly home?: Home;
  /** Where chosen series are remembered; without it they are forgotten. */
  readonly choicesFile?: string;
  readonly dispatch: (action: Action) => void;
  readonly state: () => State;
  /** Who sends the number of SUM when nobody is signed in. */
  readonly user: string;
  /** The terminal's own matters. `farewell` is said once the terminal is given back. */
  readonly onQuit: (farewell?: string) => void;
  readonly onSuspend: () => void;
  readonly onRedraw: () => void;
  /** As Date.now. */
  readonly now?: () => number;
}

/** Between the daemon and the state: effects become calls, answers and events become actions. Nothing it does throws. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #link: Link;
  readonly #dispatch: (action: Action) => void;
  readonly #now: () => number;
  readonly #files: Files | undefined;
  readonly #choices: SeriesChoices | undefined;
  /** Somebody wants to end while files are under way, and was told. */
  #warned = false;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #pending = new Map<string, NodeJS.Timeout>();
  readonly #busy = new Set<Promise<void>>();
  #chart: { instrument: string; range: Range } | undefined;
  #charting = false;
  #chartAt = 0;
  #lost: (LinkState & { phase: 'offline' }) | undefined;
  #stopped = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#dispatch = (action) => {
      if (!this.#stopped) options.dispatch(action);
    };
    this.#now = options.now ?? Date.now;
    this.#link = options.link({
      onState: (state) => this.#linkChanged(state),
      onOnline: () => {
        this.#signed();
        void this.#files?.online();
      },
      onSignedOut: (failure) => this.#signedOut(failure),
      onRefused: (failure) => this.#tell(failure),
      onWaiting: (count) => this.#waiting(count),
    });
    const { home, choicesFile } = options;
    this.#files = home && this.#filesOf(home);
    this.#choices = choicesFile === undefined ? undefined : new SeriesChoices(choicesFile);
    this.#link.on('quote', ({ quote }) => {
      this.#dispatch({ type: 'quote', quote });
      const { chart } = options.state();
      if (quote.instrument === chart.instrument) this.#later('chart', CHART_MS, () => this.#chartAgain());
    });
    this.#link.on('post', ({ post }) => {
      this.#dispatch({ type: 'post', post });
      this.#later('topics', EVENTS_MS, () => this.#readTopics());
    });
    this.#link.on('member', ({ name, change }) => {
      this.#dispatch({ type: 'member', name, change });
      this.#later('members', EVENTS_MS, () => this.#readMembers());
    });
    this.#link.on('unread', () => this.#later('topics', EVENTS_MS, () => this.#readTopics()));
    this.#link.on('message', ({ message: { from, text } }) => {
      if (from === this.#link.name) return;
      this.#dispatch({ type: 'notice', text: `${plain(from)} to you: ${plain(text)}`, tone: 'good' });
    });
    this.#link.on('listing', ({ change, listing }) => {
      const name = plain(listing.name);
      this.#dispatch({ type: 'listing', name, change });
      if (change !== 'published' || listing.member === this.#link.name) return;
      this.#dispatch({ type: 'notice', text: `${publishedLine(listing)}: FETCH ${name}`, tone: 'info' });
    });
    this.#link.on('notice', ({ text }) => this.#dispatch({ type: 'notice', text: plain(text), tone: 'info' }));
  }

  /**
   * Connects. Once it is up the dashboard waits for a daemon that is away; it does not begin with one.
   * @throws Failure
   */
  async start(): Promise<void> {
    await this.#loadChoices();
    const state = await this.#link.start();
    if (state.kind === 'offline') throw state.failure;
    if (state.kind === 'ended') throw state.failure ?? new Failure('CONNECTION_ENDED', state.reason);
    this.#every(MEMBERS_MS, () => this.#readMembers());
    this.#every(PROVIDERS_MS, () => this.#readProviders());
    this.#every(RATES_MS, () => this.#readRates());
    this.#every(TRENDS_MS, () => this.#readTrends());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const timer of this.#pending.values()) clearTimeout(timer);
    await this.#files?.stop();
    await this.#link.stop();
    await this.#choices?.settled();
  }

  /** Resolves once nothing that was asked for is still on its way. */
  async settled(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(this.#busy);
    } while (this.#busy.size > 0);
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'submit':
        this.#do(() => this.#submit(effect.line));
        break;
      case 'signIn':
      case 'signUp':
        this.#do(() => this.#sign(effect));
        break;
      case 'loadChart':
        this.#chart = { instrument: effect.instrument, range: effect.range };
        this.#do(() => this.#loadCharts());
        break;
      case 'loadSeries':
        this.#do(() => this.#readSeries(effect.instrument, effect.by));
        break;
      case 'saveChoice':
        this.#do(() => this.#saveChoice(effect.instrument, effect.series));
        break;
      case 'loadRates':
        this.#later('rates', RATES_PAUSE_MS, () => this.#readRates());
        break;
      case 'loadTrends':
        this.#later('trends', EVENTS_MS, () => this.#readTrends());
        break;
      case 'loadPosts':
        this.#do(() => this.#readPosts(effect.before, effect.topic));
        break;
      case 'markRead':
        this.#do(() => this.#markRead(effect.topic));
        break;
      case 'refresh':
        // Soon, not now: a return and the sign-in that comes with it ask for it twice.
        this.#later('refresh', 0, () => this.#refresh());
        break;
      case 'retry':
        if (this.#link.state.kind === 'ended') this.#do(async () => void (await this.#link.start()));
        else this.#link.retryNow();
        break;
      case 'suspend':
        this.#options.onSuspend();
        break;
      case 'redraw':
        this.#options.onRedraw();
        break;
      case 'answer': {
        const { verb, id } = effect;
        this.#do(() => this.#file({ verb, id }));
        break;
      }
      case 'quit':
        if (this.#mayEnd()) this.#options.onQuit();
        break;
    }
  }

  get #mayRead(): boolean {
    return this.#link.state.kind === 'online' && (this.#link.name !== null || this.#link.target.kind === 'local');
  }

  async #refresh(): Promise<void> {
    if (!this.#mayRead) return;
    const { forum, chart } = this.#options.state();
    await Promise.all([
      this.#readRates().then(() => this.#readTrends()),
      this.#readPosts(null, forum.topic),
      this.#readMembers(),
      this.#readProviders(),
      this.#readTopics(),
      this.#readListings(),
      chart.instrument === null ? undefined : this.#chartAgain(),
    ]);
  }

  #readRates(): Promise<void> {
    return this.#read(async () => {
      for (;;) {
        const { choices } = this.#options.state();
        const { quotes } = await this.#link.call('rates.list', {});
        const shown = await Promise.all(
          quotes.map((quote) => this.#chosenQuote(quote, choices.get(quote.instrument) ?? quote)),
        );
        // Another choice was made in the meantime.
        if (choices !== this.#options.state().choices) continue;
        this.#dispatch({ type: 'rates', quotes: shown });
        return;
      }
    });
  }

  /** The quote of the chosen series; the reference series' where that one is gone. */
  async #chosenQuote(reference: Quote, choice: Series): Promise<Quote> {
    if (sameSeries(reference, choice)) return reference;
    const { quotes } = await this.#link.call('rates.get', { instrument: reference.instrument });
    return quotes.find((quote) => sameSeries(quote, choice)) ?? reference;
  }

  #readTrends(): Promise<void> {
    return this.#read(async () => {
      const { trends } = await this.#link.call('rates.trends', {});
      const { rates, choices } = this.#options.state();
      const byInstrument = new Map(trends.map((trend) => [trend.instrument, trend]));
      const others = rates.filter(({ quote }) => {
        const choice = choices.get(quote.instrument);
        const known = byInstrument.get(quote.instrument)?.series;
        return choice !== undefined && sameSeries(quote, choice) && !(known && sameSeries(known, choice));
      });
      const more = await Promise.all(others.map(({ quote }) => this.#trendOf(quote)));
      this.#dispatch({ type: 'trends', trends: [...trends, ...more] });
    });
  }

  /** What `rates.trends` tells, of a series that is not the reference series. */
  async #trendOf(quote: Quote): Promise<Trend> {
    const { instrument } = quote;
    const series = seriesOf(quote);
    const to = startOfDay(this.#now());
    const params = { instrument, ...series, interval: '1d', from: to - TREND_DAYS_MS, to } as const;
    const { candles } = await readHistory(this.#link, params);
    return { instrument, series, closes: candles.map(({ close }) => close) };
  }

  #readSeries(instrument: string, by: 1 | -1): Promise<void> {
    return this.#read(async () => {
      let { quotes } = await this.#link.call('rates.get', { instrument });
      const id = quotes[0]?.instrument;
      // By an alias only the series that have it are told.
      if (id !== undefined && id !== instrument) ({ quotes } = await this.#link.call('rates.get', { instrument: id }));
      this.#dispatch({ type: 'series', asked: instrument, quotes, by });
    });
  }

  async #loadChoices(): Promise<void> {
    try {
      await this.#choices?.load();
    } catch (thrown) {
      this.#dispatch({ type: 'notice', text: plain(Failure.from(thrown).message), tone: 'bad' });
    }
    this.#showChoices('');
  }

  #showChoices(member: string): void {
    if (this.#choices) this.#dispatch({ type: 'choices', choices: this.#choices.of(member) });
  }

  async #saveChoice(instrument: string, series: Series | null): Promise<void> {
    await this.#choices?.save(this.#options.state().member?.name ?? '', instrument, series);
  }

  #readProviders(): Promise<void> {
    return this.#read(async () => {
      this.#dispatch({ type: 'providers', ...(await this.#link.call('rates.providers', {})) });
    });
  }

  #readListings(): Promise<void> {
    return this.#read(async () => {
      const { listings } = await this.#link.call('files.discover', {});
      this.#dispatch({ type: 'listings', names: [...new Set(listings.map(({ name }) => plain(name)))] });
    });
  }

  #readMembers(): Promise<void> {
    return this.#read(async () => {
      this.#dispatch({ type: 'members', ...(await this.#link.call('members.active', {})) });
    });
  }

  #readPosts(before: number | null, topic: string | null): Promise<void> {
    return this.#read(async () => {
      const { posts, more } = await this.#link.call('forum.read', {
        limit: POSTS,
        ...(before === null ? {} : { before }),
        ...(topic === null ? {} : { topic }),
      });
      // Somebody may have gone on to another topic by now.
      if (this.#options.state().forum.topic !== topic) return;
      this.#dispatch({ type: 'posts', posts, more, older: before !== null });
    });
  }

  #readTopics(): Promise<void> {
    return this.#read(async () => {
      const { topics } = await this.#link.call('forum.topics', {});
      this.#dispatch({
        type: 'topics',
        topics: topics.map(({ topic, unread = 0, mentions = 0 }) => ({ topic, unread, mentions })),
      });
    });
  }

  /** What is on the screen is read, on every terminal of the member. */
  async #markRead(topic: string | null): Promise<void> {
    const { forum, member } = this.#options.state();
    const seq = Math.max(0, ...forum.posts.map((post) => post.seq));
    const unread = forum.topics.some((each) => (topic === null || each.topic === topic) && each.unread > 0);
    if (member === null || seq === 0 || !unread) return;
    await this.#read(async () => {
      await this.#link.call('forum.markRead', { seq, ...(topic === null ? {} : { topic }) });
    });
    await this.#readTopics();
  }

  #chartAgain(): Promise<void> {
    const { instrument, range } = this.#options.state().chart;
    if (instrument === null) return Promise.resolve();
    this.#chart = { instrument, range };
    return this.#loadCharts();
  }

  /** The chart that is wanted, one call at a time: those that were wanted in between are passed over. */
  async #loadCharts(): Promise<void> {
    if (this.#charting) return;
    this.#charting = true;
    try {
      while (this.#chart && !this.#stopped) {
        const pause = this.#chartAt + CHART_PAUSE_MS - performance.now();
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        const { instrument, range } = this.#chart;
        this.#chart = undefined;
        this.#chartAt = performance.now();
        try {
          const choice = this.#options.state().choices.get(instrument) ?? null;
          const { candles, currency, unit, series = null } = await this.#readChart(instrument, range, choice);
          this.#dispatch({ type: 'candles', instrument, range, choice, series, candles, currency, unit });
        } catch (thrown) {
          const { message } = Failure.from(thrown);
          this.#dispatch({ type: 'chartFailed', instrument, range, message: plain(message) });
        }
      }
    } finally {
      this.#charting = false;
    }
  }

  /** Of the reference series where the chosen one is gone. */
  async #readChart(instrument: string, range: Range, choice: Series | null): Promise<Result<'rates.history'>> {
    const params = { instrument, ...rangeParams(range, this.#now()) };
    try {
      return await readHistory(this.#link, { ...params, ...choice });
    } catch (thrown) {
      if (choice === null || Failure.from(thrown).code !== 'NOT_FOUND') throw thrown;
      return await readHistory(this.#link, params);
    }
  }

  async #sign({ type, name, password, takeOver }: Effect & { type: 'signIn' | 'signUp' }): Promise<void> {
    try {
      if (type === 'signUp') await this.#link.signUp({ name, password });
      else await this.#link.signIn({ name, password, ...(takeOver ? { takeOver } : {}) });
      this.#signed();
    } catch (thrown) {
      const { message, code } = Failure.from(thrown);
      this.#dispatch({ type: 'signInFailed', message: plain(message), reason: code });
    }
  }

  #signed(): void {
    const { name, role } = this.#link;
    const { member, form } = this.#options.state();
    if (name === null || role === null) return;
    if (member?.name === name && member.role === role && !form?.busy) return;
    this.#dispatch({ type: 'signedIn', name, role });
    this.#showChoices(name);
  }

  #signedOut(failure: Failure | undefined): void {
    if (failure) this.#tell(failure);
    // Over the network nobody reads without an account.
    this.#dispatch({ type: 'signedOut', ask: this.#link.target.kind !== 'local' });
    this.#showChoices('');
  }

  #waiting(count: number): void {
    if (count === 0 || this.#link.state.kind === 'online') return;
    const posts = count === 1 ? 'Your post waits' : `${count} posts wait`;
    this.#dispatch({ type: 'notice', text: `${posts} for the connection; nothing is lost.`, tone: 'info' });
  }

  async #submit(line: string): Promise<void> {
    const action = parse(line);
    if (action instanceof GrammarError) return this.#answer([action.message]);
    try {
      switch (action.verb) {
        case 'nothing':
        case 'help':
        case 'quit':
        case 'signIn':
        case 'signUp':
          return; // the reducer's
        case 'signOut':
          return await this.#signOut();
        case 'watch':
          return this.#answer(['The dashboard watches every price.']);
        case 'post': {
          const { topic } = this.#options.state().forum;
          const { number, at } = await this.#link.post({ text: action.text, ...(topic === null ? {} : { topic }) });
          return this.#dispatch({
            type: 'notice',
            text: `Message #${number} posted at ${formatSeedTime(at)}.`,
            tone: 'good',
          });
        }
        case 'send':
        case 'publish':
        case 'unpublish':
        case 'fetch':
        case 'notify':
        case 'accept':
        case 'decline':
        case 'cancel':
          return await this.#file(action);
        default:
          return await this.#call(action);
      }
    } catch (thrown) {
      this.#answer([plain(Failure.from(thrown).message)]);
    }
  }

  async #call(action: CallAction): Promise<void> {
    const lines = await performLine(action, this.#link, this.#paper(), this.#options.user);
    const [first = ''] = lines;
    if ((action.verb === 'edit' || action.verb === 'delete') && lines.length === 1) {
      this.#dispatch({ type: 'notice', text: first, tone: 'good' });
    } else {
      this.#answer(lines);
    }
  }

  #filesOf(home: Home): Files {
    const files = new Files({
      link: this.#link,
      home,
      onNews: ({ lines, tone }) => this.#dispatch({ type: 'notice', text: lines.join('. '), tone }),
      onChange: () =>
        this.#later('files', FILES_MS, async () => {
          const { offers, transfers } = files;
          this.#dispatch({ type: 'files', offers, transfers });
        }),
    });
    return files;
  }

  async #file(action: FileAction): Promise<void> {
    if (!this.#files) throw new Failure('NOT_AVAILABLE', 'Files are not carried here.');
    try {
      const lines = await this.#files.perform(action, this.#paper());
      const { offers, transfers } = this.#files;
      this.#dispatch({ type: 'files', offers, transfers });
      if (lines.length > 1 || action.verb === 'notify') return this.#answer(lines);
      this.#dispatch({ type: 'notice', text: lines[0] ?? '', tone: 'good' });
    } catch (thrown) {
      this.#answer(failureLines(Failure.from(thrown)));
    }
  }

  /** Whoever ends while files are under way knows it. */
  #mayEnd(): boolean {
    const under = this.#files?.underWay ?? [];
    if (under.length === 0 || this.#warned) return true;
    this.#warned = true;
    const [first] = under;
    const what = under.length === 1 ? stateSentence(first!) : `${under.length} transfers are under way.`;
    this.#dispatch({
      type: 'notice',
      text: `${what} Once more ends all the same; what has arrived stays.`,
      tone: 'bad',
    });
    return false;
  }

  async #signOut(): Promise<void> {
    if (!this.#mayEnd()) return;
    const { name } = this.#link;
    if (name === null) return this.#options.onQuit('See ya!');
    await this.#link.signOut();
    this.#options.onQuit(`Successfully logout, seya ${plain(name)}!`);
  }

  #paper(): Paper {
    const state = this.#options.state();
    const { columns, unicode } = state;
    const { width = columns } =
      layout(state)[state.zoomed === null || state.zoomed === 'input' ? 'forum' : state.zoomed] ?? {};
    return { width: Math.max(40, width - 2), unicode, style: PLAIN, now: this.#now() };
  }

  #answer(lines: readonly string[]): void {
    this.#dispatch({ type: 'answered', lines });
  }

  #tell(thrown: unknown): void {
    const failure = Failure.from(thrown);
    // A lost connection shows as such; each call that it cost need not say so.
    if (failure.code === 'CONNECTION_ENDED' || this.#link.state.kind !== 'online') return;
    this.#dispatch({ type: 'notice', text: plain(failure.message), tone: 'bad' });
  }

  async #read(read: () => Promise<void>): Promise<void> {
    if (!this.#mayRead) return;
    try {
      await read();
    } catch (thrown) {
      this.#tell(thrown);
    }
  }

  #do(work: () => Promise<void>): void {
    const done = work()
      .catch((thrown) => this.#tell(thrown))
      .finally(() => this.#busy.delete(done));
    this.#busy.add(done);
  }

  #every(ms: number, work: () => Promise<void>): void {
    if (this.#stopped) return;
    this.#timers.add(setInterval(() => this.#do(work), ms));
  }

  /** Once within a time, however often it is asked for. */
  #later(what: string, ms: number, work: () => Promise<void>): void {
    if (this.#stopped || this.#pending.has(what)) return;
    const timer = new Promise<void>((resolve) => {
      this.#pending.set(
        what,
        setTimeout(() => {
          this.#pending.delete(what);
          resolve();
        }, ms),
      );
    });
    if (ms === 0) this.#do(() => timer.then(work));
    else void timer.then(() => this.#do(work));
  }

  #linkChanged(state: Connection): void {
    const { target } = this.#link;
    const address = target.kind !== 'local' && target.others && state.kind === 'online' ? { address: target.key } : {};
    this.#dispatch({ type: 'link', link: this.#linkState(state), ...address });
  }

  /** An attempt to come back is part of being away: the screen need not flicker for it. */
  #linkState(state: Connection): LinkState {
    const toClock = (moment: number) => Math.round(this.#now() + moment - performance.now());
    switch (state.kind) {
      case 'connecting':
        return this.#lost ? { ...this.#lost, nextTryAt: null } : { phase: 'connecting' };
      case 'offline':
        this.#lost = {
          phase: 'offline',
          since: toClock(state.since),
          nextTryAt: toClock(state.nextTryAt),
          reason: plain(state.reason),
        };
        return this.#lost;
      case 'online':
        this.#lost = undefined;
        return { phase: 'online' };
      case 'ended':
        this.#lost = undefined;
        return { phase: 'ended', reason: plain(state.reason) };
    }
  }
}
