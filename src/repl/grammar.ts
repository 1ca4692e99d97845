import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { findCatalogueInstrument } from '../domain/instrument.ts';
import { parseTopic } from '../domain/post.ts';
import { parsePriceUnit } from '../domain/price-conversion.ts';
import { sanitizeText } from '../domain/text.ts';
import { type EpochMs, parseDate, parseForumTime } from '../domain/time.ts';
import { parseBytes } from './byte-format.ts';
import { parseUserTime } from './parse-time.ts';
import { splitArguments, unquoteName } from './split-arguments.ts';
import { suggestName } from './suggestion.ts';

export const CHART_RANGES = ['1d', '1w', '1m', '3m', '1y', '5y', 'all'] as const;
export type ChartRange = (typeof CHART_RANGES)[number];

/** What a line asks for. `at` is the time that a post must still have; `in` is what prices are converted to. */
export type ParsedCommand = LocalCommand | RpcCommand | FileCommand;

/** Commands that shell and dashboard handle themselves. */
export type LocalCommand =
  | { readonly verb: 'nothing' }
  | { readonly verb: 'signUp' }
  | { readonly verb: 'signIn' }
  | { readonly verb: 'signOut' }
  | { readonly verb: 'quit' }
  /** `command`: the name of the one command to explain. */
  | { readonly verb: 'help'; readonly command?: string }
  | { readonly verb: 'watch'; readonly instruments: 'all' | 'off' | readonly string[] };

/** Commands that are RPC calls. */
export type RpcCommand =
  | { readonly verb: 'lookup'; readonly date: string; readonly instrument: string; readonly in?: string }
  | { readonly verb: 'market'; readonly instrument: string | 'ALL'; readonly in?: string }
  | { readonly verb: 'providers' }
  | {
      readonly verb: 'chart';
      readonly instrument: string;
      readonly range: ChartRange;
      /** The instrument that the first one is compared with. */
      readonly versus?: string;
    }
  | { readonly verb: 'post'; readonly text: string; readonly topic?: string; readonly replyTo?: number }
  | { readonly verb: 'edit'; readonly number: number; readonly at?: EpochMs; readonly text: string }
  | { readonly verb: 'delete'; readonly number: number; readonly at?: EpochMs }
  | { readonly verb: 'read'; readonly since?: EpochMs }
  | { readonly verb: 'find'; readonly text: string }
  | { readonly verb: 'topics' }
  | { readonly verb: 'message'; readonly to: string; readonly text: string }
  | { readonly verb: 'messages'; readonly with?: string }
  | { readonly verb: 'active' }
  | { readonly verb: 'ping'; readonly member: string }
  | { readonly verb: 'discover'; readonly member?: string; readonly text?: string }
  | { readonly verb: 'sum'; readonly number: number };

/** Commands for files and transfers. `id` is the number of a transfer. */
export type FileCommand =
  | { readonly verb: 'send'; readonly to: string; readonly file: string }
  | { readonly verb: 'publish'; readonly file: string; readonly name?: string }
  | { readonly verb: 'unpublish'; readonly name: string }
  | { readonly verb: 'fetch'; readonly name: string; readonly from: readonly string[] }
  | { readonly verb: 'notify' }
  /** `always`: also accept later files of the same member, up to this many bytes each. */
  | { readonly verb: 'accept'; readonly id: number; readonly always?: number }
  | { readonly verb: 'decline'; readonly id: number; readonly reason?: string }
  | { readonly verb: 'cancel'; readonly id: number };

/** Why a line is not a command: a sentence for the user, and the command they may have meant. */
export class CommandSyntaxError {
  readonly message: string;
  readonly suggestion: string | undefined;

  constructor(message: string, nearest?: string) {
    this.message = message;
    this.suggestion = nearest;
  }
}

/** What may follow a command, for completion. */
export type CompletionKind =
  | 'all or instrument'
  | 'instrument and unit'
  | 'instruments'
  | 'instrument and range'
  | 'member'
  | 'member and file'
  | 'member and text'
  | 'topic and text'
  | 'text'
  | 'post'
  | 'file'
  | 'listing'
  | 'listing and members'
  | 'offer'
  | 'offer to accept'
  | 'transfer'
  | 'command';

