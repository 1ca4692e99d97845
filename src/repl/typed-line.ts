import { findCatalogueInstrument } from '../domain/instrument.ts';
import { sanitizeText } from '../domain/text.ts';
import {
  COMMANDS_BY_NAME,
  CommandSyntaxError,
  DESTRUCTIVE_COMMANDS,
  type ParsedCommand,
  parseCommandLine,
  SHELL_COMMANDS,
} from './grammar.ts';
import { isCredentialsLine } from './private-line.ts';
import { editDistance, suggestName } from './suggestion.ts';

/** What a line means that is typed where people also chat: in the dashboard, but not in the shell, which runs scripts. */
export type TypedLine =
  | { readonly kind: 'command'; readonly command: ParsedCommand }
  /** To be posted as it is. `suggestion`: the command that it nearly is, so that a question comes first. */
  | { readonly kind: 'text'; readonly text: string; readonly suggestion?: string }
  | { readonly kind: 'error'; readonly message: string };

/** Names that other programs have for commands, beyond `similarNames`. They need a slash before them. */
const SLASH_NAMES: Readonly<Record<string, string>> = { q: '-quit', h: 'HELP', '?': 'HELP', w: 'DM', names: 'ATU' };
/** As in vi. Other text after a colon is an emoticon, or what somebody writes. */
const COLON_NAMES = /^(?:q!?|qa!?|wq!?|quit|h|help)$/i;
/** Lines that end a session in most programs. */
const QUIT_LINES = new Set(['quit', 'exit', ':q', ':q!', ':qa', ':qa!', ':wq', ':wq!']);
/** What follows them in other programs is ignored: `/quit see you`. */
const COMMANDS_WITHOUT_TEXT = new Set(['-quit', '-help', 'HELP', 'TOPICS', 'ATU']);
const SUGGESTIBLE_COMMANDS = SHELL_COMMANDS.map(({ name }) => ({
  name,
  isDestructive: DESTRUCTIVE_COMMANDS.has(name),
}));
const MAX_SHORT_NAME_LENGTH = 3;

/** Reads a typed line. Known commands keep their grammar; any other line is text. */
export function parseTypedLine(line: string): TypedLine {
  const trimmed = line.trim();
  if (QUIT_LINES.has(trimmed.toLowerCase())) return { kind: 'command', command: { verb: 'quit' } };
  const typed = expandSlash(trimmed);
  if (typed instanceof CommandSyntaxError) return { kind: 'error', message: typed.message };
  const parsed = parseCommandLine(typed);
  if (!(parsed instanceof CommandSyntaxError)) return { kind: 'command', command: parsed };
  if (isCredentialsLine(typed)) return { kind: 'error', message: credentialsMessage(typed) };
  const [word = ''] = typed.split(/\s/, 1);
  if (isCommandName(word) || isDate(word)) return { kind: 'error', message: parsed.message };
  const suggestion = nearCommand(word, typed);
  return suggestion === undefined ? { kind: 'text', text: typed } : { kind: 'text', text: typed, suggestion };
}

/** Replaces `/msg` by the name of the command. @returns an error for `/name` that is no command: it is no text either */
function expandSlash(line: string): string | CommandSyntaxError {
  const [, mark, word = '', rest = ''] = /^([/:])([^\s/]+)(?=\s|$)(.*)$/s.exec(line) ?? [];
  if (mark === undefined || (mark === ':' && !COLON_NAMES.test(word))) return line;
  const name = word.toLowerCase().replace(/!$/, '');
  const command =
    SLASH_NAMES[name] ??
    SHELL_COMMANDS.find(({ name: own, similarNames = [] }) =>
      [own.toLowerCase(), own.replace(/^-/, ''), ...similarNames].includes(name),
    )?.name;
  if (command !== undefined) {
    const whole = `${command}${rest}`;
    const isRefused = parseCommandLine(whole) instanceof CommandSyntaxError;
    return isRefused && COMMANDS_WITHOUT_TEXT.has(command) ? command : whole;
  }
  if (isCredentialsLine(line)) return new CommandSyntaxError(credentialsMessage(line));
  const shown = sanitizeText(word).slice(0, 40);
  return new CommandSyntaxError(
    `There is no command /${shown}. Nothing was posted. HELP lists the commands; MSG posts any text.`,
  );
}

function isCommandName(word: string): boolean {
  return COMMANDS_BY_NAME.has(word.toLowerCase()) || COMMANDS_BY_NAME.has(word.toUpperCase());
}

function isDate(word: string): boolean {
  return /^\d{4}-\d{1,2}-\d{1,2}$/.test(word);
}

/** The command that a line was probably meant to be: it is an instrument alone, or begins in capitals or with `-`. */
function nearCommand(word: string, line: string): string | undefined {
  const isInstrument = findCatalogueInstrument(sanitizeText(word).slice(0, 64)) !== undefined;
  if (isInstrument) return word === line ? `MARKET ${sanitizeText(word)}` : undefined;
  const isCapital = /^\p{Lu}[\p{Lu}\d]*$/u.test(word);
  if (!isCapital && !/^-\p{L}/u.test(word)) return undefined;
  const lower = word.toLowerCase();
  const known = SHELL_COMMANDS.find(({ similarNames = [] }) => similarNames.includes(lower));
  const near = known?.name ?? suggestName(word, SUGGESTIBLE_COMMANDS)?.name;
  if (near !== undefined) return near;
  // A private message must not become public by one wrong letter.
  const isNearMessage = isCapital && word.length <= MAX_SHORT_NAME_LENGTH && editDistance(word, 'DM') <= 1;
  return isNearMessage && word !== line ? 'DM' : undefined;
}

function credentialsMessage(line: string): string {
  const command = /up|regist/i.test(line.slice(0, 12)) ? '-signup' : '-signin';
  return `Nothing was posted, and the line is not kept. Type ${command} alone: a form asks for the name and the password.`;
}
