import { Failure } from '../domain/failure.ts';
import { nameKey } from '../domain/name.ts';
import { parseBytes, SIZE } from '../repl/bytes.ts';

/** From whom files are taken unasked, and how large they may be. */
export interface AcceptRule {
  readonly member: string;
  /** Bytes; infinite where no size was named. */
  readonly most: number;
}

/** Reads `MEMBER` or `MEMBER:SIZE`. @throws Failure USAGE */
export function parseRule(text: string): AcceptRule {
  const [, member = '', size] = /^@?([^:\s]+)(?::(.*))?$/.exec(text) ?? [];
  const most = size === undefined ? Number.POSITIVE_INFINITY : parseBytes(size);
  if (member !== '' && most !== undefined) return { member, most };
  throw new Failure('USAGE', `--accept is "${text}". Expected MEMBER or MEMBER:SIZE; a size is ${SIZE}.`);
}

/** Whether a rule takes an offer, and else why it does not. */
export function judge(
  rules: readonly AcceptRule[],
  { member, size }: { readonly member: string; readonly size: number },
): 'take' | 'too large' | 'unknown' {
  const fitting = rules.filter((rule) => nameKey(rule.member) === nameKey(member));
  if (fitting.some(({ most }) => size <= most)) return 'take';
  return fitting.length > 0 ? 'too large' : 'unknown';
}
