import { readFile } from 'node:fs/promises';
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Client } from '../client/client.ts';
import { OutboxFolder } from '../client/outbox-folder.ts';
import { type ClientSubscription, ReconnectingClient, type ReconnectState } from '../client/reconnecting-client.ts';
import { clusterKey, describeTarget } from '../client/target.ts';
import { AppError } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { INSTRUMENT_CATALOGUE } from '../domain/instrument.ts';
import { referencePrice, seriesId } from '../domain/quote.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeFragment, sanitizeText } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';
import { writePrivateFileAtomic } from '../private-file.ts';
import { editByClusters } from './cluster-readline.ts';
import { commandHelpLines } from './command-help.ts';
import { CommandRunner } from './command-runner.ts';
import { completePath } from './complete-path.ts';
import { type CompletionContext, completeLine } from './completion.ts';
import { FileCommandRunner } from './file-command-runner.ts';
import { publicationNotice } from './file-listing-format.ts';
import { directMessageNotice, postNotice } from './forum-format.ts';
import { CommandSyntaxError, type ParsedCommand, parseCommandLine, type RpcCommand } from './grammar.ts';
import { lateResultLines } from './late-result-format.ts';
import { detectOutputFormat, type OutputFormat, type OutputStyle } from './output-format.ts';
import { findCredentials, firstLine, readPaste } from './paste.ts';
import { isPrivateLine } from './private-line.ts';
import { quoteEventLine } from './rate-format.ts';
import { RawTerminal } from './raw-terminal.ts';
import { errorLines, helpLines, isScriptComment } from './shell-format.ts';
import { CREDENTIALS_PROMPTS, type SignInCommand, signInWithLine } from './sign-in-line.ts';
import { MuteableOutput, type ShellInput, type ShellOutput } from './terminal.ts';
import { describeState } from './transfer-format.ts';

export interface ReplOptions {
  /** The first connection. A terminal reconnects when it is lost; the last connection is closed at the end. */
  readonly client: Client;
  readonly input: ShellInput;
  readonly output: ShellOutput;
  /** Where the lines of earlier sessions are stored; without it they are not stored. */
  readonly historyFile?: string;
  /** Sender of SUM if nobody is signed in. */
  readonly user: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The style of output on a terminal with colour. */
  readonly colourStyle?: OutputStyle | undefined;
  /** On a terminal: instruments whose price changes are printed from the start. */
  readonly watched?: readonly string[];
}

export interface ReplOutcome {
  /** 1 if the connection ended, if a script lost it, or if a line of a script failed; else 0. */
  readonly exit: 0 | 1;
  readonly lineCount: number;
  /** Numbers of the lines that failed, from 1. */
  readonly failedLines: readonly number[];
}

/** One line, parsed when it was read. */
type InputLine =
  | { readonly kind: 'command'; readonly command: ParsedCommand | CommandSyntaxError }
  | { readonly kind: 'credentials'; readonly verb: SignInCommand; readonly text: string };

const MAX_HISTORY_LINES = 500;
/** Pasted lines that are shown before they are run. */
const MAX_SHOWN_LINES = 20;
/** Lines of a script that may be read ahead of the line that is running. */
const MAX_READ_AHEAD_LINES = 1000;
/** Recent posts whose numbers are completed. */
const MAX_COMPLETED_POSTS = 50;

/**
 * The line REPL. On a terminal it has prompt, history and completion; otherwise it reads a script. Lines are parsed when
 * they are read, before earlier ones have run, so that a pasted password is recognized before it could be shown.
 */
