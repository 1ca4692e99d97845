import { readFileSync } from 'node:fs';

/** package.json lies beside src/, or beside the dist/ that src/ was built into. */
const PACKAGE = new URL(import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json', import.meta.url);

let known: string | undefined;

/** goldctl's version, as package.json has it. */
export function version(): string {
  known ??= (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
  return known;
}
