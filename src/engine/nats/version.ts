import { Failure } from '../../domain/failure.ts';

/** Older ones lose contended writes: of 300 updates that each expected the last one, 2.9.10 lost more than half. */
export const LEAST_SERVER = '2.10.27';

/** @throws Failure NOT_AVAILABLE for a nats-server that is too old, or does not say what it is */
export function checkServerVersion(version: string, server: string): void {
  if (isAtLeast(version, LEAST_SERVER)) return;
  throw new Failure(
    'NOT_AVAILABLE',
    `nats-server ${version} on ${server} is too old: it loses writes that race. Install ${LEAST_SERVER} or newer.`,
    { data: { server, version, least: LEAST_SERVER } },
  );
}

function isAtLeast(version: string, least: string): boolean {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!parts) return false;
  for (const [i, part] of least.split('.').entries()) if (parts[i] !== Number(part)) return parts[i]! > Number(part);
  return true;
}
