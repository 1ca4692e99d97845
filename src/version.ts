import { readFileSync } from 'node:fs';

/** In the parent of dist/, which contains this file. */
const PACKAGE_URL = new URL('../../package.json', import.meta.url);

let cachedVersion: string | undefined;

/** goldctl's version, from package.json. */
export function version(): string {
  cachedVersion ??= (JSON.parse(readFileSync(PACKAGE_URL, 'utf8')) as { version: string }).version;
  return cachedVersion;
}
