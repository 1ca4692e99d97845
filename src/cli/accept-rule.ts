import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { parseBytes, SIZE_FORMAT_HELP } from '../repl/byte-format.ts';

/** A sender whose files are accepted automatically, and their maximum size. */
export interface AcceptRule {
  readonly member: string;
  /** Infinity if no size is given. */
  readonly maxBytes: number;
}

/** Parses `MEMBER` or `MEMBER:SIZE`. @throws AppError USAGE */
export function parseAcceptRule(text: string): AcceptRule {
  const [, member = '', size] = /^@?([^:\s]+)(?::(.*))?$/.exec(text) ?? [];
  const most = size === undefined ? Number.POSITIVE_INFINITY : parseBytes(size);
  if (member !== '' && most !== undefined) return { member, maxBytes: most };
  throw new AppError(
    'USAGE',
    `--accept is "${text}". Expected MEMBER or MEMBER:SIZE, where SIZE is ${SIZE_FORMAT_HELP}.`,
  );
}

/** Whether a rule accepts an offer, or why none does. */
export function evaluateRule(
  rules: readonly AcceptRule[],
  { member, size }: { readonly member: string; readonly size: number },
): 'take' | 'too large' | 'unknown' {
  const matching = rules.filter((rule) => canonicalName(rule.member) === canonicalName(member));
  if (matching.some(({ maxBytes }) => size <= maxBytes)) return 'take';
  return matching.length > 0 ? 'too large' : 'unknown';
}
