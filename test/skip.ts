/**
 * Skips a test, or from a `before` hook its whole suite, with a reason that test/reporter.cjs lists.
 * @param reason what is missing, such as `openssl is not installed`
 */
export function skip(context: Mocha.Context, reason: string): never {
  const test = context.test as (Mocha.Runnable & { readonly type?: string }) | undefined;
  const skipped = test?.type === 'hook' ? test.parent : test;
  Object.assign(skipped ?? {}, { skipReason: reason });
  // Files run in separate processes: only serialised fields of a test reach the reporter.
  for (const one of test?.type === 'hook' ? (test.parent?.tests ?? []) : test ? [test] : []) {
    const own = one as unknown as { serialize(): object };
    const { serialize } = own;
    own.serialize = () => ({ ...serialize.call(one), skipReason: reason });
  }
  return context.skip();
}
