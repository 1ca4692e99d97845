import type { Socket } from 'node:net';
import { Failure } from '../domain/failure.ts';
import { encodeFailure, encodeNotification, encodeRequest, LineSplitter } from '../protocol/line.ts';
import type { Arrival } from './arrivals.ts';
import type { Batch, Event } from './batch.ts';
import type { Limits } from './limits.ts';
import { type Reader, Turns } from './turns.ts';

/** What goodbye says besides status and reason. */
export interface Goodbye {
  /** The client is expected back, not before this. */
  readonly retryAfterMs?: number | undefined;
  /** The client is to stay away until a person says otherwise. */
  readonly final?: boolean | undefined;
}

/** Who gets the lines of a connection. */
export interface LineReceiver {
  /** Who is charged for lines. Default: the address. */
  readonly payer?: string;
  /**
   * Charges a line, before anything is done with it.
   * @returns 0, or the milliseconds until it can be charged: nothing is read until then
   */
  charge?(characters: number, now: number): number;
  /** @param heard monotonic milliseconds, the same for all lines of a turn */
  receive(line: string, heard: number): void;
  /** Nothing comes or goes any more. Called once. */
  closed(reason: string): void;
}

/** Calls of one connection that wait for their results; beyond it nothing more is read from it. */
const MAX_PENDING = 64;
/** Lines of one turn; what is behind them waits for the next one. */
const TURN_LINES = 50;
const TURN_MS = 1;
/** The time is looked at after so many lines, and after each long one. */
const TIMED_LINES = 8;
const LONG_LINE = 1024;
/** Bytes that are cut into lines at once: lines that wait take more memory than their bytes. */
const CUT_BYTES = 2048;
/** How long a client has to take the last words before the socket is cut. */
const LINGER_MS = 2000;
/** What a client that was ended can send meanwhile. It is thrown away. */
const LINGER_BYTES = 4 * 1024 * 1024;

/**
 * Lines in, lines out. What a turn of the event loop has to say leaves in one write; a reader that falls behind is
 * first not read from, then given conflated quotes, then dropped with a reason. It never delays anybody else: it works
 * on its lines by turns, and nothing is read from the socket while lines wait.
 */
export class Connection implements Reader {
  readonly address: string;
  readonly local: boolean;
  readonly #socket: Socket;
  readonly #limits: Limits;
  readonly #turns: Turns;
  readonly #arrival: Arrival | undefined;
  readonly #splitter: LineSplitter;
  #receiver: LineReceiver | undefined;
  #out = '';
  /** Nothing in `#out` needs UTF-8: it is written without being encoded. */
  #ascii = true;
  /** The newest event of each key, where the reader is behind; written when it has caught up. */
  #conflated = new Map<string, string>();
  #resync: number | undefined;
  #scheduled = false;
  #reading = false;
  #behindSince: number | undefined;
  #progress = 0;
  #pending = 0;
  #alone = false;
  /** What was read and is not cut into lines yet, from `#cutAt` on. */
  #input: Buffer | undefined;
  #cutAt = 0;
  /** Lines that were cut, from `#nextLine` on. */
  #lines: string[] = [];
  #nextLine = 0;
  #paused = false;
  /** The next line waits for answers that are under way, or for the reader. */
  #blocked = false;
  #discarded = 0;
  #lastHeard = performance.now();
  #pings = 0;
  #halfClosed = false;
  #ended: string | undefined;
  #dropped = false;

  /**
   * @param options.turns shared by all connections
   * @param options.arrival how it is counted; none on the control socket
   */
  constructor(
    socket: Socket,
    options: { address: string; local: boolean; limits: Limits; turns?: Turns; arrival?: Arrival | undefined },
  ) {
    this.#socket = socket;
    this.#arrival = options.arrival;
    this.#turns = options.turns ?? new Turns();
    this.address = options.address;
    this.local = options.local;
    this.#limits = options.limits;
    this.#splitter = new LineSplitter(options.limits.lineBytes);
    socket.setNoDelay?.(true);
  }

