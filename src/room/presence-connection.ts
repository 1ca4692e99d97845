import { isLoopback, parseHextets } from '../domain/address.ts';
import type { PeerRegistration } from '../domain/peer.ts';
import type { EpochMs } from '../domain/time.ts';

export interface RegisteredPeer extends PeerRegistration {
  readonly since: EpochMs;
}

/** A client of a legacy protocol, which has no peer. */
export interface LegacyClient {
  readonly dialect: string;
  /** Where it receives files over UDP, or serves them over TCP (`LEGACY_FILE_PROTOCOL`), as it announced. */
  readonly port?: number | undefined;
}

/** The legacy protocol whose clients serve files, over plain TCP at their own address. */
export const LEGACY_FILE_PROTOCOL = 'share';

export interface PresenceConnection {
  /** Hash of its session's token. */
  readonly session: string;
  readonly address: string;
  /** Connected through the control socket, whose address says nothing about the client. */
  readonly local: boolean;
  readonly peer: RegisteredPeer | undefined;
  readonly old?: LegacyClient | undefined;
  /** When the member was last active on it, in monotonic ms. */
  lastActive(): number;
  /** @param goodbye.final the client must not reconnect by itself */
  end(reason: string, goodbye: { final: true }): void;
}

/**
 * The connection with the most recently registered peer, optionally only peers with `key`. Peers that can ask their user
 * about offers (dashboards) are preferred to those that cannot (short-lived send commands).
 */
export function latestPeer<A extends Pick<PresenceConnection, 'peer'>>(
  connections: readonly A[],
  key?: string,
): A | undefined {
  let newest: A | undefined;
  for (const connection of connections) {
    const { peer } = connection;
    if (!peer || (key !== undefined && peer.key !== key)) continue;
    const [offers, best] = [peer.offers !== false, newest?.peer];
    if (!best || (best.offers !== false) === offers ? peer.since >= (best?.since ?? 0) : offers) newest = connection;
  }
  return newest;
}

/**
 * The address of a connection as other daemons and their members should see it. Loopback and the control socket mean
 * this machine, which they reach at this daemon's address if that is an IP address (`listen.public`).
 */
export function externalAddress({ local, address }: PresenceConnection, daemonAddress: string): string {
  if (!local && !isLoopback(address)) return address;
  const host = /^\[(.+)\](?::\d+)?$/.exec(daemonAddress)?.[1] ?? daemonAddress.replace(/^([^:]+):\d+$/, '$1');
  const isReachable = parseHextets(host) !== undefined && !isLoopback(host) && !/^(?:0\.0\.0\.0|[0:]+)$/.test(host);
  return isReachable ? host : address;
}
