import type { EventParams } from '../protocol/events.ts';
import type { Writer } from '../room/forum.ts';
import type { Attendant } from '../room/presence.ts';
import type { Goodbye } from './connection.ts';

/** By which way somebody came. */
export const DOORS = ['tls', 'clear', 'control', 'dialect'] as const;
export type Door = (typeof DOORS)[number];

/** Whoever has a connection now: a session of goldctl's own wire, or a client that speaks a dialect. */
export interface Visitor extends Attendant {
  readonly door: Door;
  readonly isSignedIn: boolean;
  /** Bytes that it has not taken yet. */
  readonly queued: number;
  /** It has more to take than the system holds for it. */
  readonly behind: boolean;
  /** The signed-in member. @throws Failure NOT_SIGNED_IN */
  readonly writer: Writer;
  /** It signs out itself: that its token is void then is no reason to end it. */
  readonly leaving?: boolean;
  end(reason: string, goodbye?: Goodbye): void;
  /** Ends the connection of somebody whose address is banned, and says so. */
  keepOut(reason: string | undefined): void;
  /** Tells it who wants to reach its peer. */
  introduced(introduction: EventParams<'peer'>): void;
  /** Whether `roundTrip` can be answered: not every old client knows of it. */
  readonly canBePinged: boolean;
  /** Milliseconds from here to the client and back; undefined where nothing came back in time. */
  roundTrip(timeoutMs: number): Promise<number | undefined>;
  /** Called every ping interval, where the client can be asked for a sign of life. */
  ping?(now: number): void;
  /** Called now and then: drops a reader that has taken nothing for too long. */
  checkProgress(now: number): void;
}
