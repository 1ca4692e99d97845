import { createHash } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { writePrivateFileAtomic } from '../private-file.ts';
import { createSelfSigned, parseKeyAndCertificate } from '../self-signed.ts';

const VALIDITY_YEARS = 10;
const CLOCK_SKEW_MS = 3_600_000;
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface TlsCertificate {
  /** PEM, PKCS#8. */
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the certificate (DER), hex: what clients pin. */
  readonly fingerprint: string;
}

/** Key and certificate are created at the first start and never change, because clients pin them; one file, so they match. */
export async function loadOrCreateCertificate(home: HomeDirectory): Promise<TlsCertificate> {
  const there = await readCertificate(home);
  if (there) return there;
  const file = certificatePath(home);
  const pem = await createCertificate();
  await writePrivateFileAtomic(file, pem);
  return parseCertificate(pem, file);
}

/** Reads the certificate; undefined if there is none yet. @throws AppError CONFIG_INVALID if the file is damaged */
export async function readCertificate(home: HomeDirectory): Promise<TlsCertificate | undefined> {
  const file = certificatePath(home);
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
    await chmod(file, 0o600);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new AppError('STORE_FAILED', `${file} cannot be read (${code}).`, { cause });
  }
  return parseCertificate(pem, file);
}

export function certificatePath(home: HomeDirectory): string {
  return join(home.tlsFolder, 'daemon.pem');
}

/** @param file its name in errors @throws AppError CONFIG_INVALID with the problem */
export function parseCertificate(pem: string, file: string): TlsCertificate {
  try {
    const { key, cert, certificate } = parseKeyAndCertificate(pem);
    return { key, cert, fingerprint: createHash('sha256').update(certificate.raw).digest('hex') };
  } catch (cause) {
    throw new AppError(
      'CONFIG_INVALID',
      `The daemon's certificate ${file} is damaged (${(cause as Error).message}). Restore a copy, or remove it: the next start creates a new one, which every client then has to confirm.`,
      { cause, data: { file } },
    );
  }
}

function createCertificate(): Promise<string> {
  const notBefore = new Date(Date.now() - CLOCK_SKEW_MS); // clocks of clients may be slightly slow
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + VALIDITY_YEARS);
  const dnsNames = new Set(['localhost', ...[hostname()].filter((name) => /^[A-Za-z0-9.-]{1,253}$/.test(name))]);
  return createSelfSigned({
    commonName: 'goldctl',
    algorithm: KEY_ALGORITHM,
    notBefore,
    notAfter,
    usages: ['serverAuth'],
    dnsNames: [...dnsNames],
  });
}
