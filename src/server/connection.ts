import type { Socket } from 'node:net';
import { AppError } from '../domain/app-error.ts';
import { encodeError, encodeNotification, encodeRequest, LineDecoder } from '../protocol/jsonrpc.ts';
import { ClientSocket } from './client-socket.ts';
import type { ConnectionSlot } from './connection-limiter.ts';
import type { EncodedEvent, EventBatch } from './event-batch.ts';
import type { ClientLimits } from './limits.ts';
import { ReadScheduler, type ScheduledReader } from './read-scheduler.ts';

export interface CloseOptions {
  /** When the client may reconnect. */
  readonly retryAfterMs?: number | undefined;
  /** The client must not reconnect by itself. */
  readonly final?: boolean | undefined;
}

/** Receives the lines of a connection. */
export interface LineReceiver {
  /** Who is charged for lines. Default: the address. */
  readonly payer?: string;
  /**
   * Charges a line before any work is done with it.
   * @returns 0, or the milliseconds until it can be charged; nothing is read until then
   */
  charge?(characters: number, now: number): number;
  /** @param receivedAt monotonic milliseconds, the same for all lines of a turn */
  receiveLine(line: string, receivedAt: number): void;
  /** Called once when the connection ends. */
  onClosed(reason: string): void;
}

/** Calls of one connection without an answer yet; at this limit no more lines are handled. */
const MAX_PENDING_CALLS = 64;
const MAX_LINES_PER_TURN = 50;
const MAX_TURN_MS = 1;
/** Read the clock after this many lines, and after each long line. */
const CLOCK_CHECK_LINES = 8;
const LONG_LINE_CHARACTERS = 1024;
/** Decode in small chunks: waiting lines take more memory than their bytes. */
const DECODE_CHUNK_BYTES = 2048;
/** Bytes that an ended client may still send; they are discarded. */
const MAX_LINGER_BYTES = 4 * 1024 * 1024;

/**
 * Reads and writes lines. All output of one event-loop turn leaves in one write. A slow reader is first not read from,
 * then gets conflated quotes, then is dropped with a reason. A connection never delays others: it handles its lines in
 * turns, and the socket is paused while lines wait.
 */
export class Connection implements ScheduledReader {
  readonly address: string;
  readonly local: boolean;
  readonly #socket: Socket;
  readonly #client: ClientSocket;
  readonly #limits: ClientLimits;
  readonly #scheduler: ReadScheduler;
  readonly #slot: ConnectionSlot | undefined;
  readonly #decoder: LineDecoder;
  #receiver: LineReceiver | undefined;
  #outgoing = '';
  /** `#outgoing` is ASCII only, so it is written without UTF-8 encoding. */
  #isAscii = true;
  /** Newest event of each key while the reader is behind; written when it has caught up. */
  #conflated = new Map<string, string>();
  #resyncSeq: number | undefined;
  #isFlushScheduled = false;
  #isReading = false;
  #pendingCalls = 0;
  #hasExclusiveCall = false;
  /** Input that is not decoded yet, from `#decodedTo` on. */
  #undecoded: Buffer | undefined;
  #decodedTo = 0;
  /** Decoded lines, from `#nextLine` on. */
  #decodedLines: string[] = [];
  #nextLine = 0;
  #isPaused = false;
  /** The next line waits for pending calls or for the reader. */
  #isBlocked = false;
  #discardedBytes = 0;
  #lastReceivedAt = performance.now();
  #unansweredPings = 0;
  #isHalfClosed = false;

  /** @param options.scheduler shared by all connections @param options.slot undefined on the control socket */
  constructor(
    socket: Socket,
    options: {
      address: string;
      local: boolean;
      limits: ClientLimits;
      scheduler?: ReadScheduler;
      slot?: ConnectionSlot | undefined;
    },
  ) {
    this.#socket = socket;
    this.#client = new ClientSocket(socket, (reason) => this.#onClosed(reason));
    this.#slot = options.slot;
    this.#scheduler = options.scheduler ?? new ReadScheduler();
    this.address = options.address;
    this.local = options.local;
    this.#limits = options.limits;
    this.#decoder = new LineDecoder(options.limits.lineBytes);
    socket.setNoDelay?.(true);
  }

