import type { Duplex } from 'node:stream';
import type { ConnectionPath } from '../domain/transfer.ts';

/** An encrypted connection to a member who has proven the key that the daemon named. */
export interface PeerChannel {
  /**
   * Connected to the other side's duplex. Its errors are AppErrors. NOT_AVAILABLE errors have `data.resumable` set: the
   * connection was lost, and another attempt may succeed.
   */
  readonly duplex: Duplex;
  readonly path: ConnectionPath;
  readonly member: string;
  /** SHA-256 of the public key that the member has proven to own. */
  readonly key: string;
  /** Ends the channel, waits up to 2 s until the other side has received everything, then destroys it. */
  close(): void;
}
