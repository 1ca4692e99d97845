import type { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { AppError } from '../domain/app-error.ts';
import { blockPool } from './block-pool.ts';
import { channelEndedError } from './connection-errors.ts';
import {
  type BlockFrame,
  encodeControl,
  encodeLeaves,
  encodePing,
  type Frame,
  FrameDecoder,
  FrameError,
  type LeavesFrame,
  MAX_LEAVES_PER_FRAME,
} from './frame.ts';
import { HASH_BYTES } from './hash-tree.ts';
import type { PeerChannel } from './peer-channel.ts';
import { type PeerMessage, parsePeerMessage } from './peer-message.ts';

export interface FramedChannelOptions {
  /** A ping is sent when this side has sent nothing for this long. */
  readonly pingMs?: number;
  /** The other side counts as gone after this silence. */
  readonly silenceMs?: number;
  /** Limit from the first to the last byte of a frame, against peers that send very slowly. */
  readonly frameMs?: number;
}

/** Receives incoming frames. What it throws closes the channel. */
export interface FrameHandler {
  onMessage(message: PeerMessage): void;
  /** The handler owns the content, which comes from the block pool. */
  onBlock?(frame: BlockFrame): void;
  onLeaves?(frame: LeavesFrame): void;
}

/** Limit on unsent bytes: enough to keep the connection busy, few enough to stop quickly. */
const MAX_PENDING_BYTES = 1024 * 1024;
/** Messages that are kept while there is no handler. */
const MAX_EARLY_MESSAGES = 16;

/** Sends and receives frames over a peer channel. Detects a closed connection, protocol violations and silence. */
export class FramedChannel {
  readonly peer: PeerChannel;
  /** Why it ended; null when either side closed it in an orderly way. Never rejects. */
  readonly ended: Promise<AppError | null>;
  readonly #duplex: Duplex;
  readonly #decoder = new FrameDecoder((length) => blockPool.acquire(length).subarray(0, length));
  readonly #earlyMessages: PeerMessage[] = [];
  readonly #options: Required<FramedChannelOptions>;
  readonly #tickTimer: NodeJS.Timeout;
  #handler: FrameHandler | undefined;
  #isClosed = false;
  #resolveEnded!: (failure: AppError | null) => void;
  #pendingBytes = 0;
  #writableWaiters: (() => void)[] = [];
  #receivedAt = performance.now();
  #sentAt = performance.now();
  #frameStartedAt = 0;

  constructor(peer: PeerChannel, options: FramedChannelOptions = {}) {
    this.peer = peer;
    this.#duplex = peer.duplex;
    this.#options = { pingMs: 10_000, silenceMs: 45_000, frameMs: 60_000, ...options };
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const { pingMs, silenceMs, frameMs } = this.#options;
    this.#tickTimer = setInterval(() => this.#tick(), Math.max(10, Math.min(pingMs, silenceMs, frameMs) / 4));
    this.#duplex.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#duplex.on('error', (cause: Error) => this.#end(channelEndedError(peer.member, cause)));
    this.#duplex.on('end', () => this.#end(null));
    this.#duplex.on('close', () => this.#end(null));
    if (this.#duplex.destroyed) this.#end(null);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** First delivers the messages that arrived while there was no handler. */
  setHandler(handler: FrameHandler): void {
    this.#handler = handler;
    for (const message of this.#earlyMessages.splice(0)) this.#guard(() => handler.onMessage(message));
  }

  /** Keeps further messages for the next handler. */
  clearHandler(): void {
    this.#handler = undefined;
  }

  /** Does nothing once the channel is closed. */
  send(message: PeerMessage): void {
    this.#write(encodeControl(message));
  }

  /** Sends all leaves of a file. */
  async sendLeaves(file: number, leaves: Buffer): Promise<void> {
    for (let first = 0; first * HASH_BYTES < leaves.length; first += MAX_LEAVES_PER_FRAME) {
      await this.waitUntilWritable();
      const chunk = leaves.subarray(first * HASH_BYTES, (first + MAX_LEAVES_PER_FRAME) * HASH_BYTES);
      this.#write(encodeLeaves(file, first, chunk));
    }
  }

  /** @param onConsumed called when the buffer may be reused */
  sendBlock(frame: Buffer, onConsumed: () => void): void {
    this.#write(frame, onConsumed);
  }

  /** Resolves when more can be sent, or when the channel is closed. */
  async waitUntilWritable(): Promise<void> {
    while (!this.#isClosed && this.#pendingBytes >= MAX_PENDING_BYTES) {
      await new Promise<void>((resolve) => this.#writableWaiters.push(resolve));
    }
  }

  /** Closes in an orderly way: what was sent before still arrives. */
  close(): void {
    this.#end(null);
  }

  destroy(failure: AppError | null = null): void {
    if (this.#isClosed) return;
    this.#end(failure);
    this.#duplex.destroy();
  }

  #write(frame: Buffer, onConsumed?: () => void): void {
    if (this.#isClosed || this.#duplex.writableEnded || this.#duplex.destroyed) {
      onConsumed?.();
      return;
    }
    this.#pendingBytes += frame.length;
    this.#sentAt = performance.now();
    this.#duplex.write(frame, () => {
      this.#pendingBytes -= frame.length;
      onConsumed?.();
      this.#wake();
    });
  }

  #wake(): void {
    if (!this.#isClosed && this.#pendingBytes >= MAX_PENDING_BYTES) return;
    for (const resolve of this.#writableWaiters.splice(0)) resolve();
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return;
    this.#receivedAt = performance.now();
    let hasFrameEnded = false;
    this.#guard(() =>
      this.#decoder.push(chunk, (frame) => {
        hasFrameEnded = true;
        if (!this.#isClosed) this.#onFrame(frame);
      }),
    );
    if (!this.#decoder.hasPartialFrame) this.#frameStartedAt = 0;
    else if (hasFrameEnded || this.#frameStartedAt === 0) this.#frameStartedAt = this.#receivedAt;
  }

  #onFrame(frame: Frame): void {
    if (frame.type === 'ping') return;
    const handler = this.#handler;
    if (frame.type === 'control') {
      const message = parsePeerMessage(frame.value);
      if (handler) handler.onMessage(message);
      else if (this.#earlyMessages.length < MAX_EARLY_MESSAGES) this.#earlyMessages.push(message);
      else throw new FrameError('Too many messages without waiting for an answer.');
    } else if (frame.type === 'block' && handler?.onBlock) handler.onBlock(frame);
    else if (frame.type === 'leaves' && handler?.onLeaves) handler.onLeaves(frame);
    else throw new FrameError(`Unexpected ${frame.type} frame.`);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const message = `${this.peer.member} violated the protocol: ${(cause as Error).message}`;
      const isViolation = cause instanceof FrameError;
      this.destroy(isViolation ? new AppError('INVALID_REQUEST', message, { cause }) : AppError.from(cause));
    }
  }

  #tick(): void {
    const now = performance.now();
    const { pingMs, silenceMs, frameMs } = this.#options;
    const { member } = this.peer;
    if (now - this.#receivedAt > silenceMs) {
      const seconds = Math.round(silenceMs / 1000);
      this.destroy(new AppError('TOO_SLOW', `Received nothing from ${member} for ${seconds} s.`));
    } else if (this.#frameStartedAt > 0 && now - this.#frameStartedAt > frameMs) {
      this.destroy(new AppError('TOO_SLOW', `${member} is sending too slowly.`));
    } else if (now - this.#sentAt > pingMs && this.#pendingBytes === 0) this.#write(encodePing());
  }

  #end(failure: AppError | null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#tickTimer);
    this.#resolveEnded(failure);
    this.#wake();
    this.peer.close();
  }
}
