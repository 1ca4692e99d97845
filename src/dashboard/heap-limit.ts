import { setFlagsFromString } from 'node:v8';

/**
 * Makes V8 collect garbage instead of growing the heap. The dashboard's state is bounded and small, but by default V8
 * lets the young generation grow beyond 32 MB, and the old one by 8 MB before it collects there.
 * V8 reads both flags at every collection, so they take effect at once.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}
