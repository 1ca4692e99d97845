import fc from 'fast-check';

/** A parser of untrusted bytes, its possible inputs, and the property that must hold for all of them. */
export interface Target {
  readonly name: string;
  /** Fails if `cases` inputs violate the property; the message shows how to repeat the case. */
  run(parameters: { seed: number; numRuns: number; path?: string; timed?: boolean }): Promise<Outcome>;
  /** One known case. */
  meet(value: unknown): Promise<void>;
}

export interface Outcome {
  readonly runs: number;
  /** The largest processor time of one case, in ms. */
  readonly slowestMs: number;
  readonly failure?: {
    readonly seed: number;
    readonly path: string;
    /** TypeScript that creates the value again. */
    readonly counterexample: string;
    readonly error: string;
  };
}

/** Limit of processor time per case: slower ones would let a sender delay everybody. */
export const CASE_MS = 100;
/** Garbage collection happens now and then; a slow parser is slow each time. */
const TRIES = 4;

export function target<T>(name: string, values: fc.Arbitrary<T>, check: (value: T) => void | Promise<void>): Target {
  const meet = async (value: T): Promise<number> => {
    for (let tries = 1; ; tries++) {
      const begun = process.cpuUsage();
      await check(value);
      const { user, system } = process.cpuUsage(begun);
      const took = (user + system) / 1000;
      if (took < CASE_MS) return took;
      if (tries === TRIES) throw new Error(`it takes ${took.toFixed(0)} ms`);
    }
  };
  return {
    name,
    async meet(value) {
      await meet(value as T);
    },
    async run(parameters) {
      let slowestMs = 0;
      const property = fc.asyncProperty(values, async (value) => {
        slowestMs = Math.max(slowestMs, await meet(value));
      });
      const details = await fc.check(property, { verbose: 0, ...parameters });
      const runs = details.numRuns;
      if (!details.failed) return { runs, slowestMs };
      return {
        runs,
        slowestMs,
        failure: {
          seed: details.seed,
          path: details.counterexamplePath ?? '',
          counterexample: fc.stringify(details.counterexample?.[0]),
          error: String((details.errorInstance as Error | undefined)?.stack ?? details.errorInstance),
        },
      };
    },
  };
}
