import type { Duplex } from 'node:stream';
import type { Path } from '../domain/transfer.ts';
import type { Side } from '../protocol/datagram.ts';

/** An encrypted way to one member who has proven the key that the daemon named. */
export interface Channel {
  /**
   * What one side writes the other reads. Ends and errors as streams do; errors are Failures, and those of NOT_AVAILABLE
   * have `data.resumable` true: the way broke, and a new introduction may find another.
   */
  readonly duplex: Duplex;
  readonly path: Path;
  readonly member: string;
  /** SHA-256 of the other's public key, proven. */
  readonly key: string;
  readonly side: Side;
  /** Ends it, waits up to 2 s until the other side has all of it, and then destroys it. */
  close(): void;
}
