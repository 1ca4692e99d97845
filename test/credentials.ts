import { loadOrCreateCertificate } from '../src/daemon/certificate.ts';
import type { HomeDirectory } from '../src/home-directory.ts';
import { loadIdentity } from '../src/peer/identity.ts';

/** Makes what a process that begins in an empty home spends most of its start on. */
export async function makeCredentials(home: HomeDirectory): Promise<void> {
  await loadOrCreateCertificate(home);
  await loadIdentity(home.peerIdentityFile);
}

/** Of passwords that need not be safe: a hundred milliseconds each are most of a test else. */
export const CHEAP = { N: 2, r: 1, p: 1 };
