import type { EpochMs } from '../../src/domain/time.ts';
import { type Provider, type ProviderContext, RejectedRows, ResponseFormatError } from '../../src/rates/provider.ts';

/** The context of a provider at a time, by default without a way to fetch. */
export function contextAt(now: EpochMs, more: Partial<ProviderContext> = {}): ProviderContext {
  return {
    url: 'http://127.0.0.1',
    key: undefined,
    now,
    fetch: () => Promise.reject(new Error('not used')),
    rejected: new RejectedRows(),
    ...more,
  };
}

/** The faults of a body: the rows that its provider omits, or the error for the whole body. */
export function faultsOf(provider: Provider, body: string, now: EpochMs): string[] {
  const context = contextAt(now, { key: 'a' });
  try {
    provider.parse(body, context, 0);
  } catch (thrown) {
    if (!(thrown instanceof ResponseFormatError)) throw thrown;
    return [thrown.message];
  }
  return context.rejected.first.map(({ path, reason }) => `${path}: ${reason}`);
}
