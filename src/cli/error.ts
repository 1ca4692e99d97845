import { AppError } from '../domain/app-error.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeLines, sanitizeText } from '../domain/text.ts';
import { toTerminalJson } from './terminal-json.ts';

/** Converts what a command threw; oclif's own errors are usage errors. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const { message, oclif } = thrown as Error & { oclif?: { exit?: number } };
  if (oclif) return new AppError(oclif.exit === 1 ? 'INVALID_REQUEST' : 'USAGE', message, { cause: thrown });
  const reason = thrown instanceof Error && thrown.message ? thrown.message : String(thrown);
  return new AppError('INTERNAL', `goldctl failed: ${reason}. Set DEBUG=goldctl for a stack trace.`, { cause: thrown });
}

/** The error for people. Messages may come from a daemon, so control characters are removed. */
export function errorText(failure: AppError): SafeText {
  const lines = failure.message
    .split('\n')
    .map(sanitizeText)
    .filter((line) => line !== '');
  const text = safeText`Error: ${joinSafe(lines, '\n')}\n`;
  if (!process.env.DEBUG?.includes('goldctl')) return text;
  const { stack } = failure.cause instanceof Error ? failure.cause : failure;
  return safeText`${text}${sanitizeLines(stack ?? '')}\n`;
}

/** The error for programs, as one line. */
export function errorJson({ code, status, message, data }: AppError): SafeText {
  return safeText`${toTerminalJson({ error: { code, status, message, data } })}\n`;
}
