import { Failure } from '../domain/failure.ts';
import { plain, plainLines } from '../domain/fold.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { shownJson } from './shown-json.ts';

/** Whatever a command threw, as the failure it is said as: oclif's own errors are about usage. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { message, oclif } = thrown as Error & { oclif?: { exit?: number } };
  if (oclif) return new Failure(oclif.exit === 1 ? 'INVALID_REQUEST' : 'USAGE', message, { cause: thrown });
  const said = thrown instanceof Error && thrown.message ? thrown.message : String(thrown);
  return new Failure('INTERNAL', `goldctl failed: ${said}. With DEBUG=goldctl it says where.`, { cause: thrown });
}

/** One sentence for people. Sentences may come from a daemon: no control character reaches the terminal. */
export function errorText(failure: Failure): SafeText {
  const lines = failure.message
    .split('\n')
    .map(plain)
    .filter((line) => line !== '');
  const text = safeText`Error: ${joinSafe(lines, '\n')}\n`;
  if (!process.env.DEBUG?.includes('goldctl')) return text;
  const { stack } = failure.cause instanceof Error ? failure.cause : failure;
  return safeText`${text}${plainLines(stack ?? '')}\n`;
}

/** The same for programs, one line. */
export function errorJson({ code, status, message, data }: Failure): SafeText {
  return safeText`${shownJson({ error: { code, status, message, data } })}\n`;
}
