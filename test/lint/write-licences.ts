// `npm run docs`: writes docs/licences.md from package-lock.json.
import { readFile, writeFile } from 'node:fs/promises';
import { licencesPage } from './licences.ts';

const lock = JSON.parse(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8'));
await writeFile(new URL('../../docs/licences.md', import.meta.url), licencesPage(lock.packages));
