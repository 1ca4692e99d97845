import type { EpochMs } from './time.ts';

/** `unencrypted`: over plain TCP, from a legacy client. `relayed`: through the daemon. */
export type ConnectionPath = 'lan' | 'direct' | 'relayed' | 'unencrypted';

/**
 * `hashing`: the sender computes the hash. `offered`: the receiver must accept. `connecting`: also reconnecting.
 * `queued`: the other side has no free slot. The last four are final.
 */
export type TransferState =
  | 'hashing'
  | 'offered'
  | 'connecting'
  | 'queued'
  | 'active'
  | 'done'
  | 'failed'
  | 'declined'
  | 'cancelled';

/** A member that a file is received from, or sent to. */
export interface TransferPeer {
  readonly member: string;
  /** Null while there is no connection; after the transfer, the last path used. */
  readonly path: ConnectionPath | null;
}

/** A peer-to-peer transfer of a file or a folder, as this side sees it. */
export interface Transfer {
  /** Number on this side, from 1; argument of ACCEPT, DECLINE and CANCEL. */
  readonly id: number;
  readonly direction: 'in' | 'out';
  /** Several if it is downloaded from several members. */
  readonly peers: readonly TransferPeer[];
  readonly name: string;
  /** Bytes, of all its files. */
  readonly size: number;
  readonly files: number;
  /** Bytes verified and written to the receiver's disk. */
  readonly done: number;
  /** Over the last seconds; 0 if stalled. */
  readonly bytesPerSecond: number;
  readonly state: TransferState;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs | null;
  /** Position in the other side's queue, from 1, while `queued`. */
  readonly place: number | null;
  /** Why it ended, or why it waits. */
  readonly reason: string | null;
  /** Status of `reason`, as on the wire; 205 if done. */
  readonly status: number | null;
  /** Path of a finished download. */
  readonly savedAs: string | null;
}

export function isFinished({ state }: Pick<Transfer, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'declined' || state === 'cancelled';
}

/** Milliseconds left at the current speed; null if stalled. */
export function etaMs({ size, done, bytesPerSecond }: Transfer): number | null {
  return bytesPerSecond > 0 ? Math.ceil(((size - done) / bytesPerSecond) * 1000) : null;
}
