import { setTimeout } from 'node:timers/promises';

/** Also resolves, early, when the signal aborts: the caller checks the signal. */
export async function sleep(ms: number, signal?: AbortSignal, { ref = true }: { ref?: boolean } = {}): Promise<void> {
  await setTimeout(ms, undefined, { signal, ref }).catch((thrown: unknown) => {
    if (!signal?.aborted) throw thrown;
  });
}
