import { Buffer } from 'node:buffer';
import { timingSafeEqual } from 'node:crypto';
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { Failure } from '../domain/failure.ts';
import type { Path } from '../domain/transfer.ts';
import type { Side } from '../protocol/datagram.ts';
import { broken, failureOf } from './broken.ts';
import type { Channel } from './channel.ts';
import { fingerprintOf, type Identity } from './identity.ts';
import type { Introduction } from './introduction.ts';
import type { StreamDuplex } from './stream-duplex.ts';

const PROTOCOL = 'goldctl-peer/1';
/** One byte each way before anything else: what the sender made of the other's key. */
const ACCEPTED = 1;
const REFUSED = 0;
const CLOSE_MS = 2000;

/** TLS settings of an endpoint, made once. */
export function secureContext({ key, cert }: Identity): SecureContext {
  return createSecureContext({
    key,
    cert,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    ecdhCurve: 'X25519',
  });
}

/** TLS over a stream, with somebody who has proven the key of the introduction. */
export class SecureChannel implements Channel {
  readonly duplex: TLSSocket;
  readonly path: Path;
  readonly member: string;
  readonly key: string;
  readonly side: Side;
  readonly #under: StreamDuplex;
  #closing = false;

  private constructor(tls: TLSSocket, under: StreamDuplex, introduction: Introduction, path: Path) {
    this.duplex = tls;
    this.path = path;
    this.member = introduction.member;
    this.key = introduction.key;
    this.side = introduction.side;
    this.#under = under;
  }

  /**
   * Shakes hands. Each side compares the other's key, tells it the result, and waits for its result: so both know at
   * once, and neither takes a refusal for a broken connection that is worth another try. What is destroyed meanwhile
   * (for a deadline, say) rejects with the error it was destroyed by.
   * @throws Failure NOT_ALLOWED for another key, NOT_AVAILABLE
   */
  static async open(
    under: StreamDuplex,
    introduction: Introduction,
    path: Path,
    context: SecureContext,
  ): Promise<SecureChannel> {
    const common = { secureContext: context, ALPNProtocols: [PROTOCOL], rejectUnauthorized: false };
    const tls =
      introduction.side === 'a'
        ? connect({ socket: under, ...common })
        : new TLSSocket(under, { isServer: true, requestCert: true, ...common });
    const emit: (event: string | symbol, ...args: unknown[]) => boolean = tls.emit.bind(tls);
    // the one place through which all errors come, those of TLS itself too
    tls.emit = (event: string | symbol, ...args: unknown[]) =>
      event === 'error' ? emit(event, failureOf(args[0])) : emit(event, ...args);
    // node leaves a socket open whose records were tampered with
    tls.on('error', () => tls.destroy());
    under.on('error', (error) => tls.destroy(error));
    try {
      await shaken(tls);
      const problem = compare(tls, introduction);
      tls.write(Buffer.of(problem ? REFUSED : ACCEPTED));
      if (problem) throw problem;
      if ((await firstByte(tls)) !== ACCEPTED) {
        throw new Failure(
          'NOT_ALLOWED',
          `${introduction.member} does not accept the key of this goldctl: the daemon told another one there. Connect to the daemon again, and then try again.`,
        );
      }
      return new SecureChannel(tls, under, introduction, path);
    } catch (error) {
      const failure = failureOf(error);
      // a refusal must reach the other side before the end does
      if (failure.code === 'NOT_ALLOWED') close(tls, under);
      else tls.destroy(failure);
      throw failure;
    }
  }

  /** It is on its way to its end, which comes within two seconds: what was written before still arrives. */
  get closing(): boolean {
    return this.#closing;
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    close(this.duplex, this.#under);
  }
}

/** Ends it; destroys it once both sides have ended, or after a while. */
function close(tls: TLSSocket, under: StreamDuplex): void {
  if (tls.destroyed) return;
  const timer = setTimeout(() => under.cut(), CLOSE_MS);
  under.once('close', () => clearTimeout(timer));
  // the rest of what the other side sends is of no interest, but its end is: with both through, it goes by itself
  tls.resume();
  tls.end();
}

function compare(tls: TLSSocket, { key, member }: Introduction): Failure | undefined {
  if (tls.alpnProtocol !== PROTOCOL) {
    return new Failure(
      'NOT_AVAILABLE',
      `${member} speaks another version of the protocol of files. Use the same goldctl on both sides.`,
    );
  }
  const certificate = tls.getPeerX509Certificate();
  const given = certificate ? Buffer.from(fingerprintOf(certificate), 'hex') : Buffer.alloc(0);
  const wanted = Buffer.from(key, 'hex');
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return undefined;
  return new Failure(
    'NOT_ALLOWED',
    `Who answers for ${member} has another key than the daemon told, so nothing was sent. Try again; where it stays so, somebody stands between you: ask ${member} for the fingerprint in another way.`,
    { data: { member, expected: key, given: given.toString('hex') || null } },
  );
}

/** The handshake is over and the other side's certificate is there. */
function shaken(tls: TLSSocket): Promise<void> {
  return settle(tls, (done) => {
    tls.once('secure', done);
    return () => tls.off('secure', done);
  });
}

function firstByte(tls: TLSSocket): Promise<number | undefined> {
  return settle(tls, (done) => {
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
function settle<T>(tls: TLSSocket, listen: (done: (value: T) => void) => () => void): Promise<T> {
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
    const closed = () => failed(broken('The other side ended the connection before it was secure. It is tried again.'));
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
