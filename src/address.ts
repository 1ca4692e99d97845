import { isIP, isIPv6 } from 'node:net';

/** `host:port`, IPv6 in brackets. */
export function formatAddress(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether traffic to this host never leaves the machine. */
export function isLoopback(host: string): boolean {
  if (isIPv6(host)) return host === '::1' || /^::ffff:127\.\d+\.\d+\.\d+$/i.test(host);
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host.toLowerCase() === 'localhost';
}

/** A client, as the daemon sees it. */
export interface Requester {
  /** Where it comes from. */
  readonly address: string;
  /** The daemon's own address that it came to. */
  readonly here: string;
}

/**
 * The address at which a client reaches the machine that the daemon knows as `address`. Loopback, and the control socket
 * (which has no IP address), are the daemon's own machine: a client elsewhere reaches that where it reaches the daemon.
 */
export function addressSeenBy({ address: own, here }: Requester, address: string): string {
  if (!isLoopback(address)) return isIP(address) === 0 ? here : address;
  return isLoopback(own) && isIPv6(own) === isIPv6(address) ? address : here;
}
