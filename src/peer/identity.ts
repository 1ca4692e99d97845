import { createHash, type X509Certificate } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import { createPrivateFile } from '../private-file.ts';
import { createSelfSigned, parseKeyAndCertificate } from '../self-signed.ts';

const KEY_ALGORITHM = { name: 'Ed25519' };
/** The dates are not checked: a key is identified by its fingerprint and replaced by removing its file. */
const NOT_BEFORE = new Date('2020-01-01T00:00:00Z');
const NOT_AFTER = new Date('9999-12-31T23:59:59Z');

/** The key by which other peers identify this one, with its certificate. */
export interface Identity {
  /** PEM, PKCS#8. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** SHA-256 of the public key (SPKI, DER), 64 hexadecimal digits. Registered with the daemon and pinned by others. */
  readonly fingerprint: string;
}

/**
 * Generated at first use, then kept. Key and certificate share one file (mode 0600), so that they always match. If two
 * processes generate one at the same time, both use the one that was stored first.
 * @throws AppError CONFIG_INVALID when the file is damaged; STORE_FAILED
 */
export async function loadIdentity(file: string): Promise<Identity> {
  let pem = await readIfExists(file);
  if (pem === undefined) {
    const generated = await generateIdentityPem();
    await createPrivateFile(file, generated);
    pem = (await readIfExists(file)) ?? generated;
  }
  return parseIdentity(pem, file);
}

/** SHA-256 of a certificate's public key (SPKI, DER), hexadecimal. */
export function certificateFingerprint(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

async function readIfExists(file: string): Promise<string | undefined> {
  try {
    const pem = await readFile(file, 'utf8');
    await chmod(file, 0o600);
    return pem;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new AppError('STORE_FAILED', `${file} cannot be read (${code}). Check who owns it.`, {
      cause,
      data: { file },
    });
  }
}

function parseIdentity(pem: string, file: string): Identity {
  try {
    const { key, cert, certificate } = parseKeyAndCertificate(pem);
    if (certificate.publicKey.asymmetricKeyType !== 'ed25519') throw new Error('its key is not an Ed25519 key');
    return { key, cert, fingerprint: certificateFingerprint(certificate) };
  } catch (cause) {
    throw new AppError(
      'CONFIG_INVALID',
      `Your peer key in ${file} is damaged (${(cause as Error).message}). Restore a copy of it. Or remove it: the next transfer generates a new key, which everyone who knows the old one then has to trust.`,
      { cause, data: { file } },
    );
  }
}

function generateIdentityPem(): Promise<string> {
  return createSelfSigned({
    commonName: 'goldctl peer',
    algorithm: KEY_ALGORITHM,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    usages: ['serverAuth', 'clientAuth'],
  });
}
