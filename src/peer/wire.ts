import type { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { Failure } from '../domain/failure.ts';
import type { Path } from '../domain/transfer.ts';
import {
  type BlockFrame,
  encodeControl,
  encodeLeaves,
  encodePing,
  type Frame,
  FrameError,
  FrameReader,
  LEAVES_A_FRAME,
  type LeavesFrame,
} from './frame.ts';
import { HASH_BYTES } from './hash-tree.ts';
import { checkMessage, type Message } from './message.ts';
import { blocks } from './pool.ts';

/** An established secure channel to another peer: all that transfers know of one. */
export interface PeerChannel {
  readonly duplex: Duplex;
  readonly path: Path;
  readonly member: string;
  /** SHA-256 of the public key that it proved. */
  readonly key: string;
  close(): void;
}

export interface WireOptions {
  /** Silence of our own after which we say that we live. */
  readonly pingMs?: number;
  /** Silence of the other side after which it counts as gone. */
  readonly silenceMs?: number;
  /** What a frame may take from its first byte to its last: whoever drips is dropped. */
  readonly frameMs?: number;
}

/** Takes what arrives. Whatever it throws ends the wire. */
export interface WireUser {
  onMessage(message: Message): void;
  /** The content is the user's own, from the pool. */
  onBlock?(frame: BlockFrame): void;
  onLeaves?(frame: LeavesFrame): void;
}

/** Bytes that may wait in the channel: enough to keep it busy, little enough to stop at once. */
const PENDING_BYTES = 1024 * 1024;
/** Messages that may arrive while nobody uses the wire. */
const EARLY_MESSAGES = 16;

/** Frames over one channel, both ways; notices when the other side goes, says nonsense or nothing. */
export class Wire {
  readonly channel: PeerChannel;
  /** Why it ended; null where this side or the other closed it in order. Never rejects. */
  readonly ended: Promise<Failure | null>;
  readonly #duplex: Duplex;
  readonly #reader = new FrameReader((length) => blocks.take(length).subarray(0, length));
  readonly #early: Message[] = [];
  readonly #options: Required<WireOptions>;
  readonly #clock: NodeJS.Timeout;
  #user: WireUser | undefined;
  #over = false;
  #settle!: (failure: Failure | null) => void;
  #pending = 0;
  #waiting: (() => void)[] = [];
  #heardAt = performance.now();
  #spokeAt = performance.now();
  #frameAt = 0;

  constructor(channel: PeerChannel, options: WireOptions = {}) {
    this.channel = channel;
    this.#duplex = channel.duplex;
    this.#options = { pingMs: 10_000, silenceMs: 45_000, frameMs: 60_000, ...options };
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const { pingMs, silenceMs, frameMs } = this.#options;
    this.#clock = setInterval(() => this.#tick(), Math.max(10, Math.min(pingMs, silenceMs, frameMs) / 4));
    this.#duplex.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#duplex.on('error', (cause: Error) => this.#end(broken(this.channel.member, cause)));
    this.#duplex.on('end', () => this.#end(null));
    this.#duplex.on('close', () => this.#end(null));
    if (this.#duplex.destroyed) this.#end(null);
  }

  get over(): boolean {
    return this.#over;
  }

  /** From now on `user` gets what arrives, first of all what came since the last one let go. */
  use(user: WireUser): void {
    this.#user = user;
    for (const message of this.#early.splice(0)) this.#guard(() => user.onMessage(message));
  }

  /** Messages wait for the next user. */
  release(): void {
    this.#user = undefined;
  }

  /** Does nothing once the wire is over. */
  send(message: Message): void {
    this.#write(encodeControl(message));
  }

  /** Sends all hashes of a file. */
  async sendLeaves(file: number, leaves: Buffer): Promise<void> {
    for (let first = 0; first * HASH_BYTES < leaves.length; first += LEAVES_A_FRAME) {
      await this.writable();
      const some = leaves.subarray(first * HASH_BYTES, (first + LEAVES_A_FRAME) * HASH_BYTES);
      this.#write(encodeLeaves(file, first, some));
    }
  }

  /** @param taken called once the bytes are out of the buffer, or will never be */
  sendBlock(frame: Buffer, taken: () => void): void {
    this.#write(frame, taken);
  }

  /** Resolves when the channel takes more, or is over. */
  async writable(): Promise<void> {
    while (!this.#over && this.#pending >= PENDING_BYTES) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Ends it in order: what was sent before still arrives. */
  close(): void {
    this.#end(null);
  }

  /** Ends it at once. */
  destroy(failure: Failure | null = null): void {
    if (this.#over) return;
    this.#end(failure);
    this.#duplex.destroy();
  }

  #write(frame: Buffer, taken?: () => void): void {
    if (this.#over || this.#duplex.writableEnded || this.#duplex.destroyed) {
      taken?.();
      return;
    }
    this.#pending += frame.length;
    this.#spokeAt = performance.now();
    this.#duplex.write(frame, () => {
      this.#pending -= frame.length;
      taken?.();
      this.#wake();
    });
  }

  #wake(): void {
    if (!this.#over && this.#pending >= PENDING_BYTES) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #read(chunk: Buffer): void {
    if (this.#over) return;
    this.#heardAt = performance.now();
    let whole = false;
    this.#guard(() =>
      this.#reader.push(chunk, (frame) => {
        whole = true;
        if (this.#over) return;
        this.#take(frame);
      }),
    );
    if (!this.#reader.partial) this.#frameAt = 0;
    else if (whole || this.#frameAt === 0) this.#frameAt = this.#heardAt;
  }

  #take(frame: Frame): void {
    if (frame.type === 'ping') return;
    const user = this.#user;
    if (frame.type === 'control') {
      const message = checkMessage(frame.value);
      if (user) user.onMessage(message);
      else if (this.#early.length < EARLY_MESSAGES) this.#early.push(message);
      else throw new FrameError('The other side does not wait for an answer.');
    } else if (frame.type === 'block' && user?.onBlock) user.onBlock(frame);
    else if (frame.type === 'leaves' && user?.onLeaves) user.onLeaves(frame);
    else throw new FrameError(`Nobody asked for ${frame.type}.`);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.destroy(cause instanceof FrameError ? nonsense(this.channel.member, cause) : Failure.from(cause));
    }
  }

  #tick(): void {
    const now = performance.now();
    const { pingMs, silenceMs, frameMs } = this.#options;
    const { member } = this.channel;
    if (now - this.#heardAt > silenceMs) {
      const seconds = Math.round(silenceMs / 1000);
      this.destroy(new Failure('TOO_SLOW', `Nothing came from ${member} for ${seconds} s.`));
    } else if (this.#frameAt > 0 && now - this.#frameAt > frameMs) {
      this.destroy(new Failure('TOO_SLOW', `What ${member} sends comes too slowly to go on with.`));
    } else if (now - this.#spokeAt > pingMs && this.#pending === 0) this.#write(encodePing());
  }

  #end(failure: Failure | null): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#clock);
    this.#settle(failure);
    this.#wake();
    this.channel.close();
  }
}

function broken(member: string, cause: Error): Failure {
  return new Failure(
    'CONNECTION_ENDED',
    `The connection to ${member} broke. The transfer goes on once there is another.`,
    {
      cause,
    },
  );
}

function nonsense(member: string, cause: FrameError): Failure {
  return new Failure('INVALID_REQUEST', `${member} does not keep to the protocol: ${cause.message}`, { cause });
}
