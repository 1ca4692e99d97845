import type { Figure } from '../figure.ts';
import { across } from './across.ts';
import { appends } from './appends.ts';
import { daemons } from './daemons.ts';
import { failOver } from './fail-over.ts';
import { fanOut } from './fan-out.ts';
import { replay } from './replay.ts';

export const CLUSTER: readonly Figure[] = [appends, across, daemons, fanOut, replay, failOver];