/** One row per command: parsing, help and completion use the same table. */
export interface ShellCommand {
  /** As shown; case does not matter when it is typed. */
  readonly name: string;
  readonly argsHint: string;
  readonly help: string;
  /** Other names that are accepted if nothing follows them. */
  readonly aliases?: readonly string[];
  /** Names from other programs. They are not accepted, but lead to this command as the suggestion. */
  readonly similarNames?: readonly string[];
  readonly completion?: CompletionKind;
  /** `rest` is the text after the command name, trimmed. */
  readonly parseArgs: (rest: string) => ParsedCommand | CommandSyntaxError;
}

/** Names of two instruments have fewer words. */
const MAX_NAME_WORDS = 16;

/** Longer lines are rejected: a post has at most 4,096 characters. */
export const MAX_COMMAND_CHARACTERS = 16_384;

export const SHELL_COMMANDS: readonly ShellCommand[] = [
  commandWithoutArgs('-signup', { verb: 'signUp' }, 'create an account, then type name password', ['register']),
  commandWithoutArgs('-signin', { verb: 'signIn' }, 'sign in, then type name password', ['login']),
  { ...commandWithoutArgs('-quit', { verb: 'quit' }, 'quit; also exit', ['exit', 'bye']), aliases: ['exit', 'quit'] },
  helpCommand('-help', 'list commands, or explain one; also HELP'),
  {
    name: 'MARKET',
    argsHint: 'ALL | instrument',
    help: 'show rates: MARKET BTC, MARKET SJC IN USD/ozt',
    similarNames: ['price', 'rates'],
    completion: 'all or instrument',
    parseArgs: (rest) => {
      if (rest === '') return usageError('MARKET', 'MARKET ALL', 'MARKET BTC');
      const { what, ...priceUnit } = splitPriceUnit(rest);
      if (priceUnit.in !== undefined && !parsePriceUnit(priceUnit.in)) return priceUnitError(priceUnit.in);
      return { verb: 'market', instrument: what.toUpperCase() === 'ALL' ? 'ALL' : what, ...priceUnit };
    },
  },
  {
    name: 'CHART',
    argsHint: 'instrument [other] [range]',
    help: `chart ${CHART_RANGES.join(' ')}: CHART SJC XAU 1y`,
    similarNames: ['history'],
    completion: 'instrument and range',
    parseArgs: parseChart,
  },
  {
    name: 'WATCH',
    argsHint: 'ALL | OFF | instruments',
    help: 'print price changes: WATCH SJC BTC',
    completion: 'instruments',
    parseArgs: (rest) => {
      if (rest === '') return usageError('WATCH', 'WATCH SJC BTC', 'WATCH ALL', 'WATCH OFF');
      const word = rest.toLowerCase();
      if (word === 'all' || word === 'off') return { verb: 'watch', instruments: word };
      const names = rest.split(rest.includes(',') ? ',' : /\s+/).flatMap((name) => name.trim() || []);
      if (names.length === 0) return usageError('WATCH', 'WATCH SJC BTC');
      return { verb: 'watch', instruments: names };
    },
  },
  commandWithoutArgs('PROVIDERS', { verb: 'providers' }, 'list rate providers and their status'),
  {
    name: 'MSG',
    argsHint: '[#topic] text',
    help: 'post a message: MSG Hello, MSG #gold It is up',
    similarNames: ['post', 'say'],
    completion: 'topic and text',
    parseArgs: (rest) => {
      // A number refers to a post (MSG #1 is right), and a keycap is an emoji.
      const [, topic, text = ''] =
        /^#(?!\d+(?![\p{L}\p{M}\p{Nd}_-])|\ufe0f?\u20e3)(\S+)(?:\s+(.*))?$/su.exec(rest) ?? [];
      if (topic === undefined && rest !== '') return { verb: 'post', text: rest };
      const reason = topic === undefined ? undefined : topicProblem(topic);
      if (reason !== undefined) return new CommandSyntaxError(reason, 'MSG');
      if (topic === undefined || text === '') return usageError('MSG', 'MSG Hello', 'MSG #gold It is up');
      return { verb: 'post', text, topic };
    },
  },
  {
    name: 'REPLY',
    argsHint: '#n text',
    help: 'reply to a message: REPLY #12 I agree',
    similarNames: ['answer', 're'],
    completion: 'post',
    parseArgs: (rest) => {
      const [, number = '', text = ''] = /^#?(\d{1,15})\s+(.*)$/s.exec(rest) ?? [];
      if (Number(number) < 1 || text === '') return usageError('REPLY', 'REPLY #12 I agree');
      return { verb: 'post', text, replyTo: Number(number) };
    },
  },
  {
    name: 'EDT',
    argsHint: '#n [time] text',
    help: 'edit your message, if its time still matches',
    similarNames: ['edit'],
    completion: 'post',
    parseArgs: (rest) => {
      const post = parsePostReference(rest);
      if (post instanceof CommandSyntaxError) return post;
      if (!post || post.rest === '')
        return usageError('EDT', 'EDT #1 Hello again', 'EDT #1 23 Feb 2021 15:00:01 Hello again');
      const { rest: text, ...which } = post;
      return { verb: 'edit', ...which, text };
    },
  },
  {
    name: 'DLT',
    argsHint: '#n [time]',
    help: 'delete your message: DLT #1',
    similarNames: ['delete'],
    completion: 'post',
    parseArgs: (rest) => {
      const post = parsePostReference(rest);
      if (post instanceof CommandSyntaxError) return post;
      if (post?.rest !== '') return usageError('DLT', 'DLT #1', 'DLT #1 23 Feb 2021 15:00:01');
      const { rest: _, ...which } = post;
      return { verb: 'delete', ...which };
    },
  },
  {
    name: 'RDM',
    argsHint: '[time]',
    help: 'read messages since: RDM 23 Feb 2021 15:00:00',
    similarNames: ['read'],
    parseArgs: (rest) => {
      if (rest === '') return { verb: 'read' };
      const since = parseUserTime(rest, Date.now());
      if (since !== undefined) return { verb: 'read', since };
      return new CommandSyntaxError(
        'Invalid date and time. Examples: RDM 23 Feb 2021 15:00:00, RDM 2021-02-23, RDM 2021-02-23 15:00, RDM 2h',
      );
    },
  },
  {
    name: 'FIND',
    argsHint: 'text',
    help: 'search messages: FIND vang, FIND @hans',
    similarNames: ['search', 'grep'],
    completion: 'text',
    parseArgs: (rest) => (rest === '' ? usageError('FIND', 'FIND vang') : { verb: 'find', text: rest }),
  },
  commandWithoutArgs('TOPICS', { verb: 'topics' }, 'list topics and unread counts', ['channels']),
  {
    name: 'DM',
    argsHint: '[name [text]]',
    help: 'send a direct message: DM hans Hello',
    similarNames: ['tell', 'whisper', 'pm', 'query'],
    completion: 'member and text',
    parseArgs: (rest) => {
      const [, to = '', text = ''] = /^@?(\S*)(?:\s+(.*))?$/s.exec(rest) ?? [];
      if (text !== '') return { verb: 'message', to, text };
      return to === '' ? { verb: 'messages' } : { verb: 'messages', with: to };
    },
  },
  commandWithoutArgs('ATU', { verb: 'active' }, 'list online members', ['users', 'who']),
  {
    name: 'UPD',
    argsHint: 'user file',
    help: 'send a file or folder: UPD yoda lecture1.mp4',
    similarNames: ['send', 'upload'],
    completion: 'member and file',
    parseArgs: (rest) => {
      const [, to = '', file = ''] = /^@?(\S+)\s+(.+)$/s.exec(rest) ?? [];
      const path = unquoteName(file);
      return to === '' || path === '' ? usageError('UPD', 'UPD yoda lecture1.mp4') : { verb: 'send', to, file: path };
    },
  },
  {
    name: 'ACCEPT',
    argsHint: 'n [ALWAYS size]',
    help: 'accept an offered file: ACCEPT 3',
    similarNames: ['yes', 'receive'],
    completion: 'offer to accept',
    parseArgs: (rest) => {
      const [, n, always, size = ''] = /^#?(\d{1,9})(?:\s+(always)(?:\s+(.*))?)?$/i.exec(rest) ?? [];
      const limit = size === '' ? Number.MAX_SAFE_INTEGER : parseBytes(size);
      if (n === undefined || limit === undefined) return usageError('ACCEPT', 'ACCEPT 3', 'ACCEPT 3 ALWAYS 500MB');
      return { verb: 'accept', id: Number(n), ...(always === undefined ? {} : { always: limit }) };
    },
  },
  {
    name: 'DECLINE',
    argsHint: 'n [reason]',
    help: 'decline an offered file: DECLINE 3',
    similarNames: ['refuse', 'reject'],
    completion: 'offer',
    parseArgs: (rest) => {
      const [, n, reason = ''] = /^#?(\d{1,9})(?:\s+(.*))?$/s.exec(rest) ?? [];
      if (n === undefined) return usageError('DECLINE', 'DECLINE 3', 'DECLINE 3 too large');
      return { verb: 'decline', id: Number(n), ...(reason === '' ? {} : { reason }) };
    },
  },
  {
    name: 'CANCEL',
    argsHint: 'n',
    help: 'cancel a transfer: CANCEL 3',
    similarNames: ['abort', 'stop'],
    completion: 'transfer',
    parseArgs: (rest) => {
      const [, n] = /^#?(\d{1,9})$/.exec(rest) ?? [];
      return n === undefined ? usageError('CANCEL', 'CANCEL 3') : { verb: 'cancel', id: Number(n) };
    },
  },
  commandWithoutArgs('NOTIFY', { verb: 'notify' }, 'list pending offers and transfers', [
    'transfers',
    'offers',
    'notifications',
  ]),
  {
    name: 'PUBLISH',
    argsHint: 'file [name]',
    help: 'publish a file: PUBLISH lecture1.mp4',
    similarNames: ['share'],
    completion: 'file',
    parseArgs: (rest) => {
      const [file, name, ...more] = splitArguments(rest) ?? [];
      if (file === undefined || file === '' || name === '' || more.length > 0) {
        return usageError('PUBLISH', 'PUBLISH lecture1.mp4', 'PUBLISH "my lecture.mp4" lecture1.mp4');
      }
      return { verb: 'publish', file, ...defined({ name }) };
    },
  },
  {
    name: 'UNPUBLISH',
    argsHint: 'name',
    help: 'stop publishing a file: UNPUBLISH lecture1.mp4',
    similarNames: ['unshare'],
    completion: 'listing',
    parseArgs: (rest) => {
      const name = unquoteName(rest);
      return name === '' ? usageError('UNPUBLISH', 'UNPUBLISH lecture1.mp4') : { verb: 'unpublish', name };
    },
  },
  {
    name: 'LIST',
    argsHint: '[text]',
    help: 'list files of online members: LIST, LIST lecture',
    similarNames: ['files', 'ls'],
    completion: 'listing',
    parseArgs: (rest) => ({ verb: 'discover', ...(rest === '' ? {} : { text: rest }) }),
  },
  {
    name: 'DISCOVER',
    argsHint: 'user',
    help: 'list files of one member: DISCOVER yoda',
    completion: 'member',
    parseArgs: (rest) => {
      const [, member] = /^@?(\S+)$/.exec(rest) ?? [];
      return member === undefined ? usageError('DISCOVER', 'DISCOVER yoda') : { verb: 'discover', member };
    },
  },
  {
    name: 'FETCH',
    argsHint: 'name [@user]',
    help: 'download a published file: FETCH lecture1.mp4',
    similarNames: ['get', 'download'],
    completion: 'listing and members',
    parseArgs: (rest) => {
      const quoted = /^(["'])([^"']*)\1(.*)$/s.exec(rest);
      const [, text = '', members = ''] = /^(.*?)((?:\s+@\S+)*)$/s.exec(quoted ? quoted[3]! : rest) ?? [];
      const name = quoted ? quoted[2]! : text;
      const isWhole = quoted ? text === '' : !/^["']/.test(name);
      if (name === '' || !isWhole) return usageError('FETCH', 'FETCH lecture1.mp4', 'FETCH lecture1.mp4 @yoda @han');
      return { verb: 'fetch', name, from: members.split(/\s+@/).filter((member) => member !== '') };
    },
  },
  {
    name: 'PING',
    argsHint: 'user',
    help: 'measure round-trip time to a member: PING yoda',
    completion: 'member',
    parseArgs: (rest) => {
      const [, member] = /^@?(\S+)$/.exec(rest) ?? [];
      return member === undefined ? usageError('PING', 'PING yoda') : { verb: 'ping', member };
    },
  },
  {
    name: 'SUM',
    argsHint: 'n',
    help: 'add your number to one of the daemon: SUM 25',
    parseArgs: (rest) =>
      /^[+-]?\d{1,15}$/.test(rest) ? { verb: 'sum', number: Number(rest) } : usageError('SUM', 'SUM 25'),
  },
  commandWithoutArgs('OUT', { verb: 'signOut' }, 'sign out and quit', ['logout', 'signout']),
  helpCommand('HELP', 'list commands, or explain one: HELP MSG'),
];

/** The row for lookups, which begin with a date in place of a command name. */
export const RATE_LOOKUP = {
  name: 'yyyy-mm-dd',
  argsHint: 'instrument',
  help: 'show prices on a date: 2021-12-27 SJC IN USD/ozt',
};

/** Commands that must not be suggested for a word that is not nearly their name. */
export const DESTRUCTIVE_COMMANDS: ReadonlySet<string> = new Set([
  'EDT',
  'DLT',
  'UNPUBLISH',
  'ACCEPT',
  'DECLINE',
  'CANCEL',
  'OUT',
]);

/** Names of commands, and names that other programs have for them. */
const SUGGESTIBLE_NAMES = SHELL_COMMANDS.flatMap(({ name: command, similarNames = [] }) =>
  [command, ...similarNames].map((name) => ({ name, command, isDestructive: DESTRUCTIVE_COMMANDS.has(command) })),
);

export const COMMANDS_BY_NAME = new Map(SHELL_COMMANDS.map((command) => [command.name, command]));

/** The command of a name in any case. */
export function findShellCommand(name: string): ShellCommand | undefined {
  return COMMANDS_BY_NAME.get(name.toLowerCase()) ?? COMMANDS_BY_NAME.get(name.toUpperCase());
}

/** The command of another name that is accepted if nothing follows it: such words also begin sentences. */
function findAlias(name: string): ShellCommand | undefined {
  return SHELL_COMMANDS.find(({ aliases = [] }) => aliases.includes(name.toLowerCase()));
}

export function parseCommandLine(line: string): ParsedCommand | CommandSyntaxError {
  if (line.length > MAX_COMMAND_CHARACTERS) {
    return new CommandSyntaxError(`The line has ${line.length} characters; the limit is ${MAX_COMMAND_CHARACTERS}.`);
  }
  const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(line.trim())!;
  if (word === '') return { verb: 'nothing' };
  const command = findShellCommand(word) ?? (rest === '' ? findAlias(word) : undefined);
  if (command) return command.parseArgs(rest);
  if (/^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$/.test(word)) return parseLookup(word, rest);
  return unknownCommandError(word, line);
}

function commandWithoutArgs(
  name: string,
  command: ParsedCommand,
  help: string,
  similarNames: string[] = [],
): ShellCommand {
  const error = new CommandSyntaxError(`${name} takes no arguments. Please retry.`, name);
  return { name, argsHint: '', help, similarNames, parseArgs: (rest) => (rest === '' ? command : error) };
}

function helpCommand(name: string, help: string): ShellCommand {
  return {
    name,
    argsHint: '[command]',
    help,
    completion: 'command',
    parseArgs: (rest) => {
      if (rest === '') return { verb: 'help' };
      const command = findShellCommand(rest) ?? findAlias(rest);
      return command ? { verb: 'help', command: command.name } : unknownHelpError(rest);
    },
  };
}

function unknownHelpError(name: string): CommandSyntaxError {
  const { suggestion } = unknownCommandError(name, name);
  const shown = sanitizeText(name).slice(0, 40);
  return suggestion === undefined || suggestion === 'HELP' || suggestion.includes(' ')
    ? new CommandSyntaxError(`There is no command ${shown}. Type HELP for the list of commands.`, 'HELP')
    : new CommandSyntaxError(`There is no command ${shown}. Did you mean HELP ${suggestion}?`, `HELP ${suggestion}`);
}

function usageError(word: string, ...examples: string[]): CommandSyntaxError {
  const message = `Invalid format of ${word}. Please retry, for example: ${examples.join('  or  ')}`;
  return new CommandSyntaxError(message, word);
}

/** Words that look like a range: `2y`, `6months`, `max`. */
const RANGE_LIKE = /^(?:\d{1,4}(?:min|h|d|w|m|mo|q|y|yr)s?|\d{1,4}(?:hour|day|week|month|year)s?|max|ytd)$/i;

/** Parses `SJC`, `SJC 1y`, `SJC XAU 1y`, `vàng sjc vs vàng thế giới 1y`. Names may contain spaces. */
function parseChart(rest: string): ParsedCommand | CommandSyntaxError {
  const [, before = '', last = ''] = /^(?:(.*)\s)?(\S*)$/s.exec(rest) ?? [];
  const range = CHART_RANGES.find((each) => each === last.toLowerCase());
  const names = range ? before.trim() : rest;
  if (names === '') return usageError('CHART', 'CHART SJC 1y', 'CHART SJC XAU 1y');
  if (!range && RANGE_LIKE.test(last) && !findCatalogueInstrument(names)) {
    const name = sanitizeText(before.trim()) || 'SJC';
    return new CommandSyntaxError(
      `"${sanitizeText(last)}" is not a range of a chart. Ranges: ${CHART_RANGES.join(' ')}. Example: CHART ${name} 1y`,
      'CHART',
    );
  }
  const [instrument, versus] = splitComparison(names);
  return { verb: 'chart', instrument, range: range ?? '1y', ...defined({ versus }) };
}

/** Splits two names at `vs`, or where both parts are known instruments and the whole is none. */
function splitComparison(names: string): readonly [instrument: string, versus?: string] {
  const [, first, second] = /^(.*\S)\s+vs\.?\s+(\S.*)$/is.exec(names) ?? [];
  if (first !== undefined && second !== undefined) return [first, second];
  const words = names.split(/\s+/);
  if (words.length === 1 || words.length > MAX_NAME_WORDS || findCatalogueInstrument(names)) return [names];
  for (let i = 1; i < words.length; i++) {
    const [a, b] = [words.slice(0, i).join(' '), words.slice(i).join(' ')];
    if (findCatalogueInstrument(a) && findCatalogueInstrument(b)) return [a, b];
  }
  return [names];
}

/** Why `#word` is not a topic; undefined if it is one. Nothing is posted then: the text was meant for that topic alone. */
function topicProblem(word: string): string | undefined {
  try {
    parseTopic(`#${word}`);
    return undefined;
  } catch (thrown) {
    const shown = sanitizeText(word);
    const name = shown.length > 40 ? `${shown.slice(0, 40)}…` : shown;
    return `Nothing was posted. "#${name}" is not a topic: ${AppError.from(thrown).message}`;
  }
}

function parseLookup(date: string, instrument: string): ParsedCommand | CommandSyntaxError {
  if (!parseDate(date)) {
    return new CommandSyntaxError(`"${date}" is not a valid date. Example: 2021-12-27 SJC`);
  }
  if (instrument === '') return new CommandSyntaxError(`Which instrument? Example: ${date} SJC`);
  const { what, ...priceUnit } = splitPriceUnit(instrument);
  if (priceUnit.in !== undefined && !parsePriceUnit(priceUnit.in)) return priceUnitError(priceUnit.in);
  return { verb: 'lookup', date, instrument: what, ...priceUnit };
}

/** Splits `SJC in USD/ozt` into the instrument and the unit to convert to. */
function splitPriceUnit(text: string): { what: string; in?: string } {
  const [, what, priceUnit] = /^(.*\S)\s+in\s+(\S.*)$/is.exec(text) ?? [];
  return what === undefined || priceUnit === undefined ? { what: text } : { what, in: priceUnit };
}

function priceUnitError(text: string): CommandSyntaxError {
  return new CommandSyntaxError(
    `"${sanitizeText(text).slice(0, 40)}" is neither a currency nor a unit. Examples: MARKET SJC IN USD/ozt, MARKET SJC IN chỉ`,
  );
}

/** Parses `#12 [23 Feb 2021 15:00:01] rest`; undefined if there is no number. */
function parsePostReference(
  text: string,
): { number: number; at?: EpochMs; rest: string } | CommandSyntaxError | undefined {
  const match = /^#?(\d{1,15})(?:\s+(.*))?$/s.exec(text);
  const number = Number(match?.[1] ?? 0);
  if (!match || number < 1) return undefined;
  const [, time, after = ''] =
    /^(\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2})(?:\s+(.*))?$/s.exec(match[2] ?? '') ?? [];
  if (time === undefined) return { number, rest: match[2] ?? '' };
  const at = parseForumTime(time);
  if (at === undefined) return new CommandSyntaxError(`"${time}" is not a valid time. Example: 23 Feb 2021 15:00:01`);
  return { number, at, rest: after };
}

function unknownCommandError(word: string, line: string): CommandSyntaxError {
  const text = 'Invalid command. Please retry.';
  const name = sanitizeText(line);
  if (name.length <= 64 && findCatalogueInstrument(name)) return suggestionError(text, `MARKET ${name}`);
  const meant = suggestName(word, SUGGESTIBLE_NAMES);
  return meant === undefined
    ? new CommandSyntaxError(`${text} Type HELP for the list of commands.`, 'HELP')
    : suggestionError(text, meant.command);
}

function suggestionError(text: string, nearest: string): CommandSyntaxError {
  return new CommandSyntaxError(`${text} Did you mean ${nearest}?`, nearest);
}
