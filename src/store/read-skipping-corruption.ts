import { AppError } from '../domain/app-error.ts';
import type { KeyRange, Store } from './store.ts';

/**
 * Reads a range and skips damaged blocks, as LevelDB does; it reports the damage only at the end.
 * @param onUnread called once if entries were skipped
 */
export async function* readSkippingCorruption(
  store: Store,
  range: Omit<KeyRange, 'reverse' | 'limit'>,
  onUnread: () => void = () => {},
): AsyncGenerator<[string, string]> {
  let remaining: KeyRange = range;
  // LevelDB does not return the page on which it reports the damage, so read the rest again entry by entry.
  for (const page of [1000, 1]) {
    try {
      for await (const entry of store.range(remaining, page)) {
        const { gte: _, ...others } = remaining;
        remaining = { ...others, gt: entry[0] };
        yield entry;
      }
      return;
    } catch (failure) {
      if (!(failure instanceof AppError) || failure.code !== 'STORE_FAILED') throw failure;
    }
  }
  onUnread();
}
