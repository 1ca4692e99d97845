import { distance } from 'fastest-levenshtein';
import { parseMeasure } from '../domain/conversion.ts';
import { plain } from '../domain/fold.ts';
import { type Instant, parseDay, parseSeedTime } from '../domain/instant.ts';
import { knownInstrument } from '../domain/instrument.ts';
import { parseBytes } from './bytes.ts';
import { oneName, words } from './words.ts';

export const RANGES = ['1d', '1w', '1m', '3m', '1y', '5y', 'all'] as const;
export type Range = (typeof RANGES)[number];

/**
 * What one line asks for. `at` of an edit or deletion is the time that the post must still carry (the forum seed); `in` is
 * the currency, unit or both that prices are converted to.
 */
export type Action =
  | { readonly verb: 'nothing' }
  | { readonly verb: 'signUp' }
  | { readonly verb: 'signIn' }
  | { readonly verb: 'signOut' }
  | { readonly verb: 'quit' }
  | { readonly verb: 'help' }
  | { readonly verb: 'lookup'; readonly date: string; readonly instrument: string; readonly in?: string }
  | { readonly verb: 'market'; readonly instrument: string | 'ALL'; readonly in?: string }
  | { readonly verb: 'providers' }
  | { readonly verb: 'chart'; readonly instrument: string; readonly range: Range }
  | { readonly verb: 'watch'; readonly instruments: 'all' | 'off' | readonly string[] }
  | { readonly verb: 'post'; readonly text: string; readonly topic?: string }
  | { readonly verb: 'edit'; readonly number: number; readonly at?: Instant; readonly text: string }
  | { readonly verb: 'delete'; readonly number: number; readonly at?: Instant }
  | { readonly verb: 'read'; readonly since?: Instant }
  | { readonly verb: 'find'; readonly text: string }
  | { readonly verb: 'topics' }
  | { readonly verb: 'message'; readonly to: string; readonly text: string }
  | { readonly verb: 'messages'; readonly with?: string }
  | { readonly verb: 'active' }
  | { readonly verb: 'ping'; readonly member: string }
  | { readonly verb: 'discover'; readonly member?: string; readonly text?: string }
  | FileAction
  | { readonly verb: 'sum'; readonly number: number };

/** What is done with files of one's own, and on their way. `id` is the number of a transfer. */
export type FileAction =
  | { readonly verb: 'send'; readonly to: string; readonly file: string }
  | { readonly verb: 'publish'; readonly file: string; readonly name?: string }
  | { readonly verb: 'unpublish'; readonly name: string }
  | { readonly verb: 'fetch'; readonly name: string; readonly from: readonly string[] }
  | { readonly verb: 'notify' }
  /** `always`: and all later ones of the same member, up to so many bytes each. */
  | { readonly verb: 'accept'; readonly id: number; readonly always?: number }
  | { readonly verb: 'decline'; readonly id: number; readonly reason?: string }
  | { readonly verb: 'cancel'; readonly id: number };

/** Why a line is no action: a sentence for people, and what they may have meant. */
export class GrammarError {
  readonly message: string;
  readonly nearest: string | undefined;

  constructor(message: string, nearest?: string) {
    this.message = message;
    this.nearest = nearest;
  }
}

/** What may follow a verb, for completion. */
type Completes =
  | 'instrument'
  | 'all or instrument'
  | 'instruments'
  | 'instrument and range'
  | 'member'
  | 'member and file'
  | 'file'
  | 'listing'
  | 'offer'
  | 'transfer'
  | 'nothing';

/** What completion knows besides verbs and instruments. */
export interface Known {
  readonly members?: readonly string[];
  /** Names of published files. */
  readonly listings?: readonly string[];
  /** Numbers of offers that wait, and of transfers that are not over. */
  readonly offers?: readonly number[];
  readonly transfers?: readonly number[];
  /** Paths of files on this machine that begin so. */
  readonly files?: (start: string) => readonly string[];
}

/** One row a verb: parsing, help and completion read the same table. */
export interface Verb {
  /** As it is shown; it is typed in any case. */
  readonly word: string;
  /** What follows it, as it is shown. */
  readonly follows: string;
  readonly help: string;
  /** What people coming from elsewhere type for it: not understood, but answered with this verb as the nearest. */
  readonly like?: readonly string[];
  readonly completes: Completes;
  /** `rest` is what follows the verb, without the white space around it. */
  readonly read: (rest: string) => Action | GrammarError;
}

/** A line of the shell longer than this is no command: a post has 4,096 characters at most. */
export const LINE_CHARACTERS = 16_384;

