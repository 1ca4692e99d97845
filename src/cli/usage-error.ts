import { AppError } from '../domain/app-error.ts';
import { closestName } from './closest-name.ts';
import { suggestCommand } from './unknown-command.ts';

/** What an error about the command line needs to know of the command. */
export interface CommandUsage {
  /** `goldctl forum post`. */
  readonly command: string;
  readonly flags: Readonly<Record<string, FlagUsage>>;
  readonly args: Readonly<Record<string, ArgUsage>>;
  /** The last argument takes any number of words. */
  readonly takesText: boolean;
  /** All commands, with spaces between their words. */
  readonly commands: readonly string[];
}

interface FlagUsage {
  readonly char?: string | undefined;
  readonly type?: string;
  readonly description?: string | undefined;
  readonly helpValue?: string | string[] | undefined;
  readonly options?: readonly string[] | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly allowNo?: boolean | undefined;
}

interface ArgUsage {
  readonly name: string;
  readonly required?: boolean | undefined;
  readonly description?: string | undefined;
  readonly options?: readonly string[] | undefined;
}

/** An error of oclif's parser, in words; any other error unchanged. */
export function toUsageError(thrown: unknown, usage: CommandUsage): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const message = withoutWrapping(thrown.message);
  if (thrown instanceof AppError) {
    // The parser adds lines to the message of an error that a flag's own parser throws.
    return message === thrown.message
      ? thrown
      : new AppError(thrown.code, message, { cause: thrown, data: thrown.data });
  }
  const text = describeParserError(thrown as ParserError, message, usage);
  return text === undefined ? thrown : new AppError('USAGE', text, { cause: thrown });
}

type ParserError = Error & {
  readonly args?: readonly (ArgUsage | string)[];
  readonly flags?: readonly string[];
  readonly oclif?: object;
};

function describeParserError(thrown: ParserError, message: string, usage: CommandUsage): string | undefined {
  switch (thrown.constructor.name) {
    case 'NonExistentFlagsError':
      return describeUnknownFlag(thrown.flags?.[0] ?? '', usage);
    case 'RequiredArgsError':
      return describeMissing(thrown.args as readonly ArgUsage[], usage);
    case 'UnexpectedArgsError':
      return describeUnexpected(thrown.args as readonly string[], usage);
    case 'FlagInvalidOptionError':
    case 'ArgInvalidOptionError':
      return describeInvalidOption(message);
    case 'FailedFlagValidationError':
      return [
        ...new Set(
          message
            .split('\n')
            .slice(1)
            .map((line) => describeConstraint(line.trim(), usage)),
        ),
      ].join(' ');
    default:
      return thrown.oclif === undefined && !/^Parsing --/.test(thrown.message)
        ? undefined
        : describeFlagValue(thrown.message, message, usage);
  }
}

/** Without what oclif puts around a message, such as `Parsing --columns` and `See more help with --help`. */
function withoutWrapping(message: string): string {
  return message
    .replace(/^Parsing --\S+ \n\t/, '')
    .replace(/\nSee more help with --help$/, '')
    .replaceAll('\0', '');
}

function helpHint({ command }: CommandUsage): string {
  return `\`${command} --help\` shows how to use it.`;
}

function describeUnknownFlag(typed: string, usage: CommandUsage): string {
  const { command, takesText } = usage;
  const flag = typed.split('=')[0]!;
  const meant = closestName(flag, flagNames(usage));
  const suggestion = meant === undefined ? '' : ` Did you mean ${meant}?`;
  const asText = takesText ? ` If it is text, put -- before it: ${command} -- ${typed}` : '';
  return `There is no flag ${flag}.${suggestion} \`${command} --help\` lists the flags.${asText}`;
}

function flagNames({ flags }: CommandUsage): string[] {
  return [
    '--help',
    ...Object.entries(flags).flatMap(([name, { char, allowNo }]) => [
      `--${name}`,
      ...(char === undefined ? [] : [`-${char}`]),
      ...(allowNo ? [`--no-${name}`] : []),
    ]),
  ];
}

function describeMissing(missing: readonly ArgUsage[], usage: CommandUsage): string {
  const described = missing.map(({ name, description = name, options }) => {
    const values = options === undefined ? '' : ` (${options.join(', ')})`;
    return { name: name.toUpperCase(), text: `${description}${values}` };
  });
  const [first] = described;
  const names = described.map(({ name }) => name).join(' and ');
  const what =
    described.length === 1
      ? `${names} is missing: ${first!.text}.`
      : `${names} are missing. ${described.map(({ name, text }) => `${name}: ${text}`).join('; ')}.`;
  return `${what} Usage: ${usageLine(usage)}`;
}