export class Repl {
  readonly #client: ReconnectingClient;
  readonly #input: ShellInput;
  readonly #output: ShellOutput;
  readonly #historyFile: string | undefined;
  readonly #env: NodeJS.ProcessEnv;
  readonly #isInteractive: boolean;
  readonly #watched: readonly string[];
  readonly #instruments = new Set(INSTRUMENT_CATALOGUE.map(({ id }) => id));
  readonly #memberNames = new Set<string>();
  readonly #fileNames = new Set<string>();
  readonly #topics = new Set<string>();
  /** Newest last. */
  #postNumbers: number[] = [];
  readonly #colourStyle: OutputStyle | undefined;
  readonly #fileCommands: FileCommandRunner;
  readonly #runner: CommandRunner;
  /** Last price of each watched series, to compute its change. */
  readonly #lastPrices = new Map<string, number>();
  readonly #queue: InputLine[] = [];
  readonly #failedLines: number[] = [];
  #lineCount = 0;
  #lineArrived: Deferred<void> = deferred();
  #awaitingCredentials: SignInCommand | undefined;
  #readline: Interface | undefined;
  #terminal: MuteableOutput | undefined;
  #rawTerminal: RawTerminal | undefined;
  /** Pastes that arrived while a command was running. */
  readonly #waitingPastes: { readonly text: string; readonly isTruncated: boolean }[] = [];
  /** Pasted lines that the user is asked about. */
  #pastedLines: readonly string[] | undefined;
  #isBusy = true;
  /** Credentials that were read but not answered yet: the next typed line may be another attempt. */
  #pendingCredentials = 0;
  #hasInputEnded = false;
  #isStopped = false;
  #connectionError: AppError | undefined;
  #isOffline = false;
  /** Resolves when the connection is lost. */
  #connectionLost: Deferred<void> = deferred();
  /** What the session leaves unsent, for its last line. */
  #unsent: SafeText | undefined;
  #isInterrupted = false;

