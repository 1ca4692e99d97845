import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';

export interface SelfSignedOptions {
  readonly commonName: string;
  readonly algorithm: { readonly name: string; readonly namedCurve?: string; readonly hash?: string };
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly usages: readonly ('serverAuth' | 'clientAuth')[];
  readonly dnsNames?: readonly string[];
}

export interface KeyAndCertificate {
  /** PEM, PKCS#8. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  readonly certificate: X509Certificate;
}

/** A new key and its self-signed certificate as one PEM text, so that they cannot get mixed up. */
export async function createSelfSigned(options: SelfSignedOptions): Promise<string> {
  const { commonName, algorithm, notBefore, notAfter, usages, dnsNames = [] } = options;
  await import('reflect-metadata'); // required by @peculiar/x509
  const x509 = await import('@peculiar/x509');
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${commonName}`,
      notBefore,
      notAfter,
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(usages.map((usage) => x509.ExtendedKeyUsage[usage])),
        ...(dnsNames.length === 0
          ? []
          : [new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns', value })))]),
      ],
    },
    webcrypto,
  );
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n${certificate.toString('pem')}\n`;
}

/** Accepts key and certificate from `createSelfSigned` or from users. @throws Error with the reason */
export function parseKeyAndCertificate(pem: string): KeyAndCertificate {
  const key = findPemBlock(pem, '(?:EC )?PRIVATE KEY');
  const cert = findPemBlock(pem, 'CERTIFICATE');
  if (!key || !cert) throw new Error(key ? 'it contains no certificate' : 'it contains no key');
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error('its key belongs to another certificate');
  return { key, cert, certificate };
}

function findPemBlock(pem: string, label: string): string | undefined {
  return new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`).exec(pem)?.[0];
}
