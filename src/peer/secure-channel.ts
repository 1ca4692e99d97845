import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { AppError } from '../domain/app-error.ts';
import type { ConnectionPath } from '../domain/transfer.ts';
import { connectionLostError, toConnectionError } from './connection-errors.ts';
import type { ConnectionOffer } from './connection-offer.ts';
import { certificateFingerprint, type Identity } from './identity.ts';
import type { PeerChannel } from './peer-channel.ts';
import type { UdxDuplex } from './udx-duplex.ts';

const ALPN_PROTOCOL = 'goldctl-peer/1';
/** Each side first sends one byte that tells whether it accepts the other's key. */
const KEY_ACCEPTED = 1;
const KEY_REFUSED = 0;
const CLOSE_TIMEOUT_MS = 2000;

export function createTlsContext({ key, cert }: Identity): SecureContext {
  return createSecureContext({
    key,
    cert,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    ecdhCurve: 'X25519',
  });
}

/** TLS over a UDX stream, with a peer who has proven to own the key of the connection offer. */
export class SecureChannel implements PeerChannel {
  readonly duplex: TLSSocket;
  readonly path: ConnectionPath;
  readonly member: string;
  readonly key: string;
  readonly #transport: UdxDuplex;
  #isClosing = false;

  private constructor(tls: TLSSocket, transport: UdxDuplex, offer: ConnectionOffer, path: ConnectionPath) {
    this.duplex = tls;
    this.path = path;
    this.member = offer.member;
    this.key = offer.key;
    this.#transport = transport;
  }

  /**
   * Performs the handshake. Each side verifies the other's key, sends the result, and waits for the other's result, so
   * that neither mistakes a refusal for a lost connection and retries. If the transport is destroyed meanwhile, for
   * instance by a timeout, rejects with that error.
   * @throws AppError NOT_ALLOWED for a wrong key; NOT_AVAILABLE
   */
  static async open(
    transport: UdxDuplex,
    offer: ConnectionOffer,
    path: ConnectionPath,
    context: SecureContext,
  ): Promise<SecureChannel> {
    const common = { secureContext: context, ALPNProtocols: [ALPN_PROTOCOL], rejectUnauthorized: false };
    const tls =
      offer.side === 'a'
        ? connect({ socket: transport, ...common })
        : new TLSSocket(transport, { isServer: true, requestCert: true, ...common });
    const emit: (event: string | symbol, ...args: unknown[]) => boolean = tls.emit.bind(tls);
    // all errors pass here, also those of TLS itself
    tls.emit = (event: string | symbol, ...args: unknown[]) =>
      event === 'error' ? emit(event, toConnectionError(args[0])) : emit(event, ...args);
    // Node does not close the socket when records were tampered with
    tls.on('error', () => tls.destroy());
    transport.on('error', (error) => tls.destroy(error));
    try {
      await waitForHandshake(tls);
      const problem = verifyPeerKey(tls, offer);
      tls.write(Buffer.of(problem ? KEY_REFUSED : KEY_ACCEPTED));
      if (problem) throw problem;
      if ((await readFirstByte(tls)) !== KEY_ACCEPTED) {
        const message = `${offer.member} does not accept your key, because their daemon reported a different one. Reconnect to your daemon, then try again.`;
        throw new AppError('NOT_ALLOWED', message);
      }
      return new SecureChannel(tls, transport, offer, path);
    } catch (thrown) {
      const error = toConnectionError(thrown);
      // a refusal must reach the other side before the channel ends
      if (error.code === 'NOT_ALLOWED') closeGracefully(tls, transport);
      else tls.destroy(error);
      throw error;
    }
  }

  /** Closing takes up to two seconds; what was written before still arrives. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    closeGracefully(this.duplex, this.#transport);
  }
}

/** Ends the stream; it closes when both sides have ended, or at the latest after CLOSE_TIMEOUT_MS. */
function closeGracefully(tls: TLSSocket, transport: UdxDuplex): void {
  if (tls.destroyed) return;
  const timer = setTimeout(() => transport.destroyNow(), CLOSE_TIMEOUT_MS);
  transport.once('close', () => clearTimeout(timer));
  // discard remaining data to reach the end of the other side
  tls.resume();
  tls.end();
}

function verifyPeerKey(tls: TLSSocket, { key, member }: ConnectionOffer): AppError | undefined {
  if (tls.alpnProtocol !== ALPN_PROTOCOL) {
    const message = `${member} uses a different version of the file-transfer protocol. Use the same goldctl version on both sides.`;
    return new AppError('NOT_AVAILABLE', message);
  }
  const certificate = tls.getPeerX509Certificate();
  const given = certificate ? Buffer.from(certificateFingerprint(certificate), 'hex') : Buffer.alloc(0);
  const expected = Buffer.from(key, 'hex');
  if (given.length === expected.length && timingSafeEqual(given, expected)) return undefined;
  const message = `The key presented for ${member} does not match the one the daemon reported, so nothing was sent. If this persists, someone may be intercepting the connection: verify ${member}'s fingerprint over another channel.`;
  const data = { member, expected: key, given: given.toString('hex') || null };
  return new AppError('NOT_ALLOWED', message, { data });
}

/** Resolves when the other side's certificate is available. */
function waitForHandshake(tls: TLSSocket): Promise<void> {
  return waitForTls(tls, (done) => {
    tls.once('secure', done);
    return () => tls.off('secure', done);
  });
}

function readFirstByte(tls: TLSSocket): Promise<number | undefined> {
  return waitForTls(tls, (done) => {
    const read = () => {
      const byte: Buffer | null = tls.read(1);
      if (byte) done(byte[0]);
    };
    tls.on('readable', read);
    read();
    return () => tls.off('readable', read);
  });
}

/** @param listen calls `done` once, and returns how to stop listening */
function waitForTls<T>(tls: TLSSocket, listen: (done: (value: T) => void) => () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      unlisten?.();
      tls.off('error', failed);
      tls.off('close', closed);
      tls.off('end', closed);
    };
    const failed = (error: Error) => {
      stop();
      reject(error);
    };
    const closed = () =>
      failed(connectionLostError('The other side closed the connection during the handshake. Retrying.'));
    tls.on('error', failed);
    tls.on('close', closed);
    tls.on('end', closed);
    let unlisten: (() => void) | undefined;
    let settled = false;
    unlisten = listen((value) => {
      settled = true;
      stop();
      resolve(value);
    });
    if (settled) unlisten();
  });
}
