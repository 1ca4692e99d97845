import { existsSync } from 'node:fs';

// `npm test` has built the daemon: it starts in a fraction of the time that it takes from source.
const BUILT = new URL('../../dist/src/daemon/lifecycle.js', import.meta.url);
const SOURCE = new URL('../../src/daemon/lifecycle.ts', import.meta.url);
const lifecycle = (await import(
  (existsSync(BUILT) ? BUILT : SOURCE).href
)) as typeof import('../../src/daemon/lifecycle.ts');
export const { startDaemon, stopDaemon } = lifecycle;
