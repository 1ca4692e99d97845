/**
 * Loaded before a program: its clock is off by as many milliseconds as the file of GOLDCTL_TEST_CLOCK says. What passes
 * in the meantime (performance.now, timers) is not.
 */
import { readFileSync, watchFile } from 'node:fs';

const file = process.env.GOLDCTL_TEST_CLOCK;
const read = () => Number(readFileSync(file, 'utf8'));
let shift = read();
watchFile(file, { interval: 20, persistent: false }, () => {
  shift = read();
});
const { now } = Date;
Date.now = () => now() + shift;