  constructor({ client, input, output, historyFile, user, env = process.env, colourStyle, watched = [] }: ReplOptions) {
    this.#input = input;
    this.#output = output;
    this.#historyFile = historyFile;
    this.#env = env;
    this.#colourStyle = colourStyle;
    this.#isInteractive = input.isTTY === true && output.isTTY === true;
    this.#watched = this.#isInteractive ? watched : [];
    this.#client = new ReconnectingClient({
      target: client.target,
      home: client.home,
      initialClient: client,
      subscription: { ...this.#baseWatch(), ...(this.#watched.length > 0 ? { rates: [...this.#watched] } : {}) },
      onOnline: () => this.#onOnline(),
      onState: (state) => this.#onStateChange(state),
      onSignedOut: (error) => {
        if (!error || !this.#isInteractive) return;
        const lines = errorLines(error);
        const isAdvised = lines.some((line) => line.includes('-signin'));
        this.#print(isAdvised ? lines : [...lines, safeText`Type -signin to sign in.`]);
      },
      onSubscriptionRejected: (error) => this.#print(errorLines(error)),
      // The author of a script learns from its exit status what failed, and runs it again.
      outbox: this.#isInteractive ? new OutboxFolder(client.home.outboxFolder, clusterKey(client.target)) : undefined,
      onLateResult: (late) => this.#print(lateResultLines(late)),
      onOutboxError: (error) => this.#print(errorLines(error)),
    });
    this.#fileCommands = new FileCommandRunner({
      client: this.#client,
      home: client.home,
      isScript: !this.#isInteractive,
      onNotice: ({ lines }) => {
        if (!this.#isStopped || !this.#isInteractive) this.#print(lines);
      },
    });
    this.#runner = new CommandRunner({
      client: this.#client,
      files: this.#fileCommands,
      format: () => this.#outputFormat(),
      user,
    });
  }

  /** Runs lines until the input ends, the user quits or the connection ends. */
  async run(): Promise<ReplOutcome> {
    const history = await this.#readHistory();
    const unsubscribes = this.#subscribe();
    this.#openInput(history);
    void this.#client.start();
    try {
      if (this.#isInteractive) await this.#welcome();
      this.#becomeIdle();
      for (let item = await this.#nextLine(); item; item = await this.#nextLine()) {
        this.#isBusy = true;
        this.#lineCount++;
        if (!(await this.#process(item))) this.#failedLines.push(this.#lineCount);
        if (this.#isStopped) break;
        if (this.#queue.length > 0) this.#isBusy = false;
        else this.#becomeIdle();
      }
      // Wait for the transfers of a script: nobody is there to restart them.
      if (!this.#isInteractive && !this.#connectionError) await this.#fileCommands.waitUntilFinished();
    } finally {
      for (const unsubscribe of unsubscribes) unsubscribe();
      this.#isStopped = true;
      this.#unsent ??= this.#runner.describeUnsent();
      await this.#fileCommands.stop();
      await this.#client.stop();
      await this.#closeInput();
    }
    if (this.#unsent && this.#isInteractive) this.#print([this.#unsent]);
    if (this.#connectionError) this.#print(errorLines(this.#connectionError));
    const failed = [...new Set([...this.#failedLines, ...this.#fileCommands.failedLines])].sort((a, b) => a - b);
    const isBad = this.#connectionError !== undefined || (!this.#isInteractive && failed.length > 0);
    return { exit: isBad ? 1 : 0, lineCount: this.#lineCount, failedLines: failed };
  }

  #openInput(history: string[]): void {
    if (this.#isInteractive) {
      this.#terminal = new MuteableOutput(this.#output);
      this.#rawTerminal = new RawTerminal({
        input: this.#input,
        output: this.#output,
        marksPastes: true,
        onPaste: (text, isTruncated) => this.#onPaste(text, isTruncated),
        onContinue: () => this.#onContinue(),
      });
      this.#readline = createInterface({
        input: this.#rawTerminal.keyboard as unknown as NodeJS.ReadableStream,
        output: this.#terminal,
        terminal: true,
        escapeCodeTimeout: 1, // the keyboard has waited for the rest of a key already
        history,
        historySize: MAX_HISTORY_LINES,
        completer: (line: string) =>
          this.#awaitingCredentials || this.#pastedLines
            ? [[], line]
            : completeLine(line, [...this.#instruments], this.#completionContext()),
      });
      editByClusters(this.#readline);
      this.#readline.on('history', (kept: string[]) => {
        if (kept.length > 0 && this.#isPrivate(kept[0]!)) kept.shift();
      });
      this.#readline.on('SIGINT', () => this.#interrupt());
      this.#readline.on('SIGTSTP', () => this.#rawTerminal?.suspend());
      this.#rawTerminal.start();
    } else {
      this.#readline = createInterface({ input: this.#input, crlfDelay: Number.POSITIVE_INFINITY });
    }
    this.#readline.on('line', (line) => this.#onLine(line));
    this.#readline.on('error', (error: NodeJS.ErrnoException) => {
      this.#connectionError = new AppError(
        'INVALID_REQUEST',
        `The input cannot be read (${error.code ?? error.message}).`,
      );
      this.#stop();
    });
    this.#readline.on('close', () => {
      this.#hasInputEnded = true;
      this.#lineArrived.resolve();
    });
  }

  async #closeInput(): Promise<void> {
    const readline = this.#readline as (Interface & { history?: string[] }) | undefined;
    if (this.#isInteractive && this.#hasInputEnded && !this.#isStopped) this.#terminal?.writeUnmuted(safeText`\n`);
    readline?.close();
    this.#rawTerminal?.stop();
    this.#input.pause();
    this.#terminal?.release();
    if (!this.#historyFile || !this.#isInteractive) return;
    const lines = (readline?.history ?? []).filter((line) => !/[\r\n]/.test(line)).reverse();
    await writePrivateFileAtomic(this.#historyFile, `${lines.join('\n')}\n`);
  }

  async #readHistory(): Promise<string[]> {
    if (!this.#historyFile || !this.#isInteractive) return [];
    try {
      const text = await readFile(this.#historyFile, 'utf8');
      return text.split('\n').filter(Boolean).slice(-MAX_HISTORY_LINES).reverse();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new AppError('STORE_FAILED', `The command history ${this.#historyFile} cannot be read.`, { cause });
    }
  }

  async #welcome(): Promise<void> {
    const { name, target } = this.#client;
    this.#print([
      safeText`goldctl, connected to ${sanitizeText(describeTarget(target))}${name === null ? '' : safeText` as ${sanitizeText(name)}`}.`,
      safeText`Type -help for the commands${name === null ? ', -signin or -signup to sign in' : ''}, -quit to quit.`,
    ]);
    if (this.#watched.length > 0) {
      const watched = joinSafe(this.#watched.map(sanitizeText), ', ');
      this.#print([safeText`Prices of ${watched} are printed as they change; WATCH OFF stops that.`]);
    }
    await this.#loadCompletionNames();
  }

  /** Only the control socket and members may read the names to complete. */
  async #loadCompletionNames(): Promise<void> {
    if (!this.#isInteractive || (this.#client.name === null && this.#client.target.kind !== 'local')) return;
    try {
      const [{ quotes }, { members }, { listings }, { topics }, { posts }] = await Promise.all([
        this.#client.call('rates.list', {}),
        this.#client.call('members.active', {}),
        this.#client.call('files.discover', {}),
        this.#client.call('forum.topics', {}),
        this.#client.call('forum.read', { limit: MAX_COMPLETED_POSTS }),
      ]);
      for (const { topic } of topics) this.#topics.add(sanitizeText(topic));
      this.#postNumbers = posts.map(({ number }) => number);
      for (const { instrument } of quotes) this.#instruments.add(sanitizeText(instrument));
      for (const { name } of members) this.#memberNames.add(sanitizeText(name));
      for (const { name } of listings) this.#fileNames.add(sanitizeText(name));
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code !== 'CONNECTION_ENDED') this.#print(errorLines(error));
    }
  }

  /** A script ends with its connection: nobody is there to check which lines were run. */
  #onStateChange(state: ReconnectState): void {
    if (this.#isStopped) return;
    if (state.kind === 'online') {
      if (this.#isOffline) {
        this.#connectionLost = deferred();
        this.#print([safeText`Back online.`]);
      }
      this.#isOffline = false;
    } else if (state.kind === 'offline' && this.#isInteractive) {
      if (!this.#isOffline)
        this.#print([safeText`Connection lost: ${sanitizeText(state.reason.replace(/\.$/, ''))}; reconnecting.`]);
      this.#isOffline = true;
      this.#connectionLost.resolve();
    } else if (state.kind === 'offline' || state.kind === 'ended') {
      this.#connectionError = state.failure;
      this.#stop();
    }
  }

  #stop(): void {
    this.#isStopped = true;
    this.#lineArrived.resolve();
    this.#unsent ??= this.#runner.describeUnsent();
    void this.#client.stop();
  }

  #subscribe(): (() => void)[] {
    const client = this.#client;
    return [
      client.on('quote', (event) => {
        const series = seriesId(event.quote);
        this.#instruments.add(sanitizeText(event.quote.instrument));
        this.#print([quoteEventLine(event, this.#outputFormat(), this.#lastPrices.get(series))]);
        this.#lastPrices.set(series, referencePrice(event.quote));
      }),
      client.on('post', ({ post }) => {
        this.#topics.add(sanitizeText(post.topic));
        this.#rememberPost(post.number);
        if (this.#isInteractive && post.member !== client.name)
          this.#print([safeText`* ${postNotice(post, this.#outputFormat())}`]);
      }),
      client.on('message', ({ message }) => {
        if (this.#isInteractive && message.from !== client.name)
          this.#print([safeText`* ${directMessageNotice(message, this.#outputFormat())}`]);
      }),
      client.on('member', ({ name, change }) => {
        if (change === 'joined') this.#memberNames.add(sanitizeText(name));
        else if (change === 'left') this.#memberNames.delete(sanitizeText(name));
      }),
      client.on('listing', ({ change, listing }) => {
        this.#fileNames[change === 'published' ? 'add' : 'delete'](sanitizeText(listing.name));
        if (change === 'published' && listing.member !== client.name)
          this.#print([safeText`* ${publicationNotice(listing)}`]);
      }),
      client.on('notice', ({ text }) => this.#print([safeText`* ${sanitizeText(text)}`])),
    ];
  }

  /** Runs before the next character is echoed, so that it can turn echo off. */
  #onLine(line: string): void {
    this.#isInterrupted = false;
    if (this.#pastedLines) {
      this.#answerPaste(this.#pastedLines, line);
      return;
    }
    const asked = this.#awaitingCredentials;
    const isComment = isScriptComment(line, this.#isInteractive);
    if (asked && isComment && !this.#isInteractive) {
      this.#queue.push({ kind: 'command', command: { verb: 'nothing' } }); // the credentials are still to come
      this.#lineArrived.resolve();
      return;
    }
    this.#awaitCredentials(undefined);
    if (asked) this.#terminal?.writeUnmuted(safeText`\n`);
    if (this.#queue.length >= MAX_READ_AHEAD_LINES && !this.#isInteractive) this.#readline?.pause();
    const command = isComment ? ({ verb: 'nothing' } as const) : parseCommandLine(line);
    const isCommand = !(command instanceof CommandSyntaxError) && /^-\S+$/.test(line.trim());
    if (asked && !isCommand) {
      this.#queue.push({ kind: 'credentials', verb: asked, text: line });
      this.#pendingCredentials++;
      this.#awaitCredentials(undefined);
    } else {
      this.#queue.push({ kind: 'command', command });
      if (!(command instanceof CommandSyntaxError) && (command.verb === 'signIn' || command.verb === 'signUp')) {
        this.#awaitCredentials(command.verb);
      }
    }
    this.#lineArrived.resolve();
  }

  #becomeIdle(): void {
    this.#isBusy = false;
    this.#prompt();
    for (const { text, isTruncated } of this.#waitingPastes.splice(0)) this.#onPaste(text, isTruncated);
  }

  #onPaste(text: string, isTruncated: boolean): void {
    const readline = this.#readline;
    if (!readline || this.#hasInputEnded || this.#isStopped) return;
    if (this.#isBusy) {
      this.#waitingPastes.push({ text, isTruncated });
      return;
    }
    const { line, cursor } = readline;
    if (isTruncated) {
      this.#print([
        safeText`The pasted text is too long, so nothing of it was used. To run many lines: goldctl shell < FILE`,
      ]);
    } else if (this.#awaitingCredentials || this.#pastedLines) {
      const first = firstLine(text);
      readline.write(first);
      if (first.length < text.trimEnd().length) this.#print([safeText`Only the first line of the paste was used.`]);
    } else {
      const paste = readPaste(text, line.slice(0, cursor), line.slice(cursor));
      if (paste.kind === 'text') this.#insert(paste.text);
      else this.#askAboutPaste(paste.lines);
    }
  }

  /** readline itself would run the text up to each line break. */
  #insert(text: string): void {
    const readline = this.#readline as Interface & { line: string; cursor: number };
    if (!text.includes('\n')) {
      readline.write(text);
      return;
    }
    readline.line = `${readline.line.slice(0, readline.cursor)}${text}${readline.line.slice(readline.cursor)}`;
    readline.cursor += text.length;
    this.#prompt();
  }

  #askAboutPaste(lines: readonly string[]): void {
    const isHidden = findCredentials(lines);
    const shown = lines
      .slice(0, MAX_SHOWN_LINES)
      .map((line, i) => (isHidden[i] ? safeText`  (name and password)` : safeText`  ${sanitizeFragment(line)}`));
    const rest = lines.length - shown.length;
    this.#clearLine();
    this.#pastedLines = lines;
    this.#print([safeText`You pasted:`, ...shown, ...(rest > 0 ? [safeText`  … and ${rest} more lines`] : [])]);
  }

  #answerPaste(lines: readonly string[], answer: string): void {
    this.#pastedLines = undefined;
    if (/^\s*y(es)?\s*$/i.test(answer)) for (const line of lines) this.#onLine(line);
    else this.#print([safeText`Nothing was run.`]);
  }

  /** The shell has written to the terminal, so the cursor is at the start of a line. */
  #onContinue(): void {
    if (this.#isBusy || this.#isStopped) return;
    (this.#readline as Interface & { prevRows?: number }).prevRows = 0;
    this.#prompt();
  }

  #awaitCredentials(asked: SignInCommand | undefined): void {
    this.#awaitingCredentials = asked;
    if (this.#terminal) this.#terminal.isMuted = asked !== undefined || this.#pendingCredentials > 0;
  }

  async #nextLine(): Promise<InputLine | undefined> {
    while (!this.#isStopped) {
      const item = this.#queue.shift();
      if (this.#queue.length === 0 && !this.#hasInputEnded && !this.#isInteractive) this.#readline?.resume();
      if (item || this.#hasInputEnded) return item;
      this.#lineArrived = deferred();
      // A script that keeps its pipe open counts as online, so members may send it files.
      if (!this.#isInteractive && this.#client.name !== null) void this.#fileCommands.ensureOnline();
      await this.#lineArrived.promise;
    }
    return undefined;
  }

  async #process(item: InputLine): Promise<boolean> {
    try {
      if (item.kind === 'credentials') {
        try {
          return await this.#signIn(item.verb, item.text);
        } finally {
          this.#pendingCredentials--;
          this.#awaitCredentials(this.#awaitingCredentials);
        }
      }
      const { command } = item;
      if (command instanceof CommandSyntaxError) {
        this.#print([sanitizeText(command.message)]);
        return false;
      }
      return await this.#execute(command);
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (this.#isStopped && error.code === 'CONNECTION_ENDED') return false; // reported once, at the end
      this.#print(errorLines(error));
      return false;
    }
  }

  async #execute(command: ParsedCommand): Promise<boolean> {
    switch (command.verb) {
      case 'nothing':
        return true;
      case 'help':
        this.#print(command.command === undefined ? helpLines() : commandHelpLines(command.command));
        return true;
      case 'signIn':
      case 'signUp':
        if (!this.#isInteractive && this.#input.isTTY) {
          this.#awaitCredentials(undefined);
          this.#print([
            safeText`Your password would be visible here. Sign in with "goldctl account signin NAME" first.`,
          ]);
          return false;
        }
        if (this.#isInteractive) this.#print([CREDENTIALS_PROMPTS[command.verb]]);
        return true; // the credentials are on the next line
      case 'quit':
      case 'signOut': {
        const { name } = this.#client;
        if (!(await this.#canQuit())) return true;
        this.#isStopped = true;
        this.#unsent = this.#runner.describeUnsent();
        if (command.verb === 'signOut' && name !== null) await this.#client.signOut();
        const goodbye = name === null ? safeText`Goodbye!` : safeText`Goodbye, ${sanitizeText(name)}!`;
        this.#print([command.verb === 'signOut' && name !== null ? safeText`Signed out. ${goodbye}` : goodbye]);
        return true;
      }
      case 'watch':
        return await this.#setWatch(command.instruments);
      default:
        if (this.#isInteractive && (command.verb === 'post' || command.verb === 'message'))
          return await this.#send(command);
        this.#print(await this.#runner.run(command, this.#lineCount));
        return true;
    }
  }

  /** Sends a post or direct message. If the connection is lost, the prompt does not wait: the outcome is printed later. */
  async #send(command: RpcCommand): Promise<boolean> {
    const sent = this.#runner.run(command).then(
      (lines) => ({ lines, isGood: true }),
      (thrown) => ({ lines: this.#isStopped ? [] : errorLines(AppError.from(thrown)), isGood: false }),
    );
    const outcome = await Promise.race([sent, this.#connectionLost.promise.then(() => undefined)]);
    if (outcome) {
      this.#print(outcome.lines);
      return outcome.isGood;
    }
    this.#print([safeText`There is no connection. The message is kept, and sent when the connection is back.`]);
    void sent.then(({ lines }) => lines.length > 0 && this.#print(lines));
    return true;
  }

  /** Waits for the transfers of a script. A person is warned once and then decides. */
  async #canQuit(): Promise<boolean> {
    if (!this.#isInteractive) {
      await this.#fileCommands.waitUntilFinished();
      return true;
    }
    const warning = this.#runner.warnBeforeQuit();
    if (warning) this.#print([...warning.transfers, ...(warning.unsent ? [warning.unsent] : []), warning.advice]);
    return warning === undefined;
  }

  #onOnline(): void {
    // The prompt does not wait until others can reach this peer.
    if (this.#isInteractive) void this.#fileCommands.goOnline();
    else void this.#fileCommands.rejoinOnline();
  }

  #baseWatch(): ClientSubscription {
    return this.#isInteractive ? { forum: true, members: true, files: true } : {};
  }

  #completionContext(): CompletionContext {
    const { offers, activeTransfers } = this.#fileCommands;
    return {
      members: [...this.#memberNames],
      listings: [...this.#fileNames],
      topics: [...this.#topics],
      posts: [...this.#postNumbers].reverse(),
      offers: offers.map(({ id }) => id),
      transfers: activeTransfers.map(({ id }) => id),
      completePath,
    };
  }

  #rememberPost(number: number): void {
    const others = this.#postNumbers.filter((each) => each !== number); // an edited post is announced again
    this.#postNumbers = [...others, number].slice(-MAX_COMPLETED_POSTS);
  }

  async #setWatch(instruments: 'all' | 'off' | readonly string[]): Promise<boolean> {
    const rates = instruments === 'all' ? true : [...instruments];
    await this.#client.watch({ ...this.#baseWatch(), ...(instruments === 'off' ? {} : { rates }) });
    this.#lastPrices.clear();
    const what =
      typeof instruments === 'string'
        ? { all: safeText`all prices`, off: safeText`no prices` }[instruments]
        : joinSafe(instruments.map(sanitizeText), ', ');
    this.#print([safeText`Watching ${what}.`]);
    return true;
  }

  async #signIn(command: SignInCommand, line: string): Promise<boolean> {
    const { isSignedIn, canRetry, lines } = await signInWithLine(this.#client, command, line);
    this.#print(lines);
    // People retype credentials at once, and that line must not be echoed.
    if (canRetry && this.#isInteractive && this.#queue.length === 0 && !this.#hasInputEnded && !this.#isStopped)
      this.#awaitCredentials(command);
    if (isSignedIn) await this.#loadCompletionNames();
    return isSignedIn;
  }

  #interrupt(): void {
    if (this.#awaitingCredentials) {
      this.#awaitCredentials(undefined);
      this.#clearLine();
      this.#terminal?.writeUnmuted(safeText`\n`);
      this.#print([safeText`Nothing was sent.`]);
    } else if (this.#pastedLines) {
      this.#clearLine();
      this.#terminal?.writeUnmuted(safeText`^C\n`);
      this.#answerPaste(this.#pastedLines, '');
    } else if (this.#readline?.line) {
      this.#terminal?.writeUnmuted(safeText`^C\n`);
      this.#clearLine();
      this.#prompt();
    } else if (this.#isInterrupted) {
      this.#stop();
    } else {
      this.#isInterrupted = true;
      const unsent = this.#runner.describeUnsent();
      const under = [...this.#fileCommands.activeTransfers.map(describeState), ...(unsent ? [unsent] : [])];
      this.#print([...under, safeText`To quit, type -quit or press Ctrl-C again.`]);
    }
  }

  #clearLine(): void {
    this.#readline?.write(null, { ctrl: true, name: 'e' });
    this.#readline?.write(null, { ctrl: true, name: 'u' });
  }

  #prompt(): void {
    const readline = this.#readline;
    if (!this.#isInteractive || !readline || this.#hasInputEnded) return;
    if (this.#awaitingCredentials) {
      this.#terminal?.writeUnmuted(safeText`name password: `);
    } else {
      readline.setPrompt(
        this.#pastedLines
          ? safeText`Run these ${this.#pastedLines.length} lines? [y/N] `
          : safeText`${sanitizeText(this.#client.name ?? 'goldctl')}> `,
      );
      readline.prompt(true);
    }
  }

  /** Prints above the line that is being typed, and redraws that line. */
  #print(lines: readonly SafeText[]): void {
    const text = safeText`${joinSafe(lines, '\n')}\n`;
    if (!this.#isInteractive || !this.#terminal || !this.#readline) {
      writeText(this.#output, text);
      return;
    }
    const rows = this.#awaitingCredentials || this.#isBusy ? 0 : this.#readline.getCursorPos().rows;
    if (rows > 0) moveCursor(this.#output, 0, -rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
    writeText(this.#output, text);
    if (!this.#isBusy && !this.#isStopped) this.#prompt();
  }

  #outputFormat(): OutputFormat {
    const format = detectOutputFormat(this.#output, this.#env, Date.now(), this.#colourStyle);
    return { ...format, advice: 'verbs' };
  }

  /** Lines that contain a password, or might by mistake, are not stored. */
  #isPrivate(line: string): boolean {
    return this.#terminal?.isMuted === true || this.#pastedLines !== undefined || isPrivateLine(line);
  }
}
