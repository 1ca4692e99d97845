import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 collect what events leave behind instead of growing by it. What the dashboard holds is bounded and small, yet
 * by its presets V8 lets the young generation grow to 32 MB and more, and the old one by 8 MB before it looks there.
 * Both flags are read at every collection, so they count from here on.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}
