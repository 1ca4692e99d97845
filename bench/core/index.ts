import type { Figure } from '../figure.ts';
import { appends } from './appends.ts';
import { importLines } from './import.ts';
import { lookup } from './lookup.ts';
import { memory } from './memory.ts';
import { posts } from './posts.ts';
import { ratesGet } from './rates-get.ts';
import { startUp } from './start-up.ts';

export const CORE: readonly Figure[] = [ratesGet, lookup, appends, posts, importLines, startUp, memory];
