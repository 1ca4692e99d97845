import type { LateResult } from '../client/outbox.ts';
import type { ReconnectingClient, ReconnectingClientOptions, ReconnectState } from '../client/reconnecting-client.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import type { Series } from '../domain/series.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatForumTime } from '../domain/time.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { CommandRunner, isFileCommand } from '../repl/command-runner.ts';
import { FileCommandRunner } from '../repl/file-command-runner.ts';
import { publicationNotice } from '../repl/file-listing-format.ts';
import { lateResultLines } from '../repl/late-result-format.ts';
import { type OutputFormat, PLAIN_STYLE } from '../repl/output-format.ts';
import { errorLines } from '../repl/shell-format.ts';
import type { DashboardAction, Effect, RunnableCommand } from './action.ts';
import { DataLoader } from './data-loader.ts';
import { HistoryFile } from './history-file.ts';
import { computeLayout } from './layout.ts';
import { SeriesChoiceFile } from './series-choice-file.ts';
import type { ConnectionStatus, Notice, State } from './state.ts';
import type { DashboardStateFile } from './state-file.ts';
import { TaskRunner } from './task-runner.ts';
import { WatchListFile } from './watch-list-file.ts';

/** Poll intervals of data that no event reports. */
const MEMBERS_POLL_MS = 15_000;
const PROVIDERS_POLL_MS = 10_000;
/** No event reports a price that is confirmed, becomes stale or disappears. */
const RATES_POLL_MS = 30_000;
/** Trends change once a day, and after an import. */
const TRENDS_POLL_MS = 300_000;
/** Several events within this time cause one read. */
const EVENT_THROTTLE_MS = 250;
const RATES_THROTTLE_MS = 1000;
const CHART_REFRESH_MS = 15_000;
const TRANSFERS_THROTTLE_MS = 100;

export interface ControllerOptions {
  readonly createClient: (
    listeners: Pick<
      ReconnectingClientOptions,
      | 'onState'
      | 'onOnline'
      | 'onSignedOut'
      | 'onSubscriptionRejected'
      | 'onPendingPosts'
      | 'onLateResult'
      | 'onOutboxError'
    >,
  ) => ReconnectingClient;
  /** The folder of keys and shares. Without it (single frame), there are no file transfers. */
  readonly home?: HomeDirectory | undefined;
  /** Where chosen series and watch lists are saved, if anywhere. */
  readonly stateFile?: DashboardStateFile | undefined;
  /** Where typed lines are saved, if anywhere. */
  readonly historyFile?: string | undefined;
  readonly dispatch: (action: DashboardAction) => void;
  readonly state: () => State;
  /** The name that SUM sends when nobody is signed in. */
  readonly user: string;
  /** `closingMessage` is printed after the terminal is restored. */
  readonly onQuit: (closingMessage?: string) => void;
  readonly onSuspend: () => void;
  readonly onRedraw: () => void;
  /** Puts a text on the clipboard. */
  readonly onCopy?: (text: string) => void;
  /** Opens the user's editor on a text, and returns what was written. @throws AppError */
  readonly onEdit?: (text: string) => Promise<string>;
  /** As Date.now. */
  readonly now?: () => number;
}

