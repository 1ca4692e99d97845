import type { Figure } from '../figure.ts';
import { crowd } from './crowd.ts';
import { dashboard } from './dashboard.ts';
import { fanOut } from './fan-out.ts';
import { frozen } from './frozen.ts';

export const ROOM: readonly Figure[] = [fanOut, frozen, crowd, dashboard];