  start(receiver: LineReceiver): void {
    this.#receiver = receiver;
    this.#socket
      .on('data', (chunk: Buffer) => this.#read(chunk))
      .on('drain', () => this.#drained())
      .on('error', (error) => this.#close(error.message))
      .on('end', () => this.#inputEnded())
      .on('close', () => this.#close('closed'))
      .resume();
  }

  /** Who is charged for its lines. */
  get payer(): string {
    return this.#receiver?.payer ?? this.address;
  }

  /** The address of this machine that it came to; undefined on the control socket. */
  get hostAddress(): string | undefined {
    return this.local ? undefined : this.#socket.localAddress;
  }

  /** Bytes that the reader has not taken yet. */
  get queued(): number {
    return this.#socket.writableLength + this.#out.length;
  }

  /** Whether somebody is signed in on it: then it is not half-open any more. */
  signedIn(is: boolean): void {
    this.#arrival?.signedIn(is);
  }

  /** It is encrypted: no clear text, and not the control socket. */
  get encrypted(): boolean {
    return 'encrypted' in this.#socket;
  }

  /** The reader has more to take than the system holds for him. */
  get behind(): boolean {
    return this.#behindSince !== undefined;
  }

  /** It was ended because the reader did not take what he was sent. */
  get dropped(): boolean {
    return this.#dropped;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * A call began that answers later.
   * @param alone lines behind it wait for its end: what they may do depends on it
   */
  began(alone: boolean): void {
    this.#pending += 1;
    if (alone) this.#alone = true;
  }

  finished(alone: boolean): void {
    this.#pending -= 1;
    if (alone) this.#alone = false;
    this.#resume();
    if (this.#halfClosed) this.#inputEnded();
  }

  /** @param ascii the caller knows that every character of it is ASCII */
  write(text: string, ascii = false): void {
    if (this.#ended !== undefined) return;
    this.#out += text;
    if (!ascii) this.#ascii = false;
    if (!this.#reading) this.#schedule();
    if (this.queued > this.#limits.queueHardBytes) this.#drop();
  }

  /**
   * The events of a turn, in one write with what was said before them. Past the soft limit those with a key wait as
   * the newest of their key, and those with a seq are left out: the reader is told from which seq on to ask again.
   */
  events(batch: Batch): void {
    if (this.#ended !== undefined) return;
    if (this.#reading || this.#leftOut || this.queued + batch.bytes.length > this.#limits.queueSoftBytes) {
      for (const event of batch.events) this.#event(event);
    } else {
      this.#flush(batch.bytes);
    }
  }

  #event({ text, key, seq }: Event): void {
    if (this.#ended !== undefined) return;
    const behind = this.#leftOut || this.queued > this.#limits.queueSoftBytes;
    if (behind && key !== undefined) this.#conflated.set(key, text);
    else if (behind && seq !== undefined) this.#resync ??= seq - 1;
    else this.write(text);
    // Where the limit is below what the system holds back by itself, no drain may be on its way.
    if (behind && !this.#socket.writableNeedDrain) this.#schedule();
  }

  /** Something was left out: whatever comes now would come before it. */
  get #leftOut(): boolean {
    return this.#resync !== undefined || this.#conflated.size > 0;
  }

  /** Says goodbye and closes once the reader has it, or soon. */
  end(status: number, reason: string, { retryAfterMs, final }: Goodbye = {}): void {
    if (this.#ended !== undefined) return;
    this.write(encodeNotification('bye', { status, reason, retryAfterMs, ...(final ? { final } : {}) }));
    this.#finish(reason);
  }

  /** Answers a line that cannot be trusted any further, and closes. */
  refuse(failure: Failure): void {
    if (this.#ended !== undefined) return;
    this.write(encodeFailure(null, failure));
    this.end(failure.status, failure.message);
  }

  /** Called every ping interval: asks for a sign of life, and ends a connection that missed two. */
  ping(now: number): void {
    if (this.#isUnread) return; // there is more from it than is read
    const silent = now - this.#lastHeard;
    if (silent < this.#limits.pingMs) return;
    if (this.#pings >= 2) {
      this.end(408, `Nothing was heard for ${Math.round(silent / 1000)} s.`);
      return;
    }
    this.#pings += 1;
    this.write(encodeRequest(`ping-${this.#pings}`, 'ping', {}));
  }

  /** Called now and then: drops a reader that has taken nothing for too long. */
  checkProgress(now: number): void {
    if (this.#behindSince === undefined) return;
    if (this.#socket.bytesWritten - this.#socket.writableLength !== this.#progress) this.#markProgress(now);
    else if (now - this.#behindSince > this.#limits.stallMs) this.#drop();
  }

  #read(chunk: Buffer): void {
    if (this.#ended !== undefined) {
      this.#discarded += chunk.length;
      if (this.#discarded > LINGER_BYTES) this.#socket.destroy();
      return;
    }
    this.#lastHeard = this.#turns.now();
    this.#pings = 0;
    this.#input = this.#input ? Buffer.concat([this.#input.subarray(this.#cutAt), chunk]) : chunk;
    this.#cutAt = 0;
    this.#turns.ready(this);
    if (this.#isUnread && !this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
  }

  /** Works on the lines that fit into one turn. */
  turn(): number | undefined {
    if (this.#ended !== undefined) return undefined;
    const begun = this.#turns.now();
    this.#reading = true;
    let wait: number | undefined;
    try {
      wait = this.#takeLines(begun);
    } catch (failure) {
      this.refuse(Failure.from(failure));
    }
    this.#reading = false;
    this.#flush();
    if (this.#ended !== undefined) return undefined;
    if (this.#paused && !this.#isUnread) {
      this.#paused = false;
      this.#socket.resume();
    }
    if (this.#halfClosed) this.#inputEnded();
    return wait;
  }

  /** @returns as `turn` does @throws Failure TOO_LARGE, PARSE_ERROR */
  #takeLines(begun: number): number | undefined {
    this.#flush(); // answers of before: nothing else is written before the end of the turn
    const isFull = this.#isFull;
    this.#blocked = false;
    for (let taken = 0; this.#ended === undefined; taken++) {
      if (!this.#cut()) return undefined;
      if (this.#alone || this.#pending >= MAX_PENDING || isFull || this.#out.length > this.#limits.queueSoftBytes) {
        this.#blocked = true;
        return undefined;
      }
      const line = this.#lines[this.#nextLine]!;
      if (taken >= TURN_LINES) return 0;
      if (taken > 0 && (line.length > LONG_LINE || taken % TIMED_LINES === 0)) {
        if (this.#turns.now() - begun >= TURN_MS) return 0;
      }
      const wait = this.#receiver?.charge?.(line.length, begun) ?? 0;
      if (wait > 0) return wait;
      this.#nextLine += 1;
      if (line !== '') this.#receiver?.receive(line, begun);
    }
    return undefined;
  }

  /** Whether there is a next line; cuts more of the input where that is needed. */
  #cut(): boolean {
    while (this.#nextLine === this.#lines.length) {
      this.#lines = [];
      this.#nextLine = 0;
      if (!this.#input) return false;
      const end = this.#cutAt + CUT_BYTES;
      const isLast = end >= this.#input.length;
      const piece = this.#cutAt === 0 && isLast ? this.#input : this.#input.subarray(this.#cutAt, end);
      this.#cutAt = end;
      if (isLast) this.#input = undefined;
      this.#lines = this.#splitter.push(piece);
    }
    return true;
  }

  /** Lines or parts of lines wait for their turn. */
  get #isUnread(): boolean {
    return this.#nextLine < this.#lines.length || this.#input !== undefined;
  }

  /** The client has said all; what it asked is still answered (a script piped into a socket). */
  #inputEnded(): void {
    this.#halfClosed = true;
    if (this.#ended === undefined && this.#pending === 0 && !this.#isUnread) this.#finish('the client closed');
  }

  /** The reader is to take what was written before more is asked. Then the socket emits `drain`. */
  get #isFull(): boolean {
    return this.#socket.writableNeedDrain && this.#socket.writableLength > this.#limits.queueSoftBytes;
  }

  /** Goes on with lines that were blocked. */
  #resume(): void {
    if (!this.#blocked || this.#ended !== undefined || this.#isFull) return;
    this.#blocked = false;
    this.#turns.ready(this);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  /** Writes what was said, and these bytes behind it, as one piece. */
  #flush(bytes?: Buffer): void {
    this.#scheduled = false;
    const out = this.#out;
    if (out === '' && bytes === undefined && !this.#leftOut) return;
    const encoding = this.#ascii ? 'latin1' : 'utf8';
    this.#out = '';
    this.#ascii = true;
    let taken = !this.#socket.writableNeedDrain;
    if (bytes === undefined) {
      if (out !== '') taken = this.#socket.write(out, encoding);
    } else if (out === '') {
      taken = this.#socket.write(bytes);
    } else {
      this.#socket.cork();
      this.#socket.write(out, encoding);
      taken = this.#socket.write(bytes);
      this.#socket.uncork();
    }
    if (!taken) {
      if (this.#behindSince === undefined) this.#markProgress(performance.now());
    } else if (this.#leftOut || this.#blocked) {
      // The system took all of it at once, however much it was: no drain will tell.
      setImmediate(() => {
        if (this.#ended === undefined && !this.#socket.writableNeedDrain) this.#drained();
      });
    }
  }

  #markProgress(now: number): void {
    this.#behindSince = now;
    this.#progress = this.#socket.bytesWritten - this.#socket.writableLength;
  }

  #drained(): void {
    this.#behindSince = undefined;
    if (this.#conflated.size > 0) {
      for (const text of this.#conflated.values()) this.#out += text;
      this.#ascii = false;
      this.#conflated = new Map();
    }
    if (this.#resync !== undefined) {
      const text = 'You fell behind and events were left out.';
      this.#out += encodeNotification('notice', { text, resync: this.#resync });
      this.#ascii = false;
      this.#resync = undefined;
    }
    this.#flush();
    this.#resume();
  }

  #drop(): void {
    this.#dropped = true;
    // No bye: what is queued would come before it, and it is not being read.
    this.#socket.destroy();
    this.#close('the client did not read what it was sent');
  }

  #finish(reason: string): void {
    this.#flush();
    this.#socket.end();
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    linger.unref();
    this.#socket.once('close', () => clearTimeout(linger));
    this.#close(reason);
  }

  #close(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#turns.forget(this);
    this.#input = undefined;
    this.#lines = [];
    this.#nextLine = 0;
    if (this.#paused) this.#socket.resume(); // or its end is not heard
    this.#conflated = new Map();
    if (!this.#socket.writableEnded) this.#socket.end();
    this.#receiver?.closed(reason);
  }
}
