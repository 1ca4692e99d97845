import { loadOrCreateCertificate } from '../src/daemon/certificate.ts';
import type { HomeDirectory } from '../src/home-directory.ts';
import { loadIdentity } from '../src/peer/identity.ts';

/** Creates keys and certificates, which take most of the first start of a process in an empty home. */
export async function makeCredentials(home: HomeDirectory): Promise<void> {
  await loadOrCreateCertificate(home);
  await loadIdentity(home.peerIdentityFile);
}

/** For passwords that need not be safe: real hashes of 100 ms each would take most of a test's time. */
export const CHEAP = { N: 2, r: 1, p: 1 };
