import type { AppError } from '../domain/app-error.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDuration } from '../domain/time.ts';
import { RATE_LOOKUP, SHELL_COMMANDS } from './grammar.ts';
import { padText } from './table.ts';

export function helpLines(): SafeText[] {
  const rows = [...SHELL_COMMANDS, RATE_LOOKUP].map(({ name, argsHint, help }) => {
    return safeText`  ${padText(sanitizeText(`${name} ${argsHint}`), 30)}  ${sanitizeText(help)}`;
  });
  return [safeText`Commands:`, ...rows];
}

/** Replaces commands of the command line by the verbs that do the same here. */
function withVerbs(message: string): string {
  return message
    .replace(/`goldctl account signin[^`]*`/g, '-signin')
    .replace(/`goldctl rates providers`/g, 'PROVIDERS');
}

/** An error for people: its message, and details of its data that the message does not contain. */
export function errorLines({ message, data }: AppError): SafeText[] {
  const lines = [sanitizeText(withVerbs(message))];
  const { suggestions, attemptsLeft, retryAfterMs } = data;
  const named = (text: string): boolean => message.includes(text);
  if (Array.isArray(suggestions)) {
    const names = suggestions.map((each) => sanitizeText(String(each))).filter((name) => !named(name));
    if (names.length > 0) lines.push(safeText`Did you mean ${joinSafe(names, ', ')}?`);
  }
  if (typeof attemptsLeft === 'number' && !named(String(attemptsLeft)))
    lines.push(safeText`${attemptsLeft} attempt${attemptsLeft === 1 ? '' : 's'} left.`);
  if (typeof retryAfterMs === 'number' && !/\d/.test(message))
    lines.push(safeText`Try again in ${formatDuration(retryAfterMs)}.`);
  return lines;
}

/**
 * Whether a line is a comment: one that begins with `#`. On a terminal only with a blank after it, because `#gold` may be
 * meant as a topic.
 */
export function isScriptComment(line: string, isInteractive: boolean): boolean {
  return (isInteractive ? /^\s*#(?:[\s!]|$)/ : /^\s*#/).test(line);
}