export const VERBS: readonly Verb[] = [
  bare('-signup', { verb: 'signUp' }, 'make an account; then name password, on one line', ['register']),
  bare('-signin', { verb: 'signIn' }, 'sign in; then name password, on one line', ['login']),
  bare('-quit', { verb: 'quit' }, 'end', ['exit', 'bye']),
  bare('-help', { verb: 'help' }, 'this list; also HELP'),
  {
    word: 'MARKET',
    follows: 'ALL | instrument',
    help: 'latest rates: MARKET BTC, MARKET SJC IN USD/ozt',
    like: ['price', 'rates'],
    completes: 'all or instrument',
    read: (rest) => {
      if (rest === '') return usage('MARKET', 'MARKET ALL', 'MARKET BTC');
      const { what, ...measure } = splitMeasure(rest);
      if (measure.in !== undefined && !parseMeasure(measure.in)) return noMeasure(measure.in);
      return { verb: 'market', instrument: what.toUpperCase() === 'ALL' ? 'ALL' : what, ...measure };
    },
  },
  {
    word: 'CHART',
    follows: 'instrument [range]',
    help: `its history; ${RANGES.join(' ')}: CHART SJC 1y`,
    like: ['history'],
    completes: 'instrument and range',
    read: (rest) => {
      const [, instrument = '', last = ''] = /^(?:(.*)\s)?(\S*)$/s.exec(rest) ?? [];
      const range = RANGES.find((each) => each === last.toLowerCase());
      const name = range ? instrument.trim() : rest;
      if (name === '') return usage('CHART', 'CHART SJC 1y');
      return { verb: 'chart', instrument: name, range: range ?? '1y' };
    },
  },
  {
    word: 'WATCH',
    follows: 'ALL | OFF | instruments',
    help: 'say when prices change: WATCH SJC BTC',
    completes: 'instruments',
    read: (rest) => {
      if (rest === '') return usage('WATCH', 'WATCH SJC BTC', 'WATCH ALL', 'WATCH OFF');
      const word = rest.toLowerCase();
      if (word === 'all' || word === 'off') return { verb: 'watch', instruments: word };
      const names = rest.split(rest.includes(',') ? ',' : /\s+/).flatMap((name) => name.trim() || []);
      if (names.length === 0) return usage('WATCH', 'WATCH SJC BTC');
      return { verb: 'watch', instruments: names };
    },
  },
  bare('PROVIDERS', { verb: 'providers' }, 'where the rates come from, and how each does'),
  {
    word: 'MSG',
    follows: '[#topic] text',
    help: 'write a message: MSG Hello, MSG #gold It is up',
    like: ['post', 'say'],
    completes: 'nothing',
    read: (rest) => {
      // A number is no topic here: MSG #1 is right.
      const [, topic, text] = /^#(?!\d+(?:\s|$))([\p{L}\p{M}\p{Nd}_-]{1,32})(?:\s+(.*))?$/su.exec(rest) ?? [];
      if (rest === '' || (topic !== undefined && !text)) return usage('MSG', 'MSG Hello', 'MSG #gold It is up');
      return topic === undefined ? { verb: 'post', text: rest } : { verb: 'post', text: text!, topic };
    },
  },
  {
    word: 'EDT',
    follows: '#n [time] text',
    help: 'change your message, if it still carries that time',
    like: ['edit'],
    completes: 'nothing',
    read: (rest) => {
      const post = readPost(rest);
      if (post instanceof GrammarError) return post;
      if (!post || post.rest === '')
        return usage('EDT', 'EDT #1 Hello again', 'EDT #1 23 Feb 2021 15:00:01 Hello again');
      const { rest: text, ...which } = post;
      return { verb: 'edit', ...which, text };
    },
  },
  {
    word: 'DLT',
    follows: '#n [time]',
    help: 'delete your message: DLT #1',
    like: ['delete'],
    completes: 'nothing',
    read: (rest) => {
      const post = readPost(rest);
      if (post instanceof GrammarError) return post;
      if (post?.rest !== '') return usage('DLT', 'DLT #1', 'DLT #1 23 Feb 2021 15:00:01');
      const { rest: _, ...which } = post;
      return { verb: 'delete', ...which };
    },
  },
  {
    word: 'RDM',
    follows: '[time]',
    help: 'messages since then: RDM 23 Feb 2021 15:00:00',
    like: ['read'],
    completes: 'nothing',
    read: (rest) => {
      if (rest === '') return { verb: 'read' };
      const since = parseSeedTime(rest) ?? parseDay(rest)?.start;
      if (since !== undefined) return { verb: 'read', since };
      return new GrammarError('Read message fail. Invalid datetime format. Please follow: RDM 23 Feb 2021 15:00:00');
    },
  },
  {
    word: 'FIND',
    follows: 'text',
    help: 'messages with these words: FIND vang, FIND @hans',
    like: ['search', 'grep'],
    completes: 'nothing',
    read: (rest) => (rest === '' ? usage('FIND', 'FIND vang') : { verb: 'find', text: rest }),
  },
  bare('TOPICS', { verb: 'topics' }, 'what is talked about, and what is unread', ['channels']),
  {
    word: 'DM',
    follows: '[name [text]]',
    help: 'write to one member alone: DM hans Hello',
    like: ['tell', 'whisper'],
    completes: 'nothing',
    read: (rest) => {
      const [, to = '', text = ''] = /^@?(\S*)(?:\s+(.*))?$/s.exec(rest) ?? [];
      if (text !== '') return { verb: 'message', to, text };
      return to === '' ? { verb: 'messages' } : { verb: 'messages', with: to };
    },
  },
  bare('ATU', { verb: 'active' }, 'who is here', ['users', 'who']),
  {
    word: 'UPD',
    follows: 'user file',
    help: 'send a file or folder: UPD yoda lecture1.mp4',
    like: ['send', 'upload'],
    completes: 'member and file',
    read: (rest) => {
      const [, to = '', file = ''] = /^@?(\S+)\s+(.+)$/s.exec(rest) ?? [];
      const path = oneName(file);
      return to === '' || path === '' ? usage('UPD', 'UPD yoda lecture1.mp4') : { verb: 'send', to, file: path };
    },
  },
  {
    word: 'ACCEPT',
    follows: 'n [ALWAYS size]',
    help: 'take what is offered: ACCEPT 3',
    like: ['yes', 'receive'],
    completes: 'offer',
    read: (rest) => {
      const [, n, always, size = ''] = /^#?(\d{1,9})(?:\s+(always)(?:\s+(.*))?)?$/i.exec(rest) ?? [];
      const limit = size === '' ? Number.MAX_SAFE_INTEGER : parseBytes(size);
      if (n === undefined || limit === undefined) return usage('ACCEPT', 'ACCEPT 3', 'ACCEPT 3 ALWAYS 500MB');
      return { verb: 'accept', id: Number(n), ...(always === undefined ? {} : { always: limit }) };
    },
  },
  {
    word: 'DECLINE',
    follows: 'n [reason]',
    help: 'refuse what is offered: DECLINE 3',
    like: ['refuse', 'reject'],
    completes: 'offer',
    read: (rest) => {
      const [, n, reason = ''] = /^#?(\d{1,9})(?:\s+(.*))?$/s.exec(rest) ?? [];
      if (n === undefined) return usage('DECLINE', 'DECLINE 3', 'DECLINE 3 too large');
      return { verb: 'decline', id: Number(n), ...(reason === '' ? {} : { reason }) };
    },
  },
  {
    word: 'CANCEL',
    follows: 'n',
    help: 'end a transfer: CANCEL 3',
    like: ['abort', 'stop'],
    completes: 'transfer',
    read: (rest) => {
      const [, n] = /^#?(\d{1,9})$/.exec(rest) ?? [];
      return n === undefined ? usage('CANCEL', 'CANCEL 3') : { verb: 'cancel', id: Number(n) };
    },
  },
  bare('NOTIFY', { verb: 'notify' }, 'offers that wait, and transfers', ['transfers', 'offers', 'notifications']),
  {
    word: 'PUBLISH',
    follows: 'file [name]',
    help: 'let others fetch a file: PUBLISH lecture1.mp4',
    like: ['share'],
    completes: 'file',
    read: (rest) => {
      const [file, name, ...more] = words(rest) ?? [];
      if (file === undefined || file === '' || name === '' || more.length > 0) {
        return usage('PUBLISH', 'PUBLISH lecture1.mp4', 'PUBLISH "my lecture.mp4" lecture1.mp4');
      }
      return { verb: 'publish', file, ...(name === undefined ? {} : { name }) };
    },
  },
  {
    word: 'UNPUBLISH',
    follows: 'name',
    help: 'take it back: UNPUBLISH lecture1.mp4',
    like: ['unshare'],
    completes: 'listing',
    read: (rest) => {
      const name = oneName(rest);
      return name === '' ? usage('UNPUBLISH', 'UNPUBLISH lecture1.mp4') : { verb: 'unpublish', name };
    },
  },
  {
    word: 'LIST',
    follows: '[text]',
    help: 'files of all who are here: LIST, LIST lecture',
    like: ['files', 'ls'],
    completes: 'nothing',
    read: (rest) => ({ verb: 'discover', ...(rest === '' ? {} : { text: rest }) }),
  },
  {
    word: 'DISCOVER',
    follows: 'user',
    help: 'files of one member: DISCOVER yoda',
    completes: 'member',
    read: (rest) => {
      const [, member] = /^@?(\S+)$/.exec(rest) ?? [];
      return member === undefined ? usage('DISCOVER', 'DISCOVER yoda') : { verb: 'discover', member };
    },
  },
  {
    word: 'FETCH',
    follows: 'name [@user]',
    help: 'get a published file: FETCH lecture1.mp4',
    like: ['get', 'download'],
    completes: 'listing',
    read: (rest) => {
      const quoted = /^(["'])([^"']*)\1(.*)$/s.exec(rest);
      const [, text = '', members = ''] = /^(.*?)((?:\s+@\S+)*)$/s.exec(quoted ? quoted[3]! : rest) ?? [];
      const name = quoted ? quoted[2]! : text;
      const isWhole = quoted ? text === '' : !/^["']/.test(name);
      if (name === '' || !isWhole) return usage('FETCH', 'FETCH lecture1.mp4', 'FETCH lecture1.mp4 @yoda @han');
      return { verb: 'fetch', name, from: members.split(/\s+@/).filter((member) => member !== '') };
    },
  },
  {
    word: 'PING',
    follows: 'user',
    help: 'how long the way to a member takes: PING yoda',
    completes: 'member',
    read: (rest) => {
      const [, member] = /^@?(\S+)$/.exec(rest) ?? [];
      return member === undefined ? usage('PING', 'PING yoda') : { verb: 'ping', member };
    },
  },
  {
    word: 'SUM',
    follows: 'n',
    help: 'your number, another and their sum: SUM 25',
    completes: 'nothing',
    read: (rest) => (/^[+-]?\d{1,15}$/.test(rest) ? { verb: 'sum', number: Number(rest) } : usage('SUM', 'SUM 25')),
  },
  bare('OUT', { verb: 'signOut' }, 'sign out and end', ['logout', 'signout']),
  bare('HELP', { verb: 'help' }, 'this list'),
];

/** The row of the table that has no verb: a date says what is meant. */
export const LOOKUP = {
  word: 'yyyy-mm-dd',
  follows: 'instrument',
  help: 'its price on that day: 2021-12-27 SJC IN USD/ozt',
};

const BY_WORD = new Map(VERBS.map((verb) => [verb.word, verb]));

/** Reads one line. Never throws. */
export function parse(line: string): Action | GrammarError {
  if (line.length > LINE_CHARACTERS) {
    return new GrammarError(`The line has ${line.length} characters; ${LINE_CHARACTERS} are allowed.`);
  }
  const [, word = '', rest = ''] = /^(\S*)\s*(.*)$/s.exec(line.trim())!;
  if (word === '') return { verb: 'nothing' };
  const verb = BY_WORD.get(word.toLowerCase()) ?? BY_WORD.get(word.toUpperCase());
  if (verb) return verb.read(rest);
  if (/^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}$/.test(word)) return readLookup(word, rest);
  return unknown(word, line);
}

/**
 * What readline asks of a completer: the candidates, and the part of the line that they replace. Verbs first, then
 * what may follow them.
 */
export function complete(
  line: string,
  instruments: readonly string[],
  known: Known = {},
): [candidates: string[], part: string] {
  const [, word, gap, rest] = /^(\S*)(\s*)(.*)$/s.exec(line.slice(0, LINE_CHARACTERS))!;
  if (gap === '') {
    const folded = word!.toUpperCase();
    const words = VERBS.filter((each) => each.word.toUpperCase().startsWith(folded));
    return [words.map((each) => (each.follows === '' ? each.word : `${each.word} `)), word!];
  }
  const completes = BY_WORD.get(word!.toUpperCase())?.completes;
  // The last thing on the line may hold blanks where it is a name.
  const part = completes === 'listing' ? rest! : rest!.slice(rest!.search(/\s\S*$/) + 1);
  const isFirst = part === rest;
  const isLookup = parseDay(word!) !== undefined;
  if (!isLookup && ((completes === 'file' && isFirst) || (completes === 'member and file' && !isFirst))) {
    const start = completes === 'file' ? part : rest!.replace(/^\S+\s+/, '');
    return [[...(known.files?.(start) ?? [])], start];
  }
  const candidates = isLookup ? (isFirst ? instruments : []) : followers(completes, isFirst, instruments, known);
  const folded = part.toUpperCase();
  return [candidates.filter((each) => each.toUpperCase().startsWith(folded)), part];
}

function followers(
  completes: Completes | undefined,
  isFirst: boolean,
  instruments: readonly string[],
  { members = [], listings = [], offers = [], transfers = [] }: Known,
): readonly string[] {
  switch (completes) {
    case 'instrument':
      return isFirst ? instruments : [];
    case 'all or instrument':
      return isFirst ? ['ALL', ...instruments] : [];
    case 'instruments':
      return isFirst ? ['ALL', 'OFF', ...instruments] : instruments;
    case 'instrument and range':
      return isFirst ? instruments : RANGES;
    case 'member':
      return isFirst ? members : [];
    case 'member and file':
      return isFirst ? members.map((name) => `${name} `) : [];
    case 'listing':
      return listings;
    case 'offer':
      return isFirst ? offers.map(String) : [];
    case 'transfer':
      return isFirst ? transfers.map(String) : [];
    default:
      return [];
  }
}

function bare(word: string, action: Action, help: string, like: readonly string[] = []): Verb {
  return {
    word,
    follows: '',
    help,
    like,
    completes: 'nothing',
    read: (rest) =>
      rest === ''
        ? action
        : new GrammarError(
            `Invalid format of ${word}. There should be no arguments for this command. Please retry.`,
            word,
          ),
  };
}

function usage(word: string, ...examples: string[]): GrammarError {
  return new GrammarError(`Invalid format of ${word}. Please retry, for example: ${examples.join('  or  ')}`, word);
}

function readLookup(date: string, instrument: string): Action | GrammarError {
  if (!parseDay(date)) {
    return new GrammarError(`${date} is no day. Type date and type, for example: 2021-12-27 SJC`);
  }
  if (instrument === '') return new GrammarError(`Of which type? For example: ${date} SJC`);
  const { what, ...measure } = splitMeasure(instrument);
  if (measure.in !== undefined && !parseMeasure(measure.in)) return noMeasure(measure.in);
  return { verb: 'lookup', date, instrument: what, ...measure };
}

/** `SJC in USD/ozt` as the name and what prices are converted to. */
function splitMeasure(text: string): { what: string; in?: string } {
  const [, what, measure] = /^(.*\S)\s+in\s+(\S.*)$/is.exec(text) ?? [];
  return what === undefined || measure === undefined ? { what: text } : { what, in: measure };
}

function noMeasure(text: string): GrammarError {
  return new GrammarError(
    `"${plain(text).slice(0, 40)}" is neither a currency nor a unit. Examples: MARKET SJC IN USD/ozt, MARKET SJC IN chỉ`,
  );
}

/** `#12 [23 Feb 2021 15:00:01] rest`; undefined when there is no number. */
function readPost(text: string): { number: number; at?: Instant; rest: string } | GrammarError | undefined {
  const match = /^#?(\d{1,15})(?:\s+(.*))?$/s.exec(text);
  const number = Number(match?.[1] ?? 0);
  if (!match || number < 1) return undefined;
  const [, time, after = ''] =
    /^(\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2})(?:\s+(.*))?$/s.exec(match[2] ?? '') ?? [];
  if (time === undefined) return { number, rest: match[2] ?? '' };
  const at = parseSeedTime(time);
  if (at === undefined) return new GrammarError(`${time} is no time. Write it as in: 23 Feb 2021 15:00:01`);
  return { number, at, rest: after };
}

function unknown(word: string, line: string): GrammarError {
  const text = 'Invalid command. Please retry.';
  const name = plain(line);
  if (name.length <= 64 && knownInstrument(name)) return hint(text, `MARKET ${name}`);
  const typed = word.slice(0, 24).toUpperCase();
  let nearest = '';
  let length = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const verb of VERBS) {
    for (const name of [verb.word, ...(verb.like ?? [])]) {
      const steps = distance(typed, name.toUpperCase());
      if (steps < least) [least, length, nearest] = [steps, name.length, verb.word];
    }
  }
  // Half of the letters wrong is no resemblance: then the list helps more than a guess.
  return least * 2 <= Math.max(typed.length, length) + 1
    ? hint(text, nearest)
    : new GrammarError(`${text} Type HELP for the list of commands.`, 'HELP');
}

function hint(text: string, nearest: string): GrammarError {
  return new GrammarError(`${text} Did you mean ${nearest}?`, nearest);
}
