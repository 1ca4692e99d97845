import { readFileSync } from 'node:fs';

/** It lies beside the dist/ that src/ was built into. */
const PACKAGE = new URL('../../package.json', import.meta.url);

let known: string | undefined;

/** goldctl's version, as package.json has it. */
export function version(): string {
  known ??= (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
  return known;
}
