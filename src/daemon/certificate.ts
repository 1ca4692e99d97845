import { createHash, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../domain/failure.ts';
import type { Home } from '../home.ts';
import { writePrivate } from '../private-file.ts';

const YEARS = 10;
const HOUR_MS = 3_600_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Certificate {
  /** PEM, PKCS#8. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** SHA-256 of the certificate (DER), hex: what clients pin. */
  readonly fingerprint: string;
}

/**
 * The daemon's certificate: made at the first start, the same ever after, since clients know the daemon by it. Key
 * and certificate are one file, so that they can never be of two pairs.
 * @throws Failure CONFIG_INVALID when the file is damaged, STORE_FAILED.
 */
export async function loadCertificate(home: Home): Promise<Certificate> {
  const there = await readCertificate(home);
  if (there) return there;
  const file = certificateFile(home);
  const pem = await makeCertificate();
  await writePrivate(file, pem);
  return parseCertificate(pem, file);
}

/**
 * The certificate that is there; undefined where none was made yet.
 * @throws Failure CONFIG_INVALID when the file is damaged, STORE_FAILED.
 */
export async function readCertificate(home: Home): Promise<Certificate | undefined> {
  const file = certificateFile(home);
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
    await chmod(file, 0o600);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Failure('STORE_FAILED', `${file} cannot be read (${code}).`, { cause });
  }
  return parseCertificate(pem, file);
}

export function certificateFile(home: Home): string {
  return join(home.tlsFolder, 'daemon.pem');
}

/** @throws Failure CONFIG_INVALID with what is wrong with it; `file` is its name there */
export function parseCertificate(pem: string, file: string): Certificate {
  const key = block(pem, '(?:EC )?PRIVATE KEY');
  const cert = block(pem, 'CERTIFICATE');
  try {
    if (!key || !cert) throw new Error(key ? 'it holds no certificate' : 'it holds no key');
    const parsed = new X509Certificate(cert);
    if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('its key belongs to another certificate');
    return { key, cert, fingerprint: createHash('sha256').update(parsed.raw).digest('hex') };
  } catch (cause) {
    throw new Failure(
      'CONFIG_INVALID',
      `The daemon's certificate ${file} is damaged (${(cause as Error).message}). Put a copy of it back; or remove it, and the next start makes a new one, which every client then has to be told.`,
      { cause, data: { file } },
    );
  }
}

function block(pem: string, label: string): string | undefined {
  return new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`).exec(pem)?.[0];
}

async function makeCertificate(): Promise<string> {
  await import('reflect-metadata'); // what the library's injection container needs and leaves to the program
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const names = new Set(['localhost', ...[hostname()].filter((name) => /^[A-Za-z0-9.-]{1,253}$/.test(name))]);
  const notBefore = new Date(Date.now() - HOUR_MS); // clients' clocks may be a little behind
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + YEARS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=goldctl',
      notBefore,
      notAfter,
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([...names].map((value) => ({ type: 'dns', value }))),
      ],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n${certificate.toString('pem')}\n`;
}
