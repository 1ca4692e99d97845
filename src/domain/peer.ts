/** A place on the network: an IPv4 or IPv6 address and a UDP port. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** How a member can be reached for files, on one of his connections. */
export interface Peer {
  /** UDP port, as the client sees it. */
  readonly port: number;
  /** SHA-256 of its public key (SPKI), 64 hexadecimal digits. */
  readonly key: string;
  /** Where it is in its own network, at most 4. */
  readonly local: readonly Place[];
  /** False: nobody is there to take an offer, though published files are given. */
  readonly offers?: boolean | undefined;
}
