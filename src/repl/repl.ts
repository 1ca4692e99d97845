import { readFile } from 'node:fs/promises';
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import { Link, type LinkState, type LinkWatch } from '../client/link.ts';
import { describeTarget } from '../client/target.ts';
import { type Deferred, deferred } from '../domain/deferred.ts';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { CATALOGUE } from '../domain/instrument.ts';
import { price, seriesId } from '../domain/quote.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';
import { writePrivate } from '../private-file.ts';
import type { Params, Result } from '../protocol/methods.ts';
import { completePath } from './complete-path.ts';
import { Files } from './files.ts';
import { type Action, complete, type FileAction, GrammarError, type Known, parse } from './grammar.ts';
import type { Caller } from './history.ts';
import { publishedLine } from './listings.ts';
import { type Paper, paperOf } from './paper.ts';
import { perform } from './perform.ts';
import { failureLines, helpLines, messageLine, postLine, quoteEvent } from './presenter.ts';
import { type Input, MutableOutput, type Output } from './terminal.ts';
import { stateSentence } from './transfers.ts';

export interface ReplOptions {
  /** The connection to begin with. On a terminal another one follows where it is lost; the last one is closed. */
  readonly client: Client;
  readonly input: Input;
  readonly output: Output;
  /** Where lines of earlier sessions are kept; none are where it is left out. */
  readonly historyFile?: string;
  /** Who sends the number of SUM when nobody is signed in. */
  readonly user: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface ReplOutcome {
  /** 0; 1 when the connection ended, or was lost under a script, or a line of a script failed. */
  readonly exit: 0 | 1;
  readonly lines: number;
  /** Numbers of the lines that failed, from 1. */
  readonly failed: readonly number[];
}

/** One line, as it was understood when it was read. */
type Item =
  | { readonly kind: 'action'; readonly action: Action | GrammarError }
  | { readonly kind: 'credentials'; readonly verb: Asked; readonly text: string };
type Asked = 'signIn' | 'signUp';

const HISTORY = 500;
/** A line waits out the daemon's rate limit this often: a script may be longer than one burst. */
const PATIENCE = 20;
/** Lines of a script that are read ahead of those that are done. */
const AHEAD = 1000;
const ASK: Record<Asked, SafeText> = {
  signIn: safeText`Type your username and your password (separate with a space " "). What you type is not shown.`,
  signUp: safeText`Type a username and a password (separate with a space " "). What you type is not shown.`,
};

/**
 * The line REPL: one line in, one answer out. On a terminal with prompt, history and completion; else it reads a
 * script. Lines are understood as they are read, before earlier ones are done, so that a pasted password is known for
 * one before it could be shown.
 */
export class Repl {
  readonly #link: Link;
  readonly #caller: Caller;
  readonly #input: Input;
  readonly #output: Output;
  readonly #historyFile: string | undefined;
  readonly #user: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #interactive: boolean;
  readonly #instruments = new Set(CATALOGUE.map(({ id }) => id));
  readonly #members = new Set<string>();
  readonly #listings = new Set<string>();
  readonly #files: Files;
  /** Somebody wants to end while files are under way, and was told. */
  #warned = false;
  /** Last price of each watched series, to say by how much it changed. */
  readonly #prices = new Map<string, number>();
  readonly #items: Item[] = [];
  readonly #failed: number[] = [];
  #count = 0;
  #more: Deferred<void> = deferred();
  #asked: Asked | undefined;
  #readline: Interface | undefined;
  #screen: MutableOutput | undefined;
  #busy = true;
  /** Credentials that were read and are not answered yet: what is typed meanwhile may be another try at them. */
  #signing = 0;
  #eof = false;
  #ended = false;
  #lost: Failure | undefined;
  #offline = false;
  #interrupted = false;

