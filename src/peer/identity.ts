import { createHash, createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';
import { placePrivate } from '../private-file.ts';

/** The one algorithm on either side of a channel. */
const ALGORITHM = { name: 'Ed25519' };
/** Nobody looks at the dates: a key is known by its fingerprint, and is changed by removing its file. */
const NOT_BEFORE = new Date('2020-01-01T00:00:00Z');
const NOT_AFTER = new Date('9999-12-31T23:59:59Z');

/** By what other members know this one's files: a key of its own and the certificate that carries it. */
export interface Identity {
  /** PEM, PKCS#8. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** SHA-256 of the public key (SPKI, DER), 64 hexadecimal digits: what is registered, compared and pinned. */
  readonly fingerprint: string;
}

/**
 * Made at first use, the same ever after. Key and certificate are one file of 0600, so that they can never be of two
 * pairs; where two processes make one at once, both go on with the one that was there first.
 * @throws Failure CONFIG_INVALID when the file is damaged, STORE_FAILED.
 */
export async function loadIdentity(file: string): Promise<Identity> {
  let pem = await read(file);
  if (pem === undefined) {
    const made = await makeIdentity();
    await placePrivate(file, made);
    pem = (await read(file)) ?? made;
  }
  return parse(pem, file);
}

/** SHA-256 of a certificate's public key (SPKI, DER), hexadecimal. */
export function fingerprintOf(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

async function read(file: string): Promise<string | undefined> {
  try {
    const pem = await readFile(file, 'utf8');
    await chmod(file, 0o600);
    return pem;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Failure('STORE_FAILED', `${file} cannot be read (${code}). Check who owns it.`, {
      cause,
      data: { file },
    });
  }
}

function parse(pem: string, file: string): Identity {
  const key = block(pem, 'PRIVATE KEY');
  const cert = block(pem, 'CERTIFICATE');
  try {
    if (!key || !cert) throw new Error(key ? 'it holds no certificate' : 'it holds no key');
    const parsed = new X509Certificate(cert);
    if (parsed.publicKey.asymmetricKeyType !== 'ed25519') throw new Error('its key is not an Ed25519 key');
    if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('its key belongs to another certificate');
    return { key, cert, fingerprint: fingerprintOf(parsed) };
  } catch (cause) {
    throw new Failure(
      'CONFIG_INVALID',
      `The key of your files ${file} is damaged (${(cause as Error).message}). Put a copy of it back; or remove it, and the next transfer makes a new one, which everybody who knows the old one then has to trust.`,
      { cause, data: { file } },
    );
  }
}

function block(pem: string, label: string): string | undefined {
  return new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`).exec(pem)?.[0];
}

async function makeIdentity(): Promise<string> {
  await import('reflect-metadata'); // what the library's injection container needs and leaves to the program
  const x509 = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=goldctl peer',
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      keys: keys as webcrypto.CryptoKeyPair,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      ],
    },
    webcrypto,
  );
  const { privateKey } = keys as webcrypto.CryptoKeyPair;
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  return `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n${certificate.toString('pem')}\n`;
}
