import { plain } from '../domain/fold.ts';
import { maskUrls } from '../domain/secrets.ts';

export interface Problem {
  /** As people write it: `limits.lineBytes`. */
  readonly path: string;
  /** What is wrong and how to mend it, without a full stop. */
  readonly problem: string;
}

/** A value as it was written, short. */
export function show(value: unknown): string {
  return maskUrls(plain(JSON.stringify(value) ?? 'nothing')).slice(0, 80);
}
