import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project folder: tests run from its dist/test. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The built goldctl executable. */
export const PROGRAM = join(ROOT, 'bin/run.js');
