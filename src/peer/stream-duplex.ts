import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import type { UDXStream } from 'udx-native';
import { Failure } from '../domain/failure.ts';
import { broken, failureOf } from './broken.ts';

/** How many silent checks in a row make a dead peer: one alone may only mean that this process was busy. */
const CHECKS = 5;
/** What may lie here unread: three times what an honest sender has on its way (16 MiB). */
const MAX_UNREAD = 48 << 20;
/** How long a stream that is through on this side waits for the other to be. */
const LINGER_MS = 2000;

/**
 * A stream of UDX as one of node's, which TLS can sit on. Packets that the socket read in one go are passed on as one
 * piece, without a copy: UDX lays them behind one another. UDX has no flow control for who receives, so who uses this
 * bounds what is on the way, and a sender who does not keep to that is cut off before it fills the memory.
 */
export class StreamDuplex extends Duplex {
  readonly #stream: UDXStream;
  /** What came since the last turn of the loop. */
  #pieces: Piece[] = [];
  #flushing = false;
  #ended = false;
  #closed = false;
  #cut = false;
  #drained: (() => void) | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(stream: UDXStream) {
    super({ allowHalfOpen: true, readableHighWaterMark: 1 << 20, writableHighWaterMark: 1 << 18 });
    this.#stream = stream;
    // Bytes are taken where UDX hands them out: streamx would only add its bookkeeping to every packet, and hold nothing
    // back. The end still goes its way, since the stream closes by it.
    const push = stream.push.bind(stream);
    stream.push = (bytes) => (bytes === null ? push(null) : this.#take(bytes));
    stream.resume();
    stream.on('end', () => {
      this.#flush();
      this.#ended = true;
      this.push(null);
    });
    stream.on('drain', () => this.#drain());
    stream.on('error', (error) => this.#fail(error));
    stream.on('close', () => {
      this.#closed = true;
      this.#flush();
      this.#drain();
      this.destroy();
    });
  }

  /**
   * From now on a peer that is silent for so long is taken for dead. UDX itself notices only while something of ours
   * waits for an answer.
   * @param silenceMs both sides must have about the same
   */
  watch(silenceMs: number): void {
    if (this.destroyed) return;
    const every = silenceMs / CHECKS;
    this.#stream.setKeepalive(Math.floor(every));
    let received = this.#stream.packetsReceived;
    let silent = 0;
    this.#watch = setInterval(() => {
      const now = this.#stream.packetsReceived;
      silent = now === received ? silent + 1 : 0;
      received = now;
      if (silent < CHECKS) return;
      clearInterval(this.#watch);
      this.destroy(broken(`The other side has been silent for ${Math.round(silenceMs / 1000)} s. It is tried again.`));
    }, every);
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#wait(this.#stream.write(bytes), done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    let room = true;
    for (const { chunk } of chunks) room = this.#stream.write(chunk);
    this.#wait(room, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.end();
    done();
  }

  /**
   * With both sides through, UDX closes the stream by itself once the last packet is acknowledged; taking it away before
   * that would look like a loss to the other side. Done when the stream is gone.
   */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#watch);
    this.#drain();
    const stream = this.#stream;
    const failure = error && failureOf(error);
    if (this.#closed) {
      done(failure);
      return;
    }
    const linger = !error && this.writableFinished && !this.#cut;
    const timer = linger ? setTimeout(() => stream.destroy(), LINGER_MS) : undefined;
    stream.once('close', () => {
      clearTimeout(timer);
      done(failure);
    });
    if (!linger) stream.destroy();
  }

  /** Destroys it without waiting for anything. */
  cut(): void {
    this.#cut = true;
    if (this.destroyed) this.#stream.destroy();
    else this.destroy();
  }

  /** The other side may take everything away once it has ended: that is no loss unless something of ours is on its way. */
  #fail(error: Error): void {
    const over = this.#ended && this.writableLength === 0 && (this.writableFinished || !this.writableEnded);
    this.destroy(over ? undefined : error);
  }

  #wait(room: boolean, done: () => void): void {
    if (room || this.#stream.destroying) done();
    else this.#drained = done;
  }

  #drain(): void {
    const done = this.#drained;
    this.#drained = undefined;
    done?.();
  }

  #take(bytes: Buffer): true {
    const piece = this.#pieces.at(-1);
    if (piece && piece.memory === bytes.buffer && piece.end === bytes.byteOffset) piece.end += bytes.length;
    else {
      const { buffer: memory, byteOffset: start } = bytes;
      this.#pieces.push({ memory, start, end: start + bytes.length });
    }
    if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => this.#flush());
    }
    return true;
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    for (const { memory, start, end } of pieces) this.push(Buffer.from(memory, start, end - start));
    if (this.readableLength > MAX_UNREAD) {
      this.destroy(new Failure('TOO_LARGE', 'The other side sent far more than it was asked for, so it was cut off.'));
    }
  }
}

/** Packets that lie behind one another. */
interface Piece {
  readonly memory: ArrayBufferLike;
  readonly start: number;
  end: number;
}
