/**
 * Skips a test, or from a `before` hook its whole suite, and says why: test/reporter.cjs lists it.
 * @param reason what is missing here, `openssl is not installed`
 */
export function skip(context: Mocha.Context, reason: string): never {
  const test = context.test as (Mocha.Runnable & { readonly type?: string }) | undefined;
  const skipped = test?.type === 'hook' ? test.parent : test;
  Object.assign(skipped ?? {}, { skipReason: reason });
  return context.skip();
}
