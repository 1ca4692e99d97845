import { AppError } from '../../domain/app-error.ts';

/** Older versions lose contended writes: of 300 updates that each expected the last one, 2.9.10 lost more than half. */
export const MIN_SERVER_VERSION = '2.10.27';

/** @throws AppError NOT_AVAILABLE when nats-server is too old or its version is unknown */
export function checkServerVersion(version: string, server: string): void {
  if (isAtLeast(version, MIN_SERVER_VERSION)) return;
  throw new AppError(
    'NOT_AVAILABLE',
    `nats-server ${version} on ${server} is too old: it loses concurrent writes. Install ${MIN_SERVER_VERSION} or newer.`,
    { data: { server, version, least: MIN_SERVER_VERSION } },
  );
}

function isAtLeast(version: string, least: string): boolean {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!parts) return false;
  for (const [i, part] of least.split('.').entries()) if (parts[i] !== Number(part)) return parts[i]! > Number(part);
  return true;
}
