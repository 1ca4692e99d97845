import { isIPv6 } from 'node:net';

/** `host:port`, IPv6 in brackets. */
export function formatAddress(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether traffic to this host never leaves the machine. */
export function isLoopback(host: string): boolean {
  if (isIPv6(host)) return host === '::1' || /^::ffff:127\.\d+\.\d+\.\d+$/i.test(host);
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host.toLowerCase() === 'localhost';
}
