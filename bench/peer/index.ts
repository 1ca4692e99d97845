import type { Figure } from '../figure.ts';
import { firstByte } from './first-byte.ts';
import { hashing } from './hashing.ts';
import { hostile } from './hostile.ts';
import { link } from './link.ts';
import { loopback } from './loopback.ts';
import { slowReceiver } from './slow-receiver.ts';
import { sources } from './sources.ts';

export const PEER: readonly Figure[] = [hashing, loopback, link, slowReceiver, sources, firstByte, hostile];
