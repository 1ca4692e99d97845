/** Not possible in an argument of a process. */
const MARK = '\0';

interface FlagDefinition {
  readonly char?: string | undefined;
}

/**
 * Marks arguments that begin with a dash and cannot be flags (`- x`, `-> up`, `-5% today`), so that oclif's parser takes
 * them as text. Arguments after `--` are text for the parser already.
 */
export function markDashText(argv: readonly string[], flags: Readonly<Record<string, FlagDefinition>>): string[] {
  const end = argv.indexOf('--');
  const chars = new Set(Object.values(flags).flatMap(({ char }) => char ?? []));
  return argv.map((argument, i) => ((end < 0 || i < end) && isDashText(argument, chars) ? MARK + argument : argument));
}

/** Removes the marks from everything that the parser returns: texts, and lists or objects of them. */
export function unmarkDashText<T>(value: T): T {
  if (typeof value === 'string') return (value.startsWith(MARK) ? value.slice(MARK.length) : value) as T;
  if (Array.isArray(value)) return value.map(unmarkDashText) as T;
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unmarkDashText(each)])) as T;
}

function isDashText(argument: string, chars: ReadonlySet<string>): boolean {
  if (!/^-./s.test(argument) || argument === '--') return false;
  if (/^-\d/.test(argument)) return false; // the parser takes it as an argument anyway
  const isLongFlag = /^--[A-Za-z][\w-]*(?:=.*)?$/s.test(argument);
  const isShortFlag = /^-[A-Za-z]\S*$/.test(argument) || (argument[1] !== '-' && chars.has(argument[1]!));
  return !isLongFlag && !isShortFlag;
}
