import type { Failure } from '../domain/failure.ts';
import type { Services } from '../server/services.ts';
import type { Guest } from './guest.ts';
import type { DialectName } from './place.ts';

/** What of the room the dialects are made of. */
export type DialectRoom = Pick<
  Services,
  | 'accounts'
  | 'addressBans'
  | 'arrivals'
  | 'budget'
  | 'catchUp'
  | 'files'
  | 'forum'
  | 'limits'
  | 'log'
  | 'now'
  | 'presence'
  | 'rates'
  | 'serverName'
  | 'sessions'
  | 'turns'
  | 'view'
>;

/** The wire of one of the old systems, on a port of it. */
export interface Dialect {
  readonly name: DialectName;
  /** What its clients send that is not for everybody's eyes; clear text is all that they speak. */
  readonly secrets?: string;
  /** Bytes that its clients read at once: no reply is longer. */
  readonly replyBytes?: number;
  /** Bytes of a request at most. */
  readonly requestBytes: number;
  /** Whether people have accounts in it. */
  readonly signsIn: boolean;
  /** How long a client may take to sign in; where nobody signs in, for a request. Milliseconds. */
  readonly patienceMs: number;
  /** Whether its clients begin with such an object: where it can share a port. */
  owns?(first: object): boolean;
  /** A client has come. */
  converse(guest: Guest): Conversation<unknown>;
}

/** What is said to a client, in one write. */
export type Say = string | Buffer;

/** The answer to a request; undefined where there is none. */
export type Answer = Say | Last | undefined;

/** An answer after which the connection ends. */
export class Last {
  readonly say: Say | undefined;

  constructor(say?: Say) {
    this.say = say;
  }
}

export interface Cut<R> {
  readonly request: R;
  /** Bytes that it took. */
  readonly used: number;
}

/** What one client is told. It asks one thing at a time: a request is cut off once the one before is answered. */
export interface Conversation<R> {
  /** What it is told when it comes. */
  readonly greeting?: Say;
  /**
   * The request that the bytes begin with; undefined while it is not whole.
   * @param quiet nothing more has come for a moment
   * @throws Failure for bytes that begin none: the connection ends, and its farewell says why
   */
  cut(bytes: Buffer, quiet: boolean): Cut<R> | undefined;
  /** What it throws is told by `refuse`. */
  answer(request: R): Answer | Promise<Answer>;
  refuse(failure: Failure): Answer;
  /** The last words to it, when the daemon ends the connection. */
  farewell(reason: string): Say;
  /** Whether its client sent it without anybody at it: a member is not there for that. */
  isByItself?(request: R): boolean;
  /** As `Visitor.roundTrip`; missing where its clients cannot be asked for a sign of life. */
  roundTrip?(timeoutMs: number): Promise<number | undefined>;
  /** The connection is over. */
  closed?(): void;
}

/** Makes a dialect for one port. */
export type MakeDialect = (room: DialectRoom) => Dialect;
