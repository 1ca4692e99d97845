import { maskUrls } from '../domain/secrets.ts';
import { sanitizeText } from '../domain/text.ts';

export interface ConfigProblem {
  /** As people write it: `limits.lineBytes`. */
  readonly path: string;
  /** What is wrong and how to fix it, without a full stop. */
  readonly problem: string;
}

/** A value as it was written, shortened and with secrets masked. */
export function quoteValue(value: unknown): string {
  return maskUrls(sanitizeText(JSON.stringify(value) ?? 'nothing')).slice(0, 80);
}
