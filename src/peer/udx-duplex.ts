import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import type { UDXStream } from 'udx-native';
import { AppError } from '../domain/app-error.ts';
import { connectionLostError, toConnectionError } from './connection-errors.ts';

/** A peer is dead after this many silent checks in a row; one alone may only mean that this process was busy. */
const SILENT_CHECKS = 5;
/** Three times what an honest sender has in flight (16 MiB). */
const MAX_UNREAD_BYTES = 48 << 20;
/** How long a stream that has ended on this side waits for the end of the other. */
const LINGER_TIMEOUT_MS = 2000;

/**
 * Adapts a UDX stream to a Node Duplex, for use by TLS. Packets read by the socket in one call are passed on as one
 * chunk without a copy, because UDX stores them contiguously. UDX has no receiver flow control: the users of this class
 * limit the bytes in flight, and a sender that exceeds the limit is disconnected before it fills the memory.
 */
export class UdxDuplex extends Duplex {
  readonly #stream: UDXStream;
  /** Received since the last turn of the event loop. */
  #received: MemoryRange[] = [];
  #isFlushScheduled = false;
  #hasEnded = false;
  #isClosed = false;
  #isCut = false;
  #onDrain: (() => void) | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;

  constructor(stream: UDXStream) {
    super({ allowHalfOpen: true, readableHighWaterMark: 1 << 20, writableHighWaterMark: 1 << 18 });
    this.#stream = stream;
    // Take packets directly from UDX: streamx would only add overhead to each one and has no backpressure here. The end
    // still goes through streamx, which closes the stream.
    const push = stream.push.bind(stream);
    stream.push = (bytes) => (bytes === null ? push(null) : this.#onBytes(bytes));
    stream.resume();
    stream.on('end', () => {
      this.#flush();
      this.#hasEnded = true;
      this.push(null);
    });
    stream.on('drain', () => this.#resumeWriting());
    stream.on('error', (error) => this.#onStreamError(error));
    stream.on('close', () => {
      this.#isClosed = true;
      this.#flush();
      this.#resumeWriting();
      this.destroy();
    });
  }

  /**
   * Destroys the stream when the peer is silent for this long. UDX itself notices only while it waits for an
   * acknowledgement.
   * @param silenceMs must be about the same on both sides
   */
  watchSilence(silenceMs: number): void {
    if (this.destroyed) return;
    const intervalMs = silenceMs / SILENT_CHECKS;
    this.#stream.setKeepalive(Math.floor(intervalMs));
    let received = this.#stream.packetsReceived;
    let silent = 0;
    this.#silenceTimer = setInterval(() => {
      const now = this.#stream.packetsReceived;
      silent = now === received ? silent + 1 : 0;
      received = now;
      if (silent < SILENT_CHECKS) return;
      clearInterval(this.#silenceTimer);
      const seconds = Math.round(silenceMs / 1000);
      this.destroy(connectionLostError(`The other side has been silent for ${seconds} s. Retrying.`));
    }, intervalMs);
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#waitForDrain(this.#stream.write(bytes), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    let isWritable = true;
    for (const { chunk } of chunks) isWritable = this.#stream.write(chunk);
    this.#waitForDrain(isWritable, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.end();
    done();
  }

  /**
   * When both sides have ended, UDX closes the stream after the last packet has been acknowledged. Destroying it earlier
   * would look like a lost connection to the other side. Calls back when the stream is closed.
   */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#silenceTimer);
    this.#resumeWriting();
    const stream = this.#stream;
    const connectionError = error && toConnectionError(error);
    if (this.#isClosed) {
      done(connectionError);
      return;
    }
    const lingers = !error && this.writableFinished && !this.#isCut;
    const timer = lingers ? setTimeout(() => stream.destroy(), LINGER_TIMEOUT_MS) : undefined;
    stream.once('close', () => {
      clearTimeout(timer);
      done(connectionError);
    });
    if (!lingers) stream.destroy();
  }

  /** Destroys the stream without waiting for anything. */
  destroyNow(): void {
    this.#isCut = true;
    if (this.destroyed) this.#stream.destroy();
    else this.destroy();
  }

  /** After the other side has ended, it may destroy the stream; that is an error only if this side has unsent data. */
  #onStreamError(error: Error): void {
    const isHarmless = this.#hasEnded && this.writableLength === 0 && (this.writableFinished || !this.writableEnded);
    this.destroy(isHarmless ? undefined : error);
  }

  #waitForDrain(isWritable: boolean, done: () => void): void {
    if (isWritable || this.#stream.destroying) done();
    else this.#onDrain = done;
  }

  #resumeWriting(): void {
    const done = this.#onDrain;
    this.#onDrain = undefined;
    done?.();
  }

  #onBytes(bytes: Buffer): true {
    const { buffer: memory, byteOffset: start } = bytes;
    const last = this.#received.at(-1);
    if (last && last.memory === memory && last.end === start) last.end += bytes.length;
    else this.#received.push({ memory, start, end: start + bytes.length });
    if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true;
      setImmediate(() => this.#flush());
    }
    return true;
  }

  #flush(): void {
    this.#isFlushScheduled = false;
    if (this.#received.length === 0) return;
    const ranges = this.#received;
    this.#received = [];
    for (const { memory, start, end } of ranges) this.push(Buffer.from(memory, start, end - start));
    if (this.readableLength <= MAX_UNREAD_BYTES) return;
    const message = 'The other side sent far more than was requested, so it was disconnected.';
    this.destroy(new AppError('TOO_LARGE', message));
  }
}

/** Contiguous packets. */
interface MemoryRange {
  readonly memory: ArrayBufferLike;
  readonly start: number;
  end: number;
}
