import type { Place, Side } from '../protocol/datagram.ts';

/** How two endpoints are told of one another: the result of `peer.connect`, and the event `peer` at the other side. */
export interface Introduction {
  /** 32 hexadecimal digits, the same at both sides. */
  readonly id: string;
  /** 64 hexadecimal digits, by which the datagrams of both sides and the daemon are known. */
  readonly secret: string;
  /** Which of the two this is: `a` asked. */
  readonly side: Side;
  /** Of the other side, as all below. */
  readonly member: string;
  /** SHA-256 of its public key, 64 hexadecimal digits: nobody else is let in. */
  readonly key: string;
  /** Where the daemon sees its TCP connection come from. */
  readonly address: string | null;
  /** Its UDP port, as it registered it. */
  readonly port: number | null;
  /** Where it is in its own network. */
  readonly local: readonly Place[];
  /** Whether the daemon hands packets on where nothing else works. */
  readonly relay: boolean;
  /** Another daemon of the room, at which the two meet; its address may be a name. */
  readonly daemon?: Place | undefined;
}
