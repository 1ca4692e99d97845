import type { Instant } from '../../src/domain/instant.ts';
import { BodyError, type Provider, type ProviderContext } from '../../src/rates/provider.ts';
import { RejectedRows } from '../../src/rates/rows.ts';

/** What a provider is given at a time, by default without a way to fetch. */
export function contextAt(now: Instant, more: Partial<ProviderContext> = {}): ProviderContext {
  return {
    url: 'http://127.0.0.1',
    key: undefined,
    now,
    fetch: () => Promise.reject(new Error('not used')),
    rejected: new RejectedRows(),
    ...more,
  };
}

/** What is wrong with a body: with the rows that its provider leaves out, else with the whole. */
export function faultsOf(provider: Provider, body: string, now: Instant): string[] {
  const context = contextAt(now, { key: 'a' });
  try {
    provider.parse(body, context, 0);
  } catch (thrown) {
    if (!(thrown instanceof BodyError)) throw thrown;
    return [thrown.message];
  }
  return context.rejected.first.map(({ path, reason }) => `${path}: ${reason}`);
}
