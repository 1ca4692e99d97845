import { loadCertificate } from '../src/daemon/certificate.ts';
import type { Home } from '../src/home.ts';
import { loadIdentity } from '../src/peer/identity.ts';

/** Makes what a process that begins in an empty home spends most of its start on. */
export async function makeCredentials(home: Home): Promise<void> {
  await loadCertificate(home);
  await loadIdentity(home.peerFile);
}

/** Of passwords that need not be safe: a hundred milliseconds each are most of a test else. */
export const CHEAP = { N: 2, r: 1, p: 1 };
