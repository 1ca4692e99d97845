// `npm run docs`: writes the sections of docs/protocol.md that are generated from the schemas.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { withSections } from './reference.ts';

const file = join(ROOT, 'docs/protocol.md');
await writeFile(file, withSections(await readFile(file, 'utf8')));