  constructor({ client, input, output, historyFile, user, env = process.env }: ReplOptions) {
    this.#input = input;
    this.#output = output;
    this.#historyFile = historyFile;
    this.#user = user;
    this.#env = env;
    this.#interactive = input.isTTY === true && output.isTTY === true;
    const link = new Link({
      target: client.target,
      home: client.home,
      connected: client,
      watch: this.#watch(),
      onOnline: () => this.#signed(),
      onState: (state) => this.#stateChanged(state),
      onSignedOut: (failure) => {
        if (failure && this.#interactive) this.#print([...failureLines(failure), safeText`Type -signin to sign in.`]);
      },
      onRefused: (failure) => this.#print(failureLines(failure)),
    });
    this.#link = link;
    this.#caller = callerOf(link);
    this.#files = new Files({
      link,
      home: client.home,
      isScript: !this.#interactive,
      onNews: ({ lines }) => {
        if (!this.#ended || !this.#interactive) this.#print(lines);
      },
    });
  }

  /** Reads and answers lines until the input, the person or the connection ends it. */
  async run(): Promise<ReplOutcome> {
    const history = await this.#readHistory();
    const listening = this.#listen();
    this.#open(history);
    void this.#link.start();
    try {
      if (this.#interactive) await this.#welcome();
      this.#busy = false;
      this.#prompt();
      for (let item = await this.#next(); item; item = await this.#next()) {
        this.#busy = true;
        this.#count++;
        if (!(await this.#answer(item))) this.#failed.push(this.#count);
        this.#busy = false;
        if (this.#ended) break;
        if (this.#items.length === 0) this.#prompt();
      }
      // What a script began is waited for: there is nobody to begin it again.
      if (!this.#interactive && !this.#lost) await this.#files.settled();
    } finally {
      for (const stop of listening) stop();
      this.#ended = true;
      await this.#files.stop();
      await this.#link.stop();
      await this.#close();
    }
    if (this.#lost) this.#print(failureLines(this.#lost));
    const failed = [...new Set([...this.#failed, ...this.#files.failed])].sort((a, b) => a - b);
    const isBad = this.#lost !== undefined || (!this.#interactive && failed.length > 0);
    return { exit: isBad ? 1 : 0, lines: this.#count, failed };
  }

  #open(history: string[]): void {
    if (this.#interactive) {
      this.#screen = new MutableOutput(this.#output);
      this.#readline = createInterface({
        input: this.#input,
        output: this.#screen,
        terminal: true,
        history,
        historySize: HISTORY,
        completer: (line: string) => (this.#asked ? [[], line] : complete(line, [...this.#instruments], this.#known())),
      });
      this.#readline.on('history', (kept: string[]) => {
        if (kept.length > 0 && this.#isPrivate(kept[0]!)) kept.shift();
      });
      this.#readline.on('SIGINT', () => this.#interrupt());
    } else {
      this.#readline = createInterface({ input: this.#input, crlfDelay: Number.POSITIVE_INFINITY });
    }
    this.#readline.on('line', (line) => this.#read(line));
    this.#readline.on('close', () => {
      this.#eof = true;
      this.#more.resolve();
    });
  }

  async #close(): Promise<void> {
    const readline = this.#readline as (Interface & { history?: string[] }) | undefined;
    if (this.#interactive && this.#eof && !this.#ended) this.#screen?.say(safeText`\n`);
    readline?.close();
    this.#input.pause();
    this.#screen?.release();
    if (!this.#historyFile || !this.#interactive) return;
    await writePrivate(this.#historyFile, `${[...(readline?.history ?? [])].reverse().join('\n')}\n`);
  }

  async #readHistory(): Promise<string[]> {
    if (!this.#historyFile || !this.#interactive) return [];
    try {
      const text = await readFile(this.#historyFile, 'utf8');
      return text.split('\n').filter(Boolean).slice(-HISTORY).reverse();
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new Failure('STORE_FAILED', `The history of lines ${this.#historyFile} cannot be read.`, { cause });
    }
  }

  async #welcome(): Promise<void> {
    const { name, target } = this.#link;
    this.#print([
      safeText`goldctl, connected to ${plain(describeTarget(target))}${name === null ? '' : safeText` as ${plain(name)}`}.`,
      safeText`Type -help for the commands${name === null ? ', -signin or -signup to sign in' : ''}, -quit to end.`,
    ]);
    await this.#arrive();
  }

  /** The names to complete are for those who may read: the control socket, and members. */
  async #arrive(): Promise<void> {
    if (!this.#interactive || (this.#link.name === null && this.#link.target.kind !== 'local')) return;
    try {
      const [{ quotes }, { members }, { listings }] = await Promise.all([
        this.#link.call('rates.list', {}),
        this.#link.call('members.active', {}),
        this.#link.call('files.discover', {}),
      ]);
      for (const { instrument } of quotes) this.#instruments.add(plain(instrument));
      for (const { name } of members) this.#members.add(plain(name));
      for (const { name } of listings) this.#listings.add(plain(name));
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.code !== 'CONNECTION_ENDED') this.#print(failureLines(failure));
    }
  }

  /** A script ends where its connection does: nobody is there to look what was done of it. */
  #stateChanged(state: LinkState): void {
    if (this.#ended) return;
    if (state.kind === 'online') {
      if (this.#offline) this.#print([safeText`Back online.`]);
      this.#offline = false;
    } else if (state.kind === 'offline' && this.#interactive) {
      if (!this.#offline)
        this.#print([safeText`Connection lost: ${plain(state.reason.replace(/\.$/, ''))}; trying again.`]);
      this.#offline = true;
    } else if (state.kind === 'offline' || state.kind === 'ended') {
      this.#lost = state.failure;
      this.#end();
    }
  }

  #end(): void {
    this.#ended = true;
    this.#more.resolve();
    void this.#link.stop(); // a post that waits for its connection waits no more
  }

  #listen(): (() => void)[] {
    const link = this.#link;
    return [
      link.on('quote', (event) => {
        const series = seriesId(event.quote);
        this.#instruments.add(plain(event.quote.instrument));
        this.#print([quoteEvent(event, this.#paper(), this.#prices.get(series))]);
        this.#prices.set(series, price(event.quote));
      }),
      link.on('post', ({ post }) => {
        if (this.#interactive && post.member !== link.name) this.#print([safeText`* ${postLine(post)}`]);
      }),
      link.on('message', ({ message }) => {
        if (this.#interactive && message.from !== link.name) this.#print([safeText`* ${messageLine(message)}`]);
      }),
      link.on('member', ({ name, change }) => {
        if (change === 'joined') this.#members.add(plain(name));
        else if (change === 'left') this.#members.delete(plain(name));
      }),
      link.on('listing', ({ change, listing }) => {
        this.#listings[change === 'published' ? 'add' : 'delete'](plain(listing.name));
        if (change === 'published' && listing.member !== link.name)
          this.#print([safeText`* ${publishedLine(listing)}`]);
      }),
      link.on('notice', ({ text }) => this.#print([safeText`* ${plain(text)}`])),
    ];
  }

  /** Runs while the line is being read: from here on what is typed shows, or not. */
  #read(line: string): void {
    this.#interrupted = false;
    const asked = this.#asked;
    this.#expect(undefined);
    if (asked) this.#screen?.say(safeText`\n`);
    if (this.#items.length >= AHEAD && !this.#interactive) this.#readline?.pause();
    const action = parse(line);
    const command = !(action instanceof GrammarError) && /^-\S+$/.test(line.trim());
    if (asked && !command) {
      this.#items.push({ kind: 'credentials', verb: asked, text: line });
      this.#signing++;
      this.#expect(undefined);
    } else {
      this.#items.push({ kind: 'action', action });
      if (!(action instanceof GrammarError) && (action.verb === 'signIn' || action.verb === 'signUp')) {
        this.#expect(action.verb);
      }
    }
    this.#more.resolve();
  }

  #expect(asked: Asked | undefined): void {
    this.#asked = asked;
    if (this.#screen) this.#screen.muted = asked !== undefined || this.#signing > 0;
  }

  async #next(): Promise<Item | undefined> {
    while (!this.#ended) {
      const item = this.#items.shift();
      if (this.#items.length === 0 && !this.#eof && !this.#interactive) this.#readline?.resume();
      if (item || this.#eof) return item;
      this.#more = deferred();
      // Whoever keeps a pipe open is in the room like somebody at a terminal: files may come for him.
      if (!this.#interactive && this.#link.name !== null) void this.#files.begin();
      await this.#more.promise;
    }
    return undefined;
  }

  /** Whether it went well. */
  async #answer(item: Item): Promise<boolean> {
    try {
      if (item.kind === 'credentials') {
        try {
          return await this.#sign(item.verb, item.text);
        } finally {
          this.#signing--;
          this.#expect(this.#asked);
        }
      }
      const { action } = item;
      if (action instanceof GrammarError) {
        this.#print([plain(action.message)]);
        return false;
      }
      return await this.#act(action);
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (this.#ended && failure.code === 'CONNECTION_ENDED') return false; // said once, at the end
      this.#print(failureLines(failure));
      return false;
    }
  }

  async #act(action: Action): Promise<boolean> {
    switch (action.verb) {
      case 'nothing':
        return true;
      case 'help':
        this.#print(helpLines());
        return true;
      case 'signIn':
      case 'signUp':
        if (!this.#interactive && this.#input.isTTY) {
          this.#expect(undefined);
          this.#print([safeText`What you type would show here. Sign in with "goldctl account signin NAME" first.`]);
          return false;
        }
        if (this.#interactive) this.#print([ASK[action.verb]]);
        return true; // the credentials are the next line
      case 'quit':
      case 'signOut': {
        const { name } = this.#link;
        if (!(await this.#mayEnd())) return true;
        this.#ended = true;
        if (action.verb === 'signOut' && name !== null) await this.#link.signOut();
        this.#print([name === null ? safeText`See ya!` : safeText`Successfully logout, seya ${plain(name)}!`]);
        return true;
      }
      case 'watch':
        return await this.#setWatch(action.instruments);
      case 'send':
      case 'publish':
      case 'unpublish':
      case 'fetch':
      case 'notify':
      case 'accept':
      case 'decline':
      case 'cancel':
        return await this.#doFiles(action);
      default:
        this.#print(await this.#patiently(() => perform(action, this.#caller, this.#paper(), this.#user)));
        return true;
    }
  }

  async #doFiles(action: FileAction): Promise<boolean> {
    const line = this.#count;
    this.#print(await this.#patiently(() => this.#files.perform(action, this.#paper(), line)));
    return true;
  }

  /** A script's transfers are waited for; a person decides, once he knows of them. */
  async #mayEnd(): Promise<boolean> {
    if (!this.#interactive) {
      await this.#files.settled();
      return true;
    }
    const { underWay } = this.#files;
    if (underWay.length === 0 || this.#warned) return true;
    this.#warned = true;
    this.#print([
      ...underWay.map(stateSentence),
      safeText`To end all the same, type it once more. What has arrived stays, and is not sent again.`,
    ]);
    return false;
  }

  #signed(): void {
    // The prompt need not wait until others can reach this peer.
    if (this.#interactive) void this.#files.online();
    else void this.#files.again();
  }

  #watch(): LinkWatch {
    return this.#interactive ? { forum: true, members: true, files: true } : {};
  }

  #known(): Known {
    const { offers, underWay } = this.#files;
    return {
      members: [...this.#members],
      listings: [...this.#listings],
      offers: offers.map(({ id }) => id),
      transfers: underWay.map(({ id }) => id),
      files: completePath,
    };
  }

  async #setWatch(instruments: 'all' | 'off' | readonly string[]): Promise<boolean> {
    const rates = instruments === 'all' ? true : [...instruments];
    await this.#link.watch({ ...this.#watch(), ...(instruments === 'off' ? {} : { rates }) });
    this.#prices.clear();
    const what =
      typeof instruments === 'string'
        ? { all: safeText`every price`, off: safeText`no prices` }[instruments]
        : joinSafe(instruments.map(plain), ', ');
    this.#print([safeText`Watching ${what}.`]);
    return true;
  }

  /** Signs in with `name password`, split at the first space: a password may hold spaces. */
  async #sign(verb: Asked, text: string): Promise<boolean> {
    const [, name = '', password = ''] = /^\s*(\S+)(?: (.*))?$/s.exec(text) ?? [];
    if (name === '') {
      this.#print([safeText`Nothing was sent. Type ${verb === 'signIn' ? '-signin' : '-signup'} to try again.`]);
      return false;
    }
    try {
      if (password === '')
        throw new Failure('INVALID_REQUEST', 'Typo error, please type again: name and password on one line.');
      if (verb === 'signIn') await this.#link.signIn({ name, password });
      else await this.#link.signUp({ name, password });
    } catch (thrown) {
      const failure = Failure.from(thrown);
      this.#print(signFailure(failure));
      const again =
        failure.data.retryAfterMs === undefined &&
        ['INVALID_REQUEST', 'WRONG_PASSWORD', 'NO_SUCH_ACCOUNT', 'ACCOUNT_EXISTS'].includes(failure.code);
      // People type it again at once, as the seed has it: what they type must not show.
      if (again && this.#interactive && this.#items.length === 0 && !this.#eof && !this.#ended) this.#expect(verb);
      return false;
    }
    const shown = plain(this.#link.name ?? name);
    this.#print([
      verb === 'signIn'
        ? safeText`Log in successfully! WELCOME "${shown}"`
        : safeText`A new account has been created. WELCOME "${shown}"`,
    ]);
    await this.#arrive();
    return true;
  }

  async #patiently<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (thrown) {
        const failure = Failure.from(thrown);
        const wait = failure.data.retryAfterMs;
        if (failure.code !== 'TOO_MANY_REQUESTS' || typeof wait !== 'number' || attempt > PATIENCE) throw thrown;
        await sleep(Math.min(wait, 10_000));
      }
    }
  }

  #interrupt(): void {
    if (this.#asked) {
      this.#expect(undefined);
      this.#clearTyped();
      this.#screen?.say(safeText`\n`);
      this.#print([safeText`Nothing was sent.`]);
    } else if (this.#readline?.line) {
      this.#screen?.say(safeText`^C\n`);
      this.#clearTyped();
      this.#prompt();
    } else if (this.#interrupted) {
      this.#end();
    } else {
      this.#interrupted = true;
      const under = this.#files.underWay.map(stateSentence);
      this.#print([...under, safeText`To end, type -quit, or press Ctrl-C once more.`]);
    }
  }

  #clearTyped(): void {
    this.#readline?.write(null, { ctrl: true, name: 'e' });
    this.#readline?.write(null, { ctrl: true, name: 'u' });
  }

  #prompt(): void {
    const readline = this.#readline;
    if (!this.#interactive || !readline || this.#eof) return;
    if (this.#asked) {
      this.#screen?.say(safeText`name password: `);
    } else {
      readline.setPrompt(safeText`${plain(this.#link.name ?? 'goldctl')}> `);
      readline.prompt(true);
    }
  }

  /** Prints above the line that is being typed, and shows that line again. */
  #print(lines: readonly SafeText[]): void {
    const text = safeText`${joinSafe(lines, '\n')}\n`;
    if (!this.#interactive || !this.#screen || !this.#readline) {
      writeText(this.#output, text);
      return;
    }
    const rows = this.#asked || this.#busy ? 0 : this.#readline.getCursorPos().rows;
    if (rows > 0) moveCursor(this.#output, 0, -rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
    writeText(this.#output, text);
    if (!this.#busy && !this.#ended) this.#prompt();
  }

  #paper(): Paper {
    return paperOf(this.#output, this.#env);
  }

  /** A line that holds a password, or may do so by mistake, is kept nowhere. */
  #isPrivate(line: string): boolean {
    return this.#screen?.muted === true || /^\s*-?sign/i.test(line);
  }
}

/** What is posted is sent again where the connection is lost meanwhile; without a connection nothing is begun. */
function callerOf(link: Link): Caller {
  return {
    get name() {
      return link.name;
    },
    async call(method, params) {
      if (method !== 'forum.post' || link.state.kind !== 'online') return await link.call(method, params);
      const post = await link.post(params as Params<'forum.post'>);
      return { post } as Result<typeof method>;
    },
  };
}

function signFailure(failure: Failure): SafeText[] {
  switch (failure.code) {
    case 'ACCOUNT_EXISTS':
      return [safeText`Account is already exists, you can type "-signin" to continue`];
    case 'ALREADY_SIGNED_IN':
      return [...failureLines(failure), safeText`To end the other session: goldctl account signin NAME --take-over`];
    default:
      return failureLines(failure);
  }
}
