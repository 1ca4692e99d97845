import type { Endpoint, IntroductionSide } from '../protocol/datagram.ts';

/** What the daemon sends to both peers to connect them: the result of `peer.connect`, and the event `peer`. */
export interface ConnectionOffer {
  /** 32 hexadecimal digits, the same on both sides. */
  readonly id: string;
  /** 64 hexadecimal digits; authenticates the datagrams of both sides and of the daemon. */
  readonly secret: string;
  /** This side's role: `a` initiated the connection. */
  readonly side: IntroductionSide;
  /** The other side, which the fields below describe. */
  readonly member: string;
  /** SHA-256 of its public key, 64 hexadecimal digits. Any other key is refused. */
  readonly key: string;
  /** The source address of its TCP connection, as seen by the daemon. */
  readonly address: string | null;
  /** The UDP port that it registered. */
  readonly port: number | null;
  /** Its endpoints in its own networks. */
  readonly local: readonly Endpoint[];
  /** Whether the daemon can relay packets as a last resort. */
  readonly relay: boolean;
  /** The other daemon of the cluster to use for the introduction; its address may be a host name. */
  readonly daemon?: Endpoint | undefined;
}
