import { repeatSafe, type SafeText, safeText } from '../domain/safe-text.ts';
/** The two parts of a bar that is `width` columns wide. */
export interface Bar {
  readonly full: SafeText;
  readonly rest: SafeText;
}

/**
 * How much of something is done. Only what is whole is shown as whole.
 * @param part 0 to 1
 */
export function bar(part: number, width: number, unicode: boolean): Bar {
  const columns = Math.max(0, Math.floor(width));
  const share = Math.min(1, Math.max(0, part));
  const full = share === 1 ? columns : Math.min(Math.floor(share * columns), Math.max(0, columns - 1));
  const [done, left] = unicode ? [safeText`█`, safeText`░`] : [safeText`#`, safeText`.`];
  return { full: repeatSafe(done!, full), rest: repeatSafe(left!, columns - full) };
}
