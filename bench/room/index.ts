import type { Figure } from '../figure.ts';
import { fanOut } from './fan-out.ts';
import { frozen } from './frozen.ts';

export const ROOM: readonly Figure[] = [fanOut, frozen];
