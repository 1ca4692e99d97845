/**
 * Skips a test, or from a `before` hook its whole suite, and says why: test/reporter.cjs lists it.
 * @param reason what is missing here, `openssl is not installed`
 */
export function skip(context: Mocha.Context, reason: string): never {
  const test = context.test as (Mocha.Runnable & { readonly type?: string }) | undefined;
  const skipped = test?.type === 'hook' ? test.parent : test;
  Object.assign(skipped ?? {}, { skipReason: reason });
  // Files run in processes of their own: what leaves one is what a test says of itself.
  for (const one of test?.type === 'hook' ? (test.parent?.tests ?? []) : test ? [test] : []) {
    const own = one as unknown as { serialize(): object };
    const { serialize } = own;
    own.serialize = () => ({ ...serialize.call(one), skipReason: reason });
  }
  return context.skip();
}
