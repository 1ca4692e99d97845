import { setTimeout } from 'node:timers/promises';
import type { ReconnectingClient } from '../client/reconnecting-client.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { isSameSeries, type Series, toSeries } from '../domain/series.ts';
import { sanitizeText } from '../domain/text.ts';
import { startOfDay } from '../domain/time.ts';
import type { MethodResult } from '../protocol/methods.ts';
import { chartRangeParams, readRateHistory } from '../repl/rate-history.ts';
import type { ActionOf, DashboardAction, PostsRequest, Trend } from './action.ts';
import { isSameView, readPostPage } from './post-page.ts';
import { type ChartRequest, chartRequest, type RateQuote, type State, TOPIC_VIEW } from './state.ts';

const TREND_PERIOD_MS = 30 * 24 * 3_600_000;
/** While a member holds a key down, only the charts at this interval are requested. */
const MIN_CHART_INTERVAL_MS = 120;

export interface DataLoaderOptions {
  readonly client: ReconnectingClient;
  readonly dispatch: (action: DashboardAction) => void;
  readonly state: () => State;
  /** As Date.now. */
  readonly now: () => number;
  readonly onError: (thrown: unknown) => void;
}

/** Reads what the panes show from the daemon and dispatches it. Its methods report errors and do not throw. */
export class DataLoader {
  readonly #options: DataLoaderOptions;
  readonly #client: ReconnectingClient;
  #requestedChart: ChartRequest | undefined;
  #isLoadingChart = false;
  #chartLoadedAt = 0;

  constructor(options: DataLoaderOptions) {
    this.#options = options;
    this.#client = options.client;
  }