/** Connects daemon and state: runs effects as calls, and turns results and events into actions. It does not throw. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #client: ReconnectingClient;
  readonly #dispatch: (action: DashboardAction) => void;
  readonly #now: () => number;
  readonly #tasks = new TaskRunner((thrown) => this.#reportError(thrown));
  readonly #loader: DataLoader;
  readonly #files: FileCommandRunner | undefined;
  readonly #runner: CommandRunner;
  readonly #choices: SeriesChoiceFile | undefined;
  readonly #watchLists: WatchListFile | undefined;
  readonly #history: HistoryFile | undefined;
  #lastOffline: Extract<ConnectionStatus, { phase: 'offline' }> | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#dispatch = (action) => {
      if (!this.#tasks.isStopped) options.dispatch(action);
    };
    this.#now = options.now ?? Date.now;
    this.#client = options.createClient({
      onState: (state) => this.#onClientState(state),
      onOnline: () => {
        this.#onSignedIn();
        void this.#files?.goOnline();
      },
      onSignedOut: (failure) => this.#onSignedOut(failure),
      onSubscriptionRejected: (failure) => this.#reportError(failure),
      onPendingPosts: (count) => this.#onPendingPosts(count),
      onLateResult: (late) => this.#onLateResult(late),
      onOutboxError: (failure) => this.#notify(sanitizeText(failure.message), 'bad'),
    });
    this.#loader = new DataLoader({
      client: this.#client,
      dispatch: this.#dispatch,
      state: options.state,
      now: this.#now,
      onError: (thrown) => this.#reportError(thrown),
    });
    const { home, stateFile, historyFile } = options;
    this.#files = home && this.#createFiles(home);
    this.#choices = stateFile && new SeriesChoiceFile(stateFile);
    this.#watchLists = stateFile && new WatchListFile(stateFile);
    this.#history = historyFile === undefined ? undefined : new HistoryFile(historyFile);
    const format = (): OutputFormat => this.#outputFormat();
    this.#runner = new CommandRunner({ client: this.#client, files: this.#files, format, user: options.user });
    this.#listen();
  }

  /**
   * Connects. A running dashboard waits for a lost daemon, but the first connection must succeed.
   * @throws AppError
   */
  async start(): Promise<void> {
    await this.#loadChoices();
    await this.#loadHistory();
    const state = await this.#client.start();
    if (state.kind === 'offline') throw state.failure;
    if (state.kind === 'ended') throw state.failure ?? new AppError('CONNECTION_ENDED', state.reason);
    this.#tasks.poll(MEMBERS_POLL_MS, () => this.#loader.readMembers());
    this.#tasks.poll(PROVIDERS_POLL_MS, () => this.#loader.readProviders());
    this.#tasks.poll(RATES_POLL_MS, () => this.#loader.readRates());
    this.#tasks.poll(TRENDS_POLL_MS, () => this.#loader.readTrends());
  }

  async stop(): Promise<void> {
    this.#tasks.stop();
    await this.#files?.stop();
    await this.#client.stop();
    await this.#options.stateFile?.waitForWrites();
    await this.#history?.waitForWrites();
  }

  /** Resolves when no effect is running. */
  waitUntilIdle(): Promise<void> {
    return this.#tasks.waitUntilIdle();
  }

  /** About posts and direct messages that wait for the connection, if any. */
  describeUnsent(): string | undefined {
    return this.#runner.describeUnsent();
  }

  #listen(): void {
    const { state } = this.#options;
    const readConversations = (): void =>
      this.#tasks.throttle('conversations', EVENT_THROTTLE_MS, () => this.#loader.readConversations());
    const readTopics = (): void => this.#tasks.throttle('topics', EVENT_THROTTLE_MS, () => this.#loader.readTopics());
    this.#client.on('quote', ({ quote }) => {
      this.#dispatch({ type: 'quote', quote });
      if (quote.instrument !== state().chart.instrument) return;
      this.#tasks.throttle('chart', CHART_REFRESH_MS, () => this.#loader.reloadChart());
    });
    this.#client.on('post', ({ post }) => {
      this.#dispatch({ type: 'post', post });
      readTopics();
    });
    this.#client.on('member', ({ name, change }) => {
      this.#dispatch({ type: 'member', name, change });
      this.#tasks.throttle('members', EVENT_THROTTLE_MS, () => this.#loader.readMembers());
    });
    this.#client.on('role', ({ name, role }) => this.#dispatch({ type: 'role', name, role }));
    this.#client.on('unread', (event) => {
      if (event.with === undefined) readTopics();
      else readConversations();
    });
    this.#client.on('message', ({ message }) => {
      this.#dispatch({ type: 'directMessage', message });
      readConversations();
    });
    this.#client.on('listing', ({ change, listing }) => {
      const name = sanitizeText(listing.name);
      this.#dispatch({ type: 'listing', name, change });
      if (change !== 'published' || listing.member === this.#client.name) return;
      this.#notify(`${publicationNotice(listing)}: FETCH ${name}`, 'info');
    });
    this.#client.on('notice', ({ text }) => this.#notify(sanitizeText(text), 'info'));
  }

  runEffect(effect: Effect): void {
    const tasks = this.#tasks;
    const loader = this.#loader;
    switch (effect.type) {
      case 'runCommand':
        tasks.run(() => this.#runCommand(effect.command));
        break;
      case 'signIn':
      case 'signUp':
        tasks.run(() => this.#signIn(effect));
        break;
      case 'loadChart': {
        const { type: _, ...request } = effect;
        tasks.run(() => loader.loadChart(request));
        break;
      }
      case 'loadSeries':
        tasks.run(() => loader.readSeries(effect.instrument, effect.by));
        break;
      case 'saveChoice':
        tasks.run(() => this.#saveChoice(effect.instrument, effect.series));
        break;
      case 'saveWatchList':
        tasks.run(() => this.#saveWatchList(effect.instruments));
        break;
      case 'saveHistory':
        tasks.run(async () => void (await this.#history?.add(effect.line)));
        break;
      case 'openEditor':
        tasks.run(() => this.#openEditor(effect.text));
        break;
      case 'loadRates':
        tasks.throttle('rates', RATES_THROTTLE_MS, () => loader.readRates());
        break;
      case 'loadTrends':
        tasks.throttle('trends', EVENT_THROTTLE_MS, () => loader.readTrends());
        break;
      case 'loadPosts':
        tasks.run(() => loader.readPosts(effect));
        break;
      case 'markMessagesRead':
        tasks.run(() => loader.markMessagesRead(effect.member, effect.number));
        break;
      case 'copy':
        this.#options.onCopy?.(effect.text);
        break;
      case 'markRead':
        tasks.run(() => loader.markRead(effect.topic));
        break;
      case 'refresh':
        // Deferred, because a reconnect and the sign-in that follows both request it.
        tasks.throttle('refresh', 0, () => loader.readAll());
        break;
      case 'retry':
        if (this.#client.state.kind === 'ended') tasks.run(async () => void (await this.#client.start()));
        else this.#client.retryNow();
        break;
      case 'suspend':
        this.#options.onSuspend();
        break;
      case 'redraw':
        this.#options.onRedraw();
        break;
      case 'answerTransfer':
        tasks.run(() => this.#runCommand({ verb: effect.verb, id: effect.id }));
        break;
      case 'quit':
        if (this.#confirmQuit()) this.#options.onQuit(this.describeUnsent());
    }
  }

  async #loadChoices(): Promise<void> {
    try {
      await this.#choices?.load();
      await this.#watchLists?.load();
    } catch (thrown) {
      this.#notify(sanitizeText(AppError.from(thrown).message), 'bad');
    }
    this.#dispatchChoices('');
  }

  async #loadHistory(): Promise<void> {
    try {
      const lines = (await this.#history?.load()) ?? [];
      if (lines.length > 0) this.#dispatch({ type: 'history', lines });
    } catch (thrown) {
      this.#notify(sanitizeText(AppError.from(thrown).message), 'bad');
    }
  }

  async #openEditor(text: string): Promise<void> {
    try {
      const edited = await this.#options.onEdit?.(text);
      if (edited !== undefined) this.#dispatch({ type: 'edited', text: edited });
    } catch (thrown) {
      this.#notify(sanitizeText(AppError.from(thrown).message), 'bad');
    }
  }

  #dispatchChoices(member: string): void {
    if (this.#choices) this.#dispatch({ type: 'choices', choices: this.#choices.choicesOf(member) });
    if (this.#watchLists) this.#dispatch({ type: 'watchList', instruments: this.#watchLists.listOf(member) });
  }

  async #saveChoice(instrument: string, series: Series | null): Promise<void> {
    await this.#choices?.save(this.#options.state().member?.name ?? '', instrument, series);
  }

  async #saveWatchList(instruments: readonly string[]): Promise<void> {
    await this.#watchLists?.save(this.#options.state().member?.name ?? '', instruments);
  }

  async #signIn({ type, name, password, takeOver }: Extract<Effect, { type: 'signIn' | 'signUp' }>): Promise<void> {
    try {
      if (type === 'signUp') await this.#client.signUp({ name, password });
      else await this.#client.signIn({ name, password, ...(takeOver ? { takeOver } : {}) });
      this.#onSignedIn();
    } catch (thrown) {
      const { message, code } = AppError.from(thrown);
      this.#dispatch({ type: 'signInFailed', message: sanitizeText(message), reason: code });
    }
  }

  #onSignedIn(): void {
    const { name, role } = this.#client;
    const { member, form } = this.#options.state();
    if (name === null || role === null) return;
    if (member?.name === name && member.role === role && !form?.isBusy) return;
    this.#dispatch({ type: 'signedIn', name, role });
    this.#dispatchChoices(name);
  }

  #onSignedOut(failure: AppError | undefined): void {
    if (failure) this.#reportError(failure);
    this.#dispatch({ type: 'signedOut', ask: this.#client.target.kind !== 'local' });
    this.#dispatchChoices('');
  }

  #onPendingPosts(count: number): void {
    if (count === 0 || this.#client.state.kind === 'online') return;
    const posts = count === 1 ? 'Your post' : `${count} posts`;
    this.#notify(`${posts} will be sent when the connection is back.`, 'info');
  }

  #onLateResult(late: LateResult): void {
    const lines = lateResultLines(late);
    if (lines.length === 1) this.#notify(lines[0]!, 'good');
    else this.#showOutput(lines);
  }

  async #runCommand(command: RunnableCommand): Promise<void> {
    try {
      switch (command.verb) {
        case 'signOut':
          return await this.#signOut();
        case 'watch':
          return this.#showOutput(['The dashboard always shows all prices as they change.']);
        case 'post': {
          const { text, replyTo } = command;
          // A reply goes to the topic of the post.
          const shown = replyTo === undefined ? this.#options.state().forum.topic : null;
          const topic = command.topic ?? shown ?? undefined;
          const { number, at } = await this.#client.post({ text, ...defined({ topic, replyTo }) });
          return this.#notify(`Message #${number} posted at ${formatForumTime(at)}.`, 'good');
        }
        case 'message': {
          const { to, text } = command;
          const { message } = await this.#client.sendMessage({ to, text });
          this.#dispatch({ type: 'directMessage', message });
          return this.#notify(`Sent to ${sanitizeText(message.to)}.`, 'good');
        }
      }
      const lines = await this.#runner.run(command);
      if (isFileCommand(command)) this.#dispatchFiles();
      const isEdit = command.verb === 'edit' || command.verb === 'delete';
      const isBrief = isEdit || (isFileCommand(command) && command.verb !== 'notify');
      if (isBrief && lines.length < 2) this.#notify(lines[0] ?? '', 'good');
      else this.#showOutput(lines);
    } catch (thrown) {
      const error = AppError.from(thrown);
      this.#showOutput(isFileCommand(command) ? errorLines(error) : [sanitizeText(error.message)]);
    }
  }

  #createFiles(home: HomeDirectory): FileCommandRunner {
    return new FileCommandRunner({
      client: this.#client,
      home,
      onNotice: ({ lines, tone }) => this.#notify(lines.join('. '), tone),
      onChange: () => this.#tasks.throttle('files', TRANSFERS_THROTTLE_MS, async () => this.#dispatchFiles()),
    });
  }

  #dispatchFiles(): void {
    if (!this.#files) return;
    const { offers, transfers } = this.#files;
    this.#dispatch({ type: 'files', offers, transfers });
  }

  /** Whether to quit now. Warns once about running transfers and unsent messages. */
  #confirmQuit(): boolean {
    const warning = this.#runner.warnBeforeQuit();
    if (!warning) return true;
    const { transfers, unsent, advice } = warning;
    const running = transfers.length > 1 ? `${transfers.length} transfers are running.` : transfers[0];
    this.#notify([running, unsent, advice].filter((each) => each !== undefined).join(' '), 'bad');
    return false;
  }

  async #signOut(): Promise<void> {
    if (!this.#confirmQuit()) return;
    const { onQuit } = this.#options;
    const { name } = this.#client;
    const unsent = this.describeUnsent();
    if (name === null) return onQuit('Goodbye!');
    await this.#client.signOut();
    onQuit([`Signed out. Goodbye, ${sanitizeText(name)}!`, unsent].filter(Boolean).join(' '));
  }

  /** The format for output in the pane that shows it. */
  #outputFormat(): OutputFormat {
    const state = this.#options.state();
    const { columns, unicode, zoomed } = state;
    const pane = zoomed === null || zoomed === 'input' ? 'forum' : zoomed;
    const { width = columns } = computeLayout(state)[pane] ?? {};
    const fitWidth = Math.max(40, width - 2);
    return { width: fitWidth, fitWidth, unicode, style: PLAIN_STYLE, now: this.#now(), advice: 'verbs' };
  }

  #showOutput(lines: readonly string[]): void {
    this.#dispatch({ type: 'output', lines });
  }

  #notify(text: string, tone: Notice['tone']): void {
    this.#dispatch({ type: 'notice', text, tone });
  }

  #reportError(thrown: unknown): void {
    const failure = AppError.from(thrown);
    // The screen shows a lost connection already; the calls that it fails need no message each.
    if (failure.code === 'CONNECTION_ENDED' || this.#client.state.kind !== 'online') return;
    this.#notify(sanitizeText(failure.message), 'bad');
  }

  #onClientState(state: ReconnectState): void {
    const { target } = this.#client;
    const isOneOfSeveral = target.kind !== 'local' && target.fallbacks && state.kind === 'online';
    const address = isOneOfSeveral ? { address: target.key } : {};
    this.#dispatch({ type: 'connection', connection: this.#toConnectionStatus(state), ...address });
  }

  /** Stays offline while it reconnects, so that the screen does not flicker at every attempt. */
  #toConnectionStatus(state: ReconnectState): ConnectionStatus {
    const toClock = (monotonicMs: number) => Math.round(this.#now() + monotonicMs - performance.now());
    const reason = 'reason' in state ? sanitizeText(state.reason) : '';
    switch (state.kind) {
      case 'connecting':
        return this.#lastOffline ? { ...this.#lastOffline, nextTryAt: null } : { phase: 'connecting' };
      case 'offline': {
        const [since, nextTryAt] = [toClock(state.since), toClock(state.nextTryAt)];
        this.#lastOffline = { phase: 'offline', since, nextTryAt, reason };
        return this.#lastOffline;
      }
      case 'online':
      case 'ended':
        this.#lastOffline = undefined;
        return state.kind === 'online' ? { phase: 'online' } : { phase: 'ended', reason };
    }
  }
}
