import type { Instant } from './instant.ts';

/** Something that one member wrote to another: nobody else reads it. It never changes. */
export interface DirectMessage {
  readonly number: number;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly at: Instant;
  readonly seq: number;
}
