import { readFile } from 'node:fs/promises';
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import type { Client } from '../client/client.ts';
import { type ClientSubscription, ReconnectingClient, type ReconnectState } from '../client/reconnecting-client.ts';
import { describeTarget } from '../client/target.ts';
import { AppError } from '../domain/app-error.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { INSTRUMENT_CATALOGUE } from '../domain/instrument.ts';
import { referencePrice, seriesId } from '../domain/quote.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';
import { writePrivateFileAtomic } from '../private-file.ts';
import { CommandRunner } from './command-runner.ts';
import { completePath } from './complete-path.ts';
import { type CompletionContext, completeLine } from './completion.ts';
import { FileCommandRunner } from './file-command-runner.ts';
import { publicationNotice } from './file-listing-format.ts';
import { directMessageLine, postLine } from './forum-format.ts';
import { CommandSyntaxError, type ParsedCommand, parseCommandLine } from './grammar.ts';
import { detectOutputFormat, type OutputFormat } from './output-format.ts';
import { quoteEventLine } from './rate-format.ts';
import { errorLines, helpLines } from './shell-format.ts';
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
/** Lines of a script that may be read ahead of the line that is running. */
const MAX_READ_AHEAD_LINES = 1000;

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
  readonly #instruments = new Set(INSTRUMENT_CATALOGUE.map(({ id }) => id));
  readonly #memberNames = new Set<string>();
  readonly #fileNames = new Set<string>();
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
  #isBusy = true;
  /** Credentials that were read but not answered yet: the next typed line may be another attempt. */
  #pendingCredentials = 0;
  #hasInputEnded = false;
  #isStopped = false;
  #connectionError: AppError | undefined;
  #isOffline = false;
  #isInterrupted = false;

  constructor({ client, input, output, historyFile, user, env = process.env }: ReplOptions) {
    this.#input = input;
    this.#output = output;
    this.#historyFile = historyFile;
    this.#env = env;
    this.#isInteractive = input.isTTY === true && output.isTTY === true;
    this.#client = new ReconnectingClient({
      target: client.target,
      home: client.home,
      initialClient: client,
      subscription: this.#baseWatch(),
      onOnline: () => this.#onOnline(),
      onState: (state) => this.#onStateChange(state),
      onSignedOut: (error) => {
        if (error && this.#isInteractive) this.#print([...errorLines(error), safeText`Type -signin to sign in.`]);
      },
      onSubscriptionRejected: (error) => this.#print(errorLines(error)),
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
      this.#isBusy = false;
      this.#prompt();
      for (let item = await this.#nextLine(); item; item = await this.#nextLine()) {
        this.#isBusy = true;
        this.#lineCount++;
        if (!(await this.#process(item))) this.#failedLines.push(this.#lineCount);
        this.#isBusy = false;
        if (this.#isStopped) break;
        if (this.#queue.length === 0) this.#prompt();
      }
      // Wait for the transfers of a script: nobody is there to restart them.
      if (!this.#isInteractive && !this.#connectionError) await this.#fileCommands.waitUntilFinished();
    } finally {
      for (const unsubscribe of unsubscribes) unsubscribe();
      this.#isStopped = true;
      await this.#fileCommands.stop();
      await this.#client.stop();
      await this.#closeInput();
    }
    if (this.#connectionError) this.#print(errorLines(this.#connectionError));
    const failed = [...new Set([...this.#failedLines, ...this.#fileCommands.failedLines])].sort((a, b) => a - b);
    const isBad = this.#connectionError !== undefined || (!this.#isInteractive && failed.length > 0);
    return { exit: isBad ? 1 : 0, lineCount: this.#lineCount, failedLines: failed };
  }

  #openInput(history: string[]): void {
    if (this.#isInteractive) {
      this.#terminal = new MuteableOutput(this.#output);
      this.#readline = createInterface({
        input: this.#input,
        output: this.#terminal,
        terminal: true,
        history,
        historySize: MAX_HISTORY_LINES,
        completer: (line: string) =>
          this.#awaitingCredentials
            ? [[], line]
            : completeLine(line, [...this.#instruments], this.#completionContext()),
      });
      this.#readline.on('history', (kept: string[]) => {
        if (kept.length > 0 && this.#isPrivate(kept[0]!)) kept.shift();
      });
      this.#readline.on('SIGINT', () => this.#interrupt());
    } else {
      this.#readline = createInterface({ input: this.#input, crlfDelay: Number.POSITIVE_INFINITY });
    }
    this.#readline.on('line', (line) => this.#onLine(line));
    this.#readline.on('close', () => {
      this.#hasInputEnded = true;
      this.#lineArrived.resolve();
    });
  }

  async #closeInput(): Promise<void> {
    const readline = this.#readline as (Interface & { history?: string[] }) | undefined;
    if (this.#isInteractive && this.#hasInputEnded && !this.#isStopped) this.#terminal?.writeUnmuted(safeText`\n`);
    readline?.close();
    this.#input.pause();
    this.#terminal?.release();
    if (!this.#historyFile || !this.#isInteractive) return;
    await writePrivateFileAtomic(this.#historyFile, `${[...(readline?.history ?? [])].reverse().join('\n')}\n`);
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
    await this.#loadCompletionNames();
  }

  /** Only the control socket and members may read the names to complete. */
  async #loadCompletionNames(): Promise<void> {
    if (!this.#isInteractive || (this.#client.name === null && this.#client.target.kind !== 'local')) return;
    try {
      const [{ quotes }, { members }, { listings }] = await Promise.all([
        this.#client.call('rates.list', {}),
        this.#client.call('members.active', {}),
        this.#client.call('files.discover', {}),
      ]);
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
      if (this.#isOffline) this.#print([safeText`Back online.`]);
      this.#isOffline = false;
    } else if (state.kind === 'offline' && this.#isInteractive) {
      if (!this.#isOffline)
        this.#print([safeText`Connection lost: ${sanitizeText(state.reason.replace(/\.$/, ''))}; reconnecting.`]);
      this.#isOffline = true;
    } else if (state.kind === 'offline' || state.kind === 'ended') {
      this.#connectionError = state.failure;
      this.#stop();
    }
  }

  #stop(): void {
    this.#isStopped = true;
    this.#lineArrived.resolve();
    void this.#client.stop(); // a post that waits for a connection is dropped
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
        if (this.#isInteractive && post.member !== client.name) this.#print([safeText`* ${postLine(post)}`]);
      }),
      client.on('message', ({ message }) => {
        if (this.#isInteractive && message.from !== client.name)
          this.#print([safeText`* ${directMessageLine(message)}`]);
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
    const asked = this.#awaitingCredentials;
    this.#awaitCredentials(undefined);
    if (asked) this.#terminal?.writeUnmuted(safeText`\n`);
    if (this.#queue.length >= MAX_READ_AHEAD_LINES && !this.#isInteractive) this.#readline?.pause();
    const command = parseCommandLine(line);
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
        this.#print(helpLines());
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
        if (command.verb === 'signOut' && name !== null) await this.#client.signOut();
        const goodbye = name === null ? safeText`Goodbye!` : safeText`Goodbye, ${sanitizeText(name)}!`;
        this.#print([command.verb === 'signOut' && name !== null ? safeText`Signed out. ${goodbye}` : goodbye]);
        return true;
      }
      case 'watch':
        return await this.#setWatch(command.instruments);
      default:
        this.#print(await this.#runner.run(command, this.#lineCount));
        return true;
    }
  }

  /** Waits for the transfers of a script. A person is warned once and then decides. */
  async #canQuit(): Promise<boolean> {
    if (!this.#isInteractive) {
      await this.#fileCommands.waitUntilFinished();
      return true;
    }
    const warning = this.#runner.warnBeforeQuit();
    if (warning) this.#print(warning);
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
      offers: offers.map(({ id }) => id),
      transfers: activeTransfers.map(({ id }) => id),
      completePath,
    };
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
    } else if (this.#readline?.line) {
      this.#terminal?.writeUnmuted(safeText`^C\n`);
      this.#clearLine();
      this.#prompt();
    } else if (this.#isInterrupted) {
      this.#stop();
    } else {
      this.#isInterrupted = true;
      const under = this.#fileCommands.activeTransfers.map(describeState);
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
      readline.setPrompt(safeText`${sanitizeText(this.#client.name ?? 'goldctl')}> `);
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
    return detectOutputFormat(this.#output, this.#env);
  }

  /** Lines that contain a password, or might by mistake, are not stored. */
  #isPrivate(line: string): boolean {
    return this.#terminal?.isMuted === true || /^\s*-?sign/i.test(line);
  }
}