  start(receiver: LineReceiver): void {
    this.#receiver = receiver;
    this.#socket
      .on('data', (chunk: Buffer) => this.#onData(chunk))
      .on('drain', () => this.#onDrain())
      .on('error', (error) => this.#client.close(error.message))
      .on('end', () => this.#onInputEnd())
      .on('close', () => this.#client.close('closed'))
      .resume();
  }

  get payer(): string {
    return this.#receiver?.payer ?? this.address;
  }

  /** The local address that the client connected to; undefined on the control socket. */
  get hostAddress(): string | undefined {
    return this.local ? undefined : this.#socket.localAddress;
  }

  /** Bytes that the client has not read yet. */
  get queuedBytes(): number {
    return this.#socket.writableLength + this.#outgoing.length;
  }

  /** A connection with a signed-in member is not half-open. */
  setSignedIn(isSignedIn: boolean): void {
    this.#slot?.setSignedIn(isSignedIn);
  }

  get isEncrypted(): boolean {
    return 'encrypted' in this.#socket;
  }

  get isBehind(): boolean {
    return this.#client.isBehind;
  }

  get wasDropped(): boolean {
    return this.#client.wasDropped;
  }

  get hasEnded(): boolean {
    return this.#client.hasEnded;
  }

  /** @param isExclusive later lines wait for its end, because they may depend on it */
  beginCall(isExclusive: boolean): void {
    this.#pendingCalls += 1;
    if (isExclusive) this.#hasExclusiveCall = true;
  }

  finishCall(isExclusive: boolean): void {
    this.#pendingCalls -= 1;
    if (isExclusive) this.#hasExclusiveCall = false;
    this.#unblock();
    if (this.#isHalfClosed) this.#onInputEnd();
  }

  /** @param isAscii the caller knows that every character is ASCII */
  write(text: string, isAscii = false): void {
    if (this.hasEnded) return;
    this.#outgoing += text;
    if (!isAscii) this.#isAscii = false;
    if (!this.#isReading) this.#scheduleFlush();
    if (this.queuedBytes > this.#limits.queueHardBytes) this.#client.drop();
  }

  /**
   * Writes the events of a turn together with pending output. Past the soft limit, only the newest event of each key is
   * kept, and events with a seq are skipped: the reader gets the seq to resync from.
   */
  writeEvents(batch: EventBatch): void {
    if (this.hasEnded) return;
    if (this.#isReading || this.#hasSkipped || this.queuedBytes + batch.bytes.length > this.#limits.queueSoftBytes) {
      for (const event of batch.events) this.#writeEvent(event);
    } else {
      this.#flush(batch.bytes);
    }
  }

  #writeEvent({ text, key, seq }: EncodedEvent): void {
    if (this.hasEnded) return;
    const isSlow = this.#hasSkipped || this.queuedBytes > this.#limits.queueSoftBytes;
    if (isSlow && key !== undefined) this.#conflated.set(key, text);
    else if (isSlow && seq !== undefined) this.#resyncSeq ??= seq - 1;
    else this.write(text);
    // If our limit is lower than the socket's highWaterMark, no 'drain' event may fire.
    if (isSlow && !this.#socket.writableNeedDrain) this.#scheduleFlush();
  }

  /** Events were skipped, so newer events must not be written before the resync notice. */
  get #hasSkipped(): boolean {
    return this.#resyncSeq !== undefined || this.#conflated.size > 0;
  }

  /** Sends `bye` and closes once the client has read it, or after LINGER_MS. */
  end(status: number, reason: string, { retryAfterMs, final }: CloseOptions = {}): void {
    if (this.hasEnded) return;
    this.write(encodeNotification('bye', { status, reason, retryAfterMs, ...(final ? { final } : {}) }));
    this.#closeGracefully(reason);
  }

  /** Reports input that cannot be decoded any further, and closes. */
  rejectAndClose(error: AppError): void {
    if (this.hasEnded) return;
    this.write(encodeError(null, error));
    this.end(error.status, error.message);
  }

  /** Called every ping interval: sends a ping, and ends a connection that missed two. */
  ping(now: number): void {
    if (this.#hasUnreadInput) return; // its input is not fully read yet
    const silentMs = now - this.#lastReceivedAt;
    if (silentMs < this.#limits.pingMs) return;
    if (this.#unansweredPings >= 2) {
      this.end(408, `No data was received for ${Math.round(silentMs / 1000)} s.`);
      return;
    }
    this.#unansweredPings += 1;
    this.write(encodeRequest(`ping-${this.#unansweredPings}`, 'ping', {}));
  }

  dropIfStalled(now: number): void {
    this.#client.dropIfStalled(now, this.#limits.stallMs);
  }

  #onData(chunk: Buffer): void {
    if (this.hasEnded) {
      this.#discardedBytes += chunk.length;
      if (this.#discardedBytes > MAX_LINGER_BYTES) this.#socket.destroy();
      return;
    }
    this.#lastReceivedAt = this.#scheduler.now();
    this.#unansweredPings = 0;
    this.#undecoded = this.#undecoded ? Buffer.concat([this.#undecoded.subarray(this.#decodedTo), chunk]) : chunk;
    this.#decodedTo = 0;
    this.#scheduler.schedule(this);
    if (this.#hasUnreadInput && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
  }

  /** Handles as many lines as fit into one turn. */
  runTurn(): number | undefined {
    if (this.hasEnded) return undefined;
    const startedAt = this.#scheduler.now();
    this.#isReading = true;
    let waitMs: number | undefined;
    try {
      waitMs = this.#handleLines(startedAt);
    } catch (error) {
      this.rejectAndClose(AppError.from(error));
    }
    this.#isReading = false;
    this.#flush();
    if (this.hasEnded) return undefined;
    if (this.#isPaused && !this.#hasUnreadInput) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    if (this.#isHalfClosed) this.#onInputEnd();
    return waitMs;
  }

  /** @returns as `runTurn` @throws AppError TOO_LARGE, PARSE_ERROR */
  #handleLines(startedAt: number): number | undefined {
    this.#flush(); // flush earlier answers: the next write is at the end of the turn
    const isFull = this.#isSendQueueFull;
    this.#isBlocked = false;
    for (let handled = 0; !this.hasEnded; handled++) {
      if (!this.#decodeMore()) return undefined;
      if (
        this.#hasExclusiveCall ||
        this.#pendingCalls >= MAX_PENDING_CALLS ||
        isFull ||
        this.#outgoing.length > this.#limits.queueSoftBytes
      ) {
        this.#isBlocked = true;
        return undefined;
      }
      const line = this.#decodedLines[this.#nextLine]!;
      if (handled >= MAX_LINES_PER_TURN) return 0;
      if (handled > 0 && (line.length > LONG_LINE_CHARACTERS || handled % CLOCK_CHECK_LINES === 0)) {
        if (this.#scheduler.now() - startedAt >= MAX_TURN_MS) return 0;
      }
      const waitMs = this.#receiver?.charge?.(line.length, startedAt) ?? 0;
      if (waitMs > 0) return waitMs;
      this.#nextLine += 1;
      if (line !== '') this.#receiver?.receiveLine(line, startedAt);
    }
    return undefined;
  }

  /** Whether there is a next line; decodes more input if needed. */
  #decodeMore(): boolean {
    while (this.#nextLine === this.#decodedLines.length) {
      this.#decodedLines = [];
      this.#nextLine = 0;
      if (!this.#undecoded) return false;
      const end = this.#decodedTo + DECODE_CHUNK_BYTES;
      const isLast = end >= this.#undecoded.length;
      const piece = this.#decodedTo === 0 && isLast ? this.#undecoded : this.#undecoded.subarray(this.#decodedTo, end);
      this.#decodedTo = end;
      if (isLast) this.#undecoded = undefined;
      this.#decodedLines = this.#decoder.push(piece);
    }
    return true;
  }

  get #hasUnreadInput(): boolean {
    return this.#nextLine < this.#decodedLines.length || this.#undecoded !== undefined;
  }

  /** The client half-closed (a script piped into a socket): pending calls are still answered. */
  #onInputEnd(): void {
    this.#isHalfClosed = true;
    if (!this.hasEnded && this.#pendingCalls === 0 && !this.#hasUnreadInput) this.#closeGracefully('the client closed');
  }

  /** The client must read before more lines are handled. The socket then emits 'drain'. */
  get #isSendQueueFull(): boolean {
    return this.#socket.writableNeedDrain && this.#socket.writableLength > this.#limits.queueSoftBytes;
  }

  /** Continues with blocked lines. */
  #unblock(): void {
    if (!this.#isBlocked || this.hasEnded || this.#isSendQueueFull) return;
    this.#isBlocked = false;
    this.#scheduler.schedule(this);
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => this.#flush());
  }

  /** Writes pending output, followed by `bytes`, in one piece. */
  #flush(bytes?: Buffer): void {
    this.#isFlushScheduled = false;
    const out = this.#outgoing;
    if (out === '' && bytes === undefined && !this.#hasSkipped) return;
    const encoding = this.#isAscii ? 'latin1' : 'utf8';
    this.#outgoing = '';
    this.#isAscii = true;
    let accepted = !this.#socket.writableNeedDrain;
    if (bytes === undefined) {
      if (out !== '') accepted = this.#socket.write(out, encoding);
    } else if (out === '') {
      accepted = this.#socket.write(bytes);
    } else {
      this.#socket.cork();
      this.#socket.write(out, encoding);
      accepted = this.#socket.write(bytes);
      this.#socket.uncork();
    }
    if (!accepted) this.#client.markBehind();
    else if (this.#hasSkipped || this.#isBlocked) {
      // The system accepted everything at once, so no 'drain' event will fire.
      setImmediate(() => {
        if (!this.hasEnded && !this.#socket.writableNeedDrain) this.#onDrain();
      });
    }
  }

  #onDrain(): void {
    this.#client.markCaughtUp();
    if (this.#conflated.size > 0) {
      for (const text of this.#conflated.values()) this.#outgoing += text;
      this.#isAscii = false;
      this.#conflated = new Map();
    }
    if (this.#resyncSeq !== undefined) {
      const text = 'You fell behind, and some events were skipped.';
      this.#outgoing += encodeNotification('notice', { text, resync: this.#resyncSeq });
      this.#isAscii = false;
      this.#resyncSeq = undefined;
    }
    this.#flush();
    this.#unblock();
  }

  #closeGracefully(reason: string): void {
    this.#flush();
    this.#client.closeGracefully(reason);
  }

  #onClosed(reason: string): void {
    this.#scheduler.remove(this);
    this.#undecoded = undefined;
    this.#decodedLines = [];
    this.#nextLine = 0;
    if (this.#isPaused) this.#socket.resume(); // otherwise 'end' is never emitted
    this.#conflated = new Map();
    if (!this.#socket.writableEnded) this.#socket.end();
    this.#receiver?.onClosed(reason);
  }
}
