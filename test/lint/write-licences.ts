// `npm run docs`: writes docs/licences.md from package-lock.json.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../root.ts';
import { licencesPage } from './licences.ts';

const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
await writeFile(join(ROOT, 'docs/licences.md'), licencesPage(lock.packages));
