import { Failure } from '../domain/failure.ts';
import type { Range, Store } from './store.ts';

/**
 * The entries of a range that can be read, past those that cannot: LevelDB goes on behind a damaged block, and says at
 * the end that there was one.
 * @param onUnread told once, when some were left out
 */
export async function* salvage(
  store: Store,
  range: Omit<Range, 'reverse' | 'limit'>,
  onUnread: () => void = () => {},
): AsyncGenerator<[string, string]> {
  let rest: Range = range;
  // The page with the bad news is not handed over: what was on it is read again, one by one.
  for (const page of [1000, 1]) {
    try {
      for await (const entry of store.range(rest, page)) {
        const { gte: _, ...others } = rest;
        rest = { ...others, gt: entry[0] };
        yield entry;
      }
      return;
    } catch (failure) {
      if (!(failure instanceof Failure) || failure.code !== 'STORE_FAILED') throw failure;
    }
  }
  onUnread();
}
