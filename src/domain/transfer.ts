import type { Instant } from './instant.ts';

/**
 * How two peers reach one another: in one network, through their routers, or by way of the daemon. `unencrypted`: by
 * plain TCP, as old clients give files.
 */
export type Path = 'lan' | 'direct' | 'relayed' | 'unencrypted';

/**
 * `hashing`: the sender reads it to know its hash. `offered`: the receiver is asked. `connecting`: a way to the other
 * side is looked for, also again after a loss. `queued`: the other side has no slot free. The last four are ends.
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

/** One member that content comes from, or goes to. */
export interface TransferPeer {
  readonly member: string;
  /** Null while there is no connection; of a transfer that is over, how he was reached last. */
  readonly path: Path | null;
}

/** One file, or folder of files, on its way from peer to peer, as this side sees it. */
export interface Transfer {
  /** Its number on this side, from 1: what ACCEPT, DECLINE and CANCEL take. */
  readonly id: number;
  readonly direction: 'in' | 'out';
  /** Who it is sent to, or comes from; several where it is fetched from several. */
  readonly peers: readonly TransferPeer[];
  readonly name: string;
  /** Bytes, of all its files. */
  readonly size: number;
  readonly files: number;
  /** Bytes that are checked and on the receiver's disk. */
  readonly done: number;
  /** Of the last seconds; 0 while nothing moves. */
  readonly bytesPerSecond: number;
  readonly state: TransferState;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  /** Place in the other side's queue, from 1, while `queued`. */
  readonly place: number | null;
  /** Why it ended, or why it waits. */
  readonly reason: string | null;
  /** Status of `reason`, as on the wire; 205 for one that is done. */
  readonly status: number | null;
  /** Where it lies now, once an incoming one is done. */
  readonly savedAs: string | null;
}

/** Whether nothing will happen to it any more. */
export function isOver({ state }: Pick<Transfer, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'declined' || state === 'cancelled';
}

/** Milliseconds until it is done at its present speed; null where nobody can say. */
export function timeLeft({ size, done, bytesPerSecond }: Transfer): number | null {
  return bytesPerSecond > 0 ? Math.ceil(((size - done) / bytesPerSecond) * 1000) : null;
}