  /** Over the network, only signed-in members may read. */
  get #canRead(): boolean {
    const { state, name, target } = this.#client;
    return state.kind === 'online' && (name !== null || target.kind === 'local');
  }

  async readAll(): Promise<void> {
    if (!this.#canRead) return;
    await Promise.all([
      this.readRates().then(() => this.readTrends()),
      this.readPosts(this.#currentView()),
      this.readMembers(),
      this.readProviders(),
      this.readTopics(),
      this.readConversations(),
      this.readListings(),
      this.reloadChart(),
    ]);
  }

  readRates(): Promise<void> {
    return this.#read(async () => {
      for (;;) {
        const { choices } = this.#options.state();
        const { quotes } = await this.#client.call('rates.list', {});
        const chosen = await Promise.all(
          quotes.map((quote) => this.#quoteOfChoice(quote, choices.get(quote.instrument) ?? quote)),
        );
        // Read again if the member made another choice in the meantime.
        if (choices === this.#options.state().choices) return { type: 'rates', quotes: chosen };
      }
    });
  }

  /** The quote of the chosen series, or of the reference series if the chosen one no longer exists. */
  async #quoteOfChoice(reference: RateQuote, choice: Series): Promise<RateQuote> {
    if (isSameSeries(reference, choice)) return reference;
    const { quotes } = await this.#client.call('rates.get', { instrument: reference.instrument });
    return quotes.find((quote) => isSameSeries(quote, choice)) ?? reference;
  }

  readTrends(): Promise<void> {
    return this.#read(async () => {
      const { trends } = await this.#client.call('rates.trends', {});
      const { rates, choices } = this.#options.state();
      const byInstrument = new Map(trends.map((trend) => [trend.instrument, trend]));
      const others = rates.filter(({ quote }) => {
        const choice = choices.get(quote.instrument);
        const known = byInstrument.get(quote.instrument)?.series;
        return choice !== undefined && isSameSeries(quote, choice) && !(known && isSameSeries(known, choice));
      });
      const more = await Promise.all(others.map(({ quote }) => this.#readTrend(quote)));
      return { type: 'trends', trends: [...trends, ...more] };
    });
  }

  /** The trend of a series that `rates.trends` does not report, because it is not a reference series. */
  async #readTrend(quote: RateQuote): Promise<Trend> {
    const { instrument } = quote;
    const series = toSeries(quote);
    const to = startOfDay(this.#options.now());
    const params = { instrument, ...series, interval: '1d', from: to - TREND_PERIOD_MS, to } as const;
    const { candles } = await readRateHistory(this.#client, params);
    return { instrument, series, closes: candles.map(({ close }) => close) };
  }

  readSeries(instrument: string, by: 1 | -1): Promise<void> {
    return this.#read(async () => {
      let { quotes } = await this.#client.call('rates.get', { instrument });
      const id = quotes[0]?.instrument;
      // A call by alias returns only the series that have the alias.
      if (id !== undefined && id !== instrument)
        ({ quotes } = await this.#client.call('rates.get', { instrument: id }));
      return { type: 'series', asked: instrument, quotes, by };
    });
  }

  readProviders(): Promise<void> {
    return this.#read(async () => ({ type: 'providers', ...(await this.#client.call('rates.providers', {})) }));
  }

  readListings(): Promise<void> {
    return this.#read(async () => {
      const { listings } = await this.#client.call('files.discover', {});
      return { type: 'listings', names: [...new Set(listings.map(({ name }) => sanitizeText(name)))] };
    });
  }

  readMembers(): Promise<void> {
    return this.#read(async () => ({ type: 'members', ...(await this.#client.call('members.active', {})) }));
  }

  readPosts(request: PostsRequest): Promise<void> {
    return this.#read(async () => {
      const page = await readPostPage(this.#client, request);
      // The member may have switched to another topic or view in the meantime.
      const { topic, view } = this.#options.state().forum;
      return topic === request.topic && isSameView(view, request.view ?? TOPIC_VIEW) ? page : undefined;
    });
  }

  #currentView(): PostsRequest {
    const { topic, view } = this.#options.state().forum;
    return { before: null, topic, view };
  }

  readConversations(): Promise<void> {
    return this.#read(async () => {
      if (this.#client.name === null) return { type: 'conversations', conversations: [] };
      const { conversations } = await this.#client.call('messages.conversations', {});
      return {
        type: 'conversations',
        conversations: conversations.map(({ with: member, unread }) => ({ member, unread })),
      };
    });
  }

  async markMessagesRead(member: string, number: number): Promise<void> {
    if (number < 1 || this.#client.name === null) return;
    await this.#read(async () => {
      await this.#client.call('messages.markRead', { with: member, number });
      return undefined;
    });
    await this.readConversations();
  }

  readTopics(): Promise<void> {
    return this.#read(async () => {
      const { topics } = await this.#client.call('forum.topics', {});
      const withDefaults = topics.map(({ topic, unread = 0, mentions = 0 }) => ({ topic, unread, mentions }));
      return { type: 'topics', topics: withDefaults };
    });
  }

  /** Marks the shown posts as read, which clears their unread marks on every terminal of the member. */
  async markRead(topic: string | null): Promise<void> {
    const { forum, member } = this.#options.state();
    const seq = Math.max(0, ...forum.posts.map((post) => post.seq));
    const hasUnread = forum.topics.some((each) => (topic === null || each.topic === topic) && each.unread > 0);
    if (member === null || seq === 0 || !hasUnread) return;
    await this.#read(async () => {
      await this.#client.call('forum.markRead', { seq, ...(topic === null ? {} : { topic }) });
      return undefined;
    });
    await this.readTopics();
  }

  reloadChart(): Promise<void> {
    const request = chartRequest(this.#options.state().chart);
    return request === null ? Promise.resolve() : this.loadChart(request);
  }

  /** Loads one chart at a time. Of the charts requested in the meantime, only the last one is loaded. */
  async loadChart(requested: ChartRequest): Promise<void> {
    this.#requestedChart = requested;
    if (this.#isLoadingChart) return;
    this.#isLoadingChart = true;
    try {
      while (this.#requestedChart) {
        const delayMs = this.#chartLoadedAt + MIN_CHART_INTERVAL_MS - performance.now();
        if (delayMs > 0) await setTimeout(delayMs);
        const request = this.#requestedChart;
        this.#requestedChart = undefined;
        this.#chartLoadedAt = performance.now();
        this.#options.dispatch(await this.#readChart(request));
      }
    } finally {
      this.#isLoadingChart = false;
    }
  }

  async #readChart(request: ChartRequest): Promise<DashboardAction> {
    const choice = this.#options.state().choices.get(request.instrument) ?? null;
    try {
      const [{ candles, currency, unit, series = null }, compared] = await Promise.all([
        this.#readCandles(request, choice),
        this.#readVersus(request),
      ]);
      return { type: 'candles', ...request, choice, series, candles, currency, unit, ...compared };
    } catch (thrown) {
      return { type: 'chartFailed', ...request, message: sanitizeText(AppError.from(thrown).message) };
    }
  }

  /** A comparison that fails does not hide the chart. */
  async #readVersus({
    versus,
    ...request
  }: ChartRequest): Promise<Pick<ActionOf<'candles'>, 'versusCandles' | 'versusError'>> {
    if (versus === undefined) return {};
    const choice = this.#options.state().choices.get(versus) ?? null;
    try {
      const { candles } = await this.#readCandles({ ...request, instrument: versus }, choice);
      return candles.length > 0
        ? { versusCandles: candles }
        : { versusError: `No prices for ${versus} in this period.` };
    } catch (thrown) {
      return { versusError: sanitizeText(AppError.from(thrown).message) };
    }
  }

  /** The candles of the chosen series, or of the reference series if the chosen one no longer exists. */
  async #readCandles(
    { instrument, range, side, end = this.#options.now() }: ChartRequest,
    choice: Series | null,
  ): Promise<MethodResult<'rates.history'>> {
    const params = { instrument, ...chartRangeParams(range, end), ...defined({ side }) };
    try {
      return await readRateHistory(this.#client, { ...params, ...choice });
    } catch (thrown) {
      if (choice === null || AppError.from(thrown).code !== 'NOT_FOUND') throw thrown;
      return await readRateHistory(this.#client, params);
    }
  }

  async #read(read: () => Promise<DashboardAction | undefined>): Promise<void> {
    if (!this.#canRead) return;
    try {
      const action = await read();
      if (action) this.#options.dispatch(action);
    } catch (thrown) {
      this.#options.onError(thrown);
    }
  }
}
