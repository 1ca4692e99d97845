import type { LateResult } from '../client/outbox.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatForumTime } from '../domain/time.ts';

/** What became of a post or direct message that was kept when an earlier dashboard or shell ended. */
export function lateResultLines({ call, at, outcome }: LateResult): SafeText[] {
  const written = safeText`written at ${formatForumTime(at)}`;
  const what =
    call.method === 'forum.post' ? safeText`Your message` : safeText`Your message to ${sanitizeText(call.params.to)}`;
  if ('failure' in outcome) {
    return [
      safeText`${what}, ${written}, was refused: ${sanitizeText(outcome.failure.message)}`,
      safeText`Its text: ${sanitizeText(call.params.text)}`,
    ];
  }
  const { result } = outcome;
  const number = 'post' in result ? result.post.number : result.message.number;
  return [safeText`${what}, ${written}, is sent: #${number}.`];
}
