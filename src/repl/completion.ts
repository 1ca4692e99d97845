import { parseDate } from '../domain/time.ts';
import {
  CHART_RANGES,
  COMMANDS_BY_NAME,
  type CompletionKind,
  MAX_COMMAND_CHARACTERS,
  SHELL_COMMANDS,
} from './grammar.ts';

/** What completion knows besides commands and instruments. */
export interface CompletionContext {
  readonly members?: readonly string[];
  readonly topics?: readonly string[];
  readonly listings?: readonly string[];
  /** Numbers of recent posts, newest first. */
  readonly posts?: readonly number[];
  /** Numbers of pending offers, and of active transfers. */
  readonly offers?: readonly number[];
  readonly transfers?: readonly number[];
  /** Local paths that begin with this text. */
  readonly completePath?: (start: string) => readonly string[];
}

/** The arguments of a command up to the end of the line. */
interface TypedArguments {
  readonly rest: string;
  /** The last word, which may be empty. */
  readonly part: string;
  readonly isFirst: boolean;
}

const PRICE_UNIT_CANDIDATES = ['USD/ozt', 'VND/tael', 'VND/chi', 'USD', 'VND', 'tael', 'chi', 'ozt', 'g', 'kg'];

/** A completer for readline: returns the candidates and the part of the line that they replace. */
export function completeLine(
  line: string,
  instruments: readonly string[],
  known: CompletionContext = {},
): [candidates: string[], part: string] {
  const [, word, gap, rest] = /^(\S*)(\s*)(.*)$/s.exec(line.slice(0, MAX_COMMAND_CHARACTERS))!;
  if (gap === '') {
    const folded = word!.toUpperCase();
    const words = SHELL_COMMANDS.filter((each) => each.name.toUpperCase().startsWith(folded));
    return [words.map((each) => (each.argsHint === '' ? each.name : `${each.name} `)), word!];
  }
  const isLookup = parseDate(word!) !== undefined;
  const completes = isLookup ? 'instrument and unit' : COMMANDS_BY_NAME.get(word!.toUpperCase())?.completion;
  const last = rest!.slice(rest!.search(/\s\S*$/) + 1);
  const isFirst = last === rest;
  if ((completes === 'file' && isFirst) || (completes === 'member and file' && !isFirst)) {
    const start = completes === 'file' ? last : rest!.replace(/^\S+\s+/, '');
    return [[...(known.completePath?.(start) ?? [])], start];
  }
  // If the last argument is a file name, it may contain spaces.
  const isFileName = completes === 'listing' || (completes === 'listing and members' && !last.startsWith('@'));
  const part = isFileName ? rest! : last;
  const candidates = argumentCandidates(completes, { rest: rest!, part, isFirst }, instruments, known);
  const folded = part.toUpperCase();
  return [candidates.filter((each) => each.toUpperCase().startsWith(folded)), part];
}

function argumentCandidates(
  completes: CompletionKind | undefined,
  typed: TypedArguments,
  instruments: readonly string[],
  { members = [], topics = [], listings = [], posts = [], offers = [], transfers = [] }: CompletionContext,
): readonly string[] {
  const { part, isFirst } = typed;
  switch (completes) {
    case 'all or instrument':
      return isFirst ? ['ALL', ...instruments] : priceUnitCandidates(typed);
    case 'instrument and unit':
      return isFirst ? instruments : priceUnitCandidates(typed);
    case 'instruments':
      return isFirst ? ['ALL', 'OFF', ...instruments] : instruments;
    case 'instrument and range':
      return isFirst ? instruments : [...CHART_RANGES, ...instruments];
    case 'member':
      return isFirst ? memberCandidates(part, members) : [];
    case 'member and file':
    case 'member and text':
      return isFirst ? memberCandidates(part, members).map((name) => `${name} `) : [];
    case 'topic and text':
      if (isFirst && part.startsWith('#')) return topics.map((topic) => `#${topic} `);
      return mentionCandidates(part, members);
    case 'text':
      return mentionCandidates(part, members);
    case 'post':
      return isFirst
        ? posts.map((number) => (part === '' || part.startsWith('#') ? `#${number}` : String(number)))
        : [];
    case 'listing':
      return listings;
    case 'listing and members':
      return part.startsWith('@') && !isFirst ? mentionCandidates(part, members) : listings;
    case 'offer':
      return isFirst ? offers.map(String) : [];
    case 'offer to accept':
      return isFirst ? offers.map(String) : /^\S+\s+\S*$/.test(typed.rest) ? ['ALWAYS '] : [];
    case 'transfer':
      return isFirst ? transfers.map(String) : [];
    case 'command':
      return isFirst ? SHELL_COMMANDS.map(({ name }) => name) : [];
    default:
      return [];
  }
}

/** `IN`, and what prices can be converted to. */
function priceUnitCandidates({ rest }: TypedArguments): readonly string[] {
  const before = rest.replace(/\S*$/, '');
  if (/\sin\s$/i.test(before)) return PRICE_UNIT_CANDIDATES;
  return /\sin\s/i.test(before) ? [] : ['IN '];
}

function memberCandidates(part: string, members: readonly string[]): readonly string[] {
  return part.startsWith('@') ? members.map((name) => `@${name}`) : members;
}

/** Members after an `@` in a text. Plain words are not completed. */
function mentionCandidates(part: string, members: readonly string[]): readonly string[] {
  return part.startsWith('@') ? members.map((name) => `@${name} `) : [];
}
