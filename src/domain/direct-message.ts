import type { EpochMs } from './time.ts';

/** A private message from one member to another. Immutable. */
export interface DirectMessage {
  readonly number: number;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly at: EpochMs;
  readonly seq: number;
}
