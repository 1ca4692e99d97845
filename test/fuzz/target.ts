import fc from 'fast-check';

/** A parser that bytes of strangers reach, what may come, and what must hold whatever came. */
export interface Target {
  readonly name: string;
  /** Fails when `cases` of them break what must hold; what it says of itself can be run again. */
  run(parameters: { seed: number; numRuns: number; path?: string; timed?: boolean }): Promise<Outcome>;
  /** One known case. */
  meet(value: unknown): Promise<void>;
}

export interface Outcome {
  readonly runs: number;
  /** The most that one case took of a processor, ms. */
  readonly slowestMs: number;
  readonly failure?: {
    readonly seed: number;
    readonly path: string;
    /** TypeScript that makes the value again. */
    readonly counterexample: string;
    readonly error: string;
  };
}

/** No case may take more of a processor: whoever sends many such would stand in everybody's way. */
export const CASE_MS = 100;
/** Memory is tidied up now and then; a parser that is slow is so each time. */
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
