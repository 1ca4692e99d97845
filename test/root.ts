import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder: what runs is in its dist/test. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** goldctl, as it was built. */
export const PROGRAM = join(ROOT, 'bin/run.js');
