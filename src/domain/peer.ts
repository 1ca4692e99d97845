/** An IPv4 or IPv6 address and a UDP port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** How a member can be reached for file transfers, as registered on one of their connections. */
export interface PeerRegistration {
  /** UDP port, as the client sees it. */
  readonly port: number;
  /** SHA-256 of its public key (SPKI), 64 hexadecimal digits. */
  readonly key: string;
  /** Its addresses in its own network, at most 4. */
  readonly local: readonly Endpoint[];
  /** False: serves published files, but nobody can accept offers. */
  readonly offers?: boolean | undefined;
}
