// `npm run docs`: writes the sections of docs/protocol.md that are made of the schemas.
import { readFile, writeFile } from 'node:fs/promises';
import { withSections } from './reference.ts';

const file = new URL('../../docs/protocol.md', import.meta.url);
await writeFile(file, withSections(await readFile(file, 'utf8')));
