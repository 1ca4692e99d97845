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
  readonly listings?: readonly string[];
  /** Numbers of pending offers, and of active transfers. */
  readonly offers?: readonly number[];
  readonly transfers?: readonly number[];
  /** Local paths that begin with this text. */
  readonly completePath?: (start: string) => readonly string[];
}

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
  const completes = COMMANDS_BY_NAME.get(word!.toUpperCase())?.completion;
  // If the last argument is a file name, it may contain spaces.
  const part = completes === 'listing' ? rest! : rest!.slice(rest!.search(/\s\S*$/) + 1);
  const isFirst = part === rest;
  const isLookup = parseDate(word!) !== undefined;
  if (!isLookup && ((completes === 'file' && isFirst) || (completes === 'member and file' && !isFirst))) {
    const start = completes === 'file' ? part : rest!.replace(/^\S+\s+/, '');
    return [[...(known.completePath?.(start) ?? [])], start];
  }
  const candidates = isLookup
    ? isFirst
      ? instruments
      : []
    : argumentCandidates(completes, isFirst, instruments, known);
  const folded = part.toUpperCase();
  return [candidates.filter((each) => each.toUpperCase().startsWith(folded)), part];
}

function argumentCandidates(
  completes: CompletionKind | undefined,
  isFirst: boolean,
  instruments: readonly string[],
  { members = [], listings = [], offers = [], transfers = [] }: CompletionContext,
): readonly string[] {
  switch (completes) {
    case 'instrument':
      return isFirst ? instruments : [];
    case 'all or instrument':
      return isFirst ? ['ALL', ...instruments] : [];
    case 'instruments':
      return isFirst ? ['ALL', 'OFF', ...instruments] : instruments;
    case 'instrument and range':
      return isFirst ? instruments : CHART_RANGES;
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