/** `goldctl forum edit N TEXT…` */
function usageLine({ command, args, takesText }: CommandUsage): string {
  const names = Object.values(args).map(({ name, required }, i, all) => {
    const label = `${name.toUpperCase()}${takesText && i === all.length - 1 ? '...' : ''}`;
    return required ? label : `[${label}]`;
  });
  return [command, ...names].join(' ');
}

function describeUnexpected(extra: readonly string[], usage: CommandUsage): string {
  const { command, args, commands } = usage;
  const [bin = '', ...id] = command.split(' ');
  const below = commands.filter((name) => name.startsWith(`${id.join(' ')} `));
  if (below.length > 0) {
    const typed = [...id, ...extra].join(' ');
    const meant = suggestCommand(typed, below);
    const suggestion = meant === undefined ? '' : ` Did you mean \`${bin} ${meant}\`?`;
    return `There is no command "${typed}".${suggestion} ${helpHint(usage)}`;
  }
  const expected = Object.keys(args).length === 0 ? 'takes no arguments' : `takes only ${listArgs(args)}`;
  const quote = extra.length === 1 ? ' If it belongs to the text before it, put both in quotes.' : '';
  const hint = Object.keys(args).length === 0 ? '' : quote;
  return `"${extra.join(' ')}" is too much: ${command} ${expected}.${hint} ${helpHint(usage)}`;
}

function listArgs(args: CommandUsage['args']): string {
  return Object.values(args)
    .map(({ name }) => name.toUpperCase())
    .join(' and ');
}

/** `Expected --market=x to be one of: gold, silver`. */
function describeInvalidOption(message: string): string | undefined {
  const [, flag, value = '', list = ''] = /^Expected (?:--([\w-]+)=)?(.*) to be one of: (.*)$/s.exec(message) ?? [];
  if (list === '') return undefined;
  const values = list.split(', ');
  const meant = closestName(value, values);
  const suggestion = meant === undefined ? '' : ` Did you mean ${meant}?`;
  const subject = flag === undefined ? `"${value}" is not valid here` : `--${flag} is "${value}"`;
  return `${subject}.${suggestion} Use one of ${values.join(', ')}.`;
}

function describeConstraint(reason: string, { flags }: CommandUsage): string {
  const [, dependent, needed] = /^All of the following must be provided when using (--\S+): (.*)$/.exec(reason) ?? [];
  if (dependent !== undefined) return `${dependent} works only together with ${needed!.replaceAll(', ', ' and ')}.`;
  const [, one, other] = /^(--[\w-]+)(?:=.*)? cannot also be provided when using (--\S+)$/s.exec(reason) ?? [];
  if (one !== undefined) return `${[one, other].sort().join(' and ')} exclude each other: use one of them.`;
  const [, missing] = /^Missing required flag (\S+)$/.exec(reason) ?? [];
  if (missing !== undefined) return `--${missing} is missing: ${flags[missing]?.description ?? 'it is required'}.`;
  return `${reason}.`;
}

function describeFlagValue(whole: string, message: string, { flags }: CommandUsage): string | undefined {
  const [, unset] = /^Flag --(\S+) expects a value$/.exec(message) ?? [];
  if (unset !== undefined) return `--${unset} needs a value: --${unset} ${valueLabel(flags[unset])}.`;
  const [, undecided, list] = /^Flag --(\S+) expects one of these values: (.*)$/.exec(message) ?? [];
  if (undecided !== undefined) return `--${undecided} needs a value: one of ${list}.`;
  const [, twice] = /^Flag --(\S+) can only be specified once$/.exec(message) ?? [];
  if (twice !== undefined) return `--${twice} is given more than once. Give it once.`;
  const [, name] = /^Parsing --(\S+)/.exec(whole) ?? [];
  if (name === undefined) return undefined;
  const [, value] = /^Expected an integer .*but received: (.*)$/s.exec(message) ?? [];
  if (value !== undefined) return `--${name} is "${value}". Expected a whole number${rangeOf(flags[name])}.`;
  return `--${name}: ${message}${/[.?!]$/.test(message) ? '' : '.'}`;
}

function valueLabel(flag: FlagUsage | undefined): string {
  return [flag?.helpValue ?? 'VALUE'].flat().join(' ');
}

function rangeOf({ min, max }: FlagUsage = {}): string {
  if (min === undefined) return max === undefined ? '' : ` of at most ${max}`;
  return max === undefined ? ` of ${min} or more` : ` from ${min} to ${max}`;
}
